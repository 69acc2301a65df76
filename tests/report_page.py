"""The figures that a cycle report states, read back from its HTML, and what marts and manifest say of the same.

Shares no code with the report: a figure is found by what its element says of itself (``data-of``, ``data-column``,
``data-programme`` ...), which it inherits from the elements around it, and in a table from the heading of its column.
"""

import re
from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass, field
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq

Row = dict[str, Any]
_VOID = {"meta", "br", "input", "link", "img", "hr", "path", "rect", "line", "circle", "polyline"}
_KEYS = ("programme", "criterion", "action", "decile", "source", "rule", "gate")


@dataclass
class Figure:
    """A figure of the page: what it is of, its value as a machine reads it, the text that people read."""

    about: dict[str, str]
    value: float | None
    lang: str
    text: str = ""


@dataclass
class _Open:
    tag: str
    own: dict[str, str]
    figure: Figure | None = None


@dataclass
class Page(HTMLParser):
    """Every figure of a report, and every element with data attributes that has none."""

    figures: list[Figure] = field(default_factory=list)
    elements: list[dict[str, str]] = field(default_factory=list)

    def __post_init__(self) -> None:
        super().__init__()
        self._open: list[_Open] = []
        self._heads: list[dict[str, str]] = []
        self._cell = 0

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        own = {name.removeprefix("data-"): value or "" for name, value in attrs if name.startswith("data-")}
        own |= {name: value or "" for name, value in attrs if name == "lang"}
        if tag == "table":
            self._heads = []
        elif tag == "tr":
            self._cell = 0
        elif tag in ("th", "td"):
            if any(opened.tag == "thead" for opened in self._open):
                self._heads.append(own)
            elif self._cell < len(self._heads):
                own = self._heads[self._cell] | own
            self._cell += 1
        about: dict[str, str] = {}
        for opened in self._open:
            about |= opened.own
        about |= own
        self.elements.append(about)
        figure = None
        if "value" in own:
            value = about.pop("value")
            figure = Figure(about, float(value) if value else None, about.get("lang", ""))
            self.figures.append(figure)
        if tag not in _VOID:
            self._open.append(_Open(tag, {name: text for name, text in own.items() if name != "value"}, figure))

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.handle_starttag(tag, attrs)
        if tag not in _VOID:
            self._open.pop()

    def handle_endtag(self, tag: str) -> None:
        assert self._open[-1].tag == tag, f"</{tag}> closes <{self._open[-1].tag}>"
        self._open.pop()

    def handle_data(self, data: str) -> None:
        for opened in self._open:
            if opened.figure:
                opened.figure.text += data


def read_page(path: Path) -> Page:
    """The report in a file."""
    page = Page()
    page.feed(path.read_text(encoding="utf-8"))
    page.close()
    return page


def written(figure: Figure) -> float | None:
    """What the text of a plain count says, by the figure's language; None when it is no plain count."""
    text = figure.text.strip()
    thousands, decimal = (".", ",") if figure.lang == "id" else (",", ".")
    if not re.fullmatch(r"(Rp)?[0-9.,]+%?", text):
        return None
    number = float(text.removeprefix("Rp").removesuffix("%").replace(thousands, "").replace(decimal, "."))
    return number / 100 if text.endswith("%") else number


def marts_of(folder: Path) -> Callable[[str], list[Row]]:
    """Rows of a mart of the release or candidate in the folder, read once."""
    read: dict[str, list[Row]] = {}

    def rows(mart: str) -> list[Row]:
        if mart not in read:
            read[mart] = pq.read_table(folder / "marts" / f"{mart}.parquet").to_pylist()
        return read[mart]

    return rows


class Marts:
    """Sums over the rows of marts that a figure is of."""

    def __init__(self, folder: Path) -> None:
        self._rows = marts_of(folder)
        self._by_area: dict[str, dict[str, list[Row]]] = {}
        self._in_force = {row["programme"] for row in self._rows("dim_programme") if row["in_force"]}

    def __call__(self, about: dict[str, str]) -> float | None:
        """The value that the marts have for it; None: none, or nothing to divide by."""
        rows = self._of(about)
        if about.get("same"):
            assert len({row[about["column"]] for row in rows}) == 1
            rows = rows[:1]
        if len(rows) == 1 and rows[0].get(about["column"], 0) is None:
            return None
        part = self._sum(rows, about["column"])
        if "whole" not in about:
            return part
        whole = self._sum(rows, about["whole"])
        return part / whole if whole else None

    def _of(self, about: dict[str, str]) -> list[Row]:
        mart = about["of"]
        if mart not in self._by_area:
            grouped: dict[str, list[Row]] = defaultdict(list)
            for row in self._rows(mart):
                grouped[row.get("area_code") or row.get("regency_code") or ""].append(row)
            self._by_area[mart] = grouped
        areas = self._by_area[mart]
        rows = areas[about["area"]] if "area" in about else [row for group in areas.values() for row in group]
        assert rows, about
        for key in _KEYS:
            if key in about and key in ("rule",) and about[key] == "rules":
                rows = [row for row in rows if not row["rule"].startswith("flag_")]
            elif key == "decile" and key in about:
                rows = [row for row in rows if str(row["welfare_decile"] or "none") == about[key]]
            elif key in about:
                rows = [row for row in rows if row[key] == about[key]]
        if about.get("force"):
            rows = [row for row in rows if row["programme"] in self._in_force]
        return rows

    @staticmethod
    def _sum(rows: list[Row], columns: str) -> float:
        return float(sum(row[column] or 0 for row in rows for column in columns.split("+")))
