"""A regency package as a workbook for people, in memory: cover, work list to fill in, and the other lists.

Every value of a row is written as text, number or date, never as a formula or link; only the cells to fill in are
unlocked. Decides nothing: rows come from families.py, totals from packages.py.
"""

import io
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

import pyarrow as pa
import xlsxwriter
from xlsxwriter.format import Format
from xlsxwriter.worksheet import Worksheet

from orchestration.distribution.columns import MAX_NOTE, RESULTS, SHEETS, WORK_LIST, Column, Sheet

COVER = "Ringkasan - Summary"
MAX_ROWS = 1_000_000
"""Rows on one sheet; the format ends at 1,048,576. The rest goes on a sheet of the same name with a 2, and so on."""
_MAX_TEXT = 1_000
_RISKY = ("=", "+", "-", "@", "\t", "\r")

Totals = Sequence[tuple[str, str, Mapping[str, int]]]
"""What is counted: Indonesian, English, number by programme."""


@dataclass(frozen=True)
class Cover:
    """What the first sheet says.

    Attributes:
        stated: label and value of what the package is; read back when the work list returns.
        notes: sentences, Indonesian and English.
        programmes: heads of the columns of ``totals``.
        earliest, latest: first and last day that a visit may have.
        created: day of the release; the same package has the same bytes.
    """

    title: tuple[str, str]
    stated: Mapping[str, str]
    notes: Sequence[tuple[str, str]]
    programmes: Sequence[str]
    totals: Totals
    earliest: date
    latest: date
    created: datetime


def workbook(cover: Cover, tables: Mapping[str, pa.Table], max_rows: int = MAX_ROWS) -> bytes:
    """The workbook with a sheet per table, ``tables`` by name as SHEETS lists them."""
    content = io.BytesIO()
    options = {"in_memory": True, "strings_to_formulas": False, "strings_to_urls": False, "strings_to_numbers": False}
    with xlsxwriter.Workbook(content, options) as book:
        book.set_properties({"title": cover.title[0], "author": "Mutakhir", "created": cover.created})
        formats = _formats(book)
        _write_cover(book.add_worksheet(COVER), cover, formats)
        for sheet in SHEETS:
            table = tables[sheet.table]
            for nth, start in enumerate(range(0, max(table.num_rows, 1), max_rows), start=1):
                page = book.add_worksheet(sheet_name(sheet, nth))
                _write_sheet(page, sheet, table.slice(start, max_rows), formats, cover)
    return content.getvalue()


def sheet_name(sheet: Sheet, nth: int) -> str:
    """Name of the nth part of a sheet."""
    return sheet.title if nth == 1 else f"{sheet.title} {nth}"


def _formats(book: xlsxwriter.Workbook) -> dict[str, Format]:
    plain = {"font_size": 10, "valign": "top"}
    formats = {
        "title": {"bold": True, "font_size": 15},
        "subtitle": {"font_size": 11, "font_color": "#555555"},
        "label": {"bold": True, **plain},
        "head": {
            "bold": True, "text_wrap": True, "valign": "vcenter", "font_size": 10, "font_color": "#FFFFFF",
            "bg_color": "#1F4E5F", "border": 1, "border_color": "#C9D3D6",
        },
        "head_entered": {
            "bold": True, "text_wrap": True, "valign": "vcenter", "font_size": 10, "bg_color": "#F2C14E", "border": 1,
            "border_color": "#C9D3D6",
        },
        "line": plain,
        "note": {"text_wrap": True, **plain},
        "text": {"text_wrap": True, **plain},
        "quoted": {"quote_prefix": True, "text_wrap": True, **plain},
        "number": {"num_format": "0", **plain},
        "money": {"num_format": "#,##0", **plain},
        "date": {"num_format": "yyyy-mm-dd", "align": "left", **plain},
        "entered": {"locked": False, "bg_color": "#FFF7DC", "border": 1, "border_color": "#D8C48A", **plain},
        "entered_date": {
            "locked": False, "bg_color": "#FFF7DC", "border": 1, "border_color": "#D8C48A", "num_format": "yyyy-mm-dd",
            **plain,
        },
    }  # fmt: skip
    return {name: book.add_format(properties) for name, properties in formats.items()}


def _write_cover(page: Worksheet, cover: Cover, formats: Mapping[str, Format]) -> None:
    page.hide_gridlines(2)
    page.set_column(0, 0, 62)
    page.set_column(1, len(cover.programmes) + 1, 18)
    page.write_string(0, 0, cover.title[0], formats["title"])
    page.write_string(1, 0, cover.title[1], formats["subtitle"])
    row = 3
    for label, value in cover.stated.items():
        page.write_string(row, 0, label, formats["label"])
        page.write_string(row, 1, value, formats["line"])
        row += 1
    row += 1
    page.write_string(row, 0, "Jumlah keluarga\nNumber of families", formats["head"])
    for at, programme in enumerate(cover.programmes, start=1):
        page.write_string(row, at, programme, formats["head"])
    page.set_row(row, 30)
    for name_id, name_en, numbers in cover.totals:
        row += 1
        page.write_string(row, 0, f"{name_id} / {name_en}", formats["line"])
        for at, programme in enumerate(cover.programmes, start=1):
            if programme in numbers:
                page.write_number(row, at, numbers[programme], formats["money"])
    row += 2
    width = 80 + 18 * len(cover.programmes)  # characters on a line
    for name_id, name_en in cover.notes:
        page.merge_range(row, 0, row, len(cover.programmes) + 1, "", formats["note"])
        page.write_string(row, 0, f"{name_id}\n{name_en}", formats["note"])
        page.set_row(row, 14 * (2 + len(name_id) // width + len(name_en) // width) + 6)
        row += 1
    page.protect()
    page.set_paper(9)
    page.fit_to_pages(1, 0)


def _write_sheet(page: Worksheet, sheet: Sheet, table: pa.Table, formats: Mapping[str, Format], cover: Cover) -> None:
    last = max(table.num_rows, 1)
    page.set_default_row(27)  # two lines: what is longer is read in the cell
    page.set_row(0, 45)
    for at, column in enumerate(sheet.columns):
        page.set_column(at, at, column.width)
        page.write_string(0, at, column.heading, formats["head_entered" if column.entered else "head"])
        if column.entered and table.num_rows:
            _make_enterable(page, column, at, table.num_rows, formats, cover)
        elif not column.entered:
            for row, value in enumerate(table[column.name].to_pylist(), start=1):
                _write(page, row, at, column, value, formats)
    page.freeze_panes(1, sheet.frozen)
    page.autofilter(0, 0, last, len(sheet.columns) - 1)
    page.protect("", {"autofilter": True, "sort": True, "format_columns": True, "format_rows": True})
    page.set_landscape()
    page.set_paper(9)
    page.set_margins(left=0.3, right=0.3, top=0.4, bottom=0.4)
    page.repeat_rows(0)
    page.fit_to_pages(1, 0)


def _write(page: Worksheet, row: int, at: int, column: Column, value: Any, formats: Mapping[str, Format]) -> None:
    if value is None:
        return
    if column.kind in ("number", "money"):
        page.write_number(row, at, value, formats[column.kind])
    elif column.kind == "date":
        page.write_datetime(row, at, value, formats["date"])
    elif column.kind == "flag":
        page.write_string(row, at, "Ya / Yes" if value else "Tidak / No", formats["text"])
    else:
        text = column.words.get(str(value), str(value))[:_MAX_TEXT]
        page.write_string(row, at, text, formats["quoted" if text.startswith(_RISKY) else "text"])


def _make_enterable(
    page: Worksheet, column: Column, at: int, rows: int, formats: Mapping[str, Format], cover: Cover
) -> None:
    style = formats["entered_date" if column.kind == "date" else "entered"]
    for row in range(1, rows + 1):
        page.write_blank(row, at, None, style)
    if column.kind == "date":
        rule: dict[str, Any] = {
            "validate": "date",
            "criteria": "between",
            "minimum": cover.earliest,
            "maximum": cover.latest,
            "error_message": f"Tanggal antara / a date from {cover.earliest} to {cover.latest}",
        }
    elif column.name == "result":
        rule = {
            "validate": "list",
            "source": list(RESULTS),
            "error_message": "Pilih dari daftar / choose from the list",
        }
    else:
        rule = {
            "validate": "length",
            "criteria": "<=",
            "value": MAX_NOTE,
            "error_message": f"Paling banyak {MAX_NOTE} huruf / at most {MAX_NOTE} characters",
        }
    page.data_validation(1, at, rows, at, {"error_title": "Mutakhir", **rule})


def work_list_headings() -> list[str]:
    """The first row of a work list, by which a returned sheet is known."""
    return [column.heading for column in WORK_LIST.columns]
