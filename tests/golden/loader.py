"""Turns the tables of the golden case into rows per cycle and source, and into what is expected of them.

The conventions (defaults, places, ``of <person>``) are explained in README.md beside this file.
"""

import re
from collections import defaultdict
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path

from tests.deliveries import Row, as_delivered, write_landing
from tests.oracle.contract import SOURCES

CYCLE = "2026-01"
FOLDER = Path(__file__).parent

Table = list[dict[str, str]]


@dataclass
class Golden:
    """The golden case: delivered rows (agencies' names) by cycle and source, and expected tables by name."""

    deliveries: dict[str, dict[str, list[dict[str, str | None]]]] = field(default_factory=dict)
    expected: dict[str, Table] = field(default_factory=dict)

    def rows(self) -> list[Row]:
        """As the oracle reads them."""
        return [
            row
            for cycle, sources in self.deliveries.items()
            for source, rows in sources.items()
            for row in as_delivered(source, cycle, rows)
        ]

    def write(self, lake: Path, fmt: str = "csv") -> None:
        """As the pipeline reads them: a landing folder below ``lake``."""
        for cycle, sources in self.deliveries.items():
            write_landing(sources, lake, cycle, fmt)


def load() -> Golden:
    """Read every table of the folder."""
    tables = read_tables(FOLDER)
    families, persons = tables["dtsen_keluarga"], tables["dtsen_individu"]
    defaults: dict[str, dict[str, str]] = defaultdict(dict)
    for row in tables["defaults"]:
        defaults[row["source"]][row["column"]] = row["value"]
    places = {row["place"]: row["village_code"] for row in tables["places"]}
    with_members = {row["family_id"] for row in persons}
    for family in families:
        family["village_code"] = places[family["place"]]
        for programme in filter(None, family.get("listed", "").split(",")):
            tables["kemensos_penerima"].append({"family_id": family["family_id"], "programme": programme})
        if family["family_id"] not in with_members and family.get("members") != "none":
            persons.append({"person_id": f"{family['family_id']}-1", "family_id": family["family_id"]})
            with_members.add(family["family_id"])
    for source in SOURCES:
        tables[source] = [_with_defaults(row, defaults[source]) for row in tables[source]]
    _give_niks(tables)
    golden = Golden(expected={name.removeprefix("expected "): tables[name] for name in tables if "expected" in name})
    golden.deliveries[CYCLE] = {source: [] for source in SOURCES}
    for source, contract in SOURCES.items():
        agency = {column.canonical: column.name for column in contract.columns}
        for row in tables[source]:
            cycle = row.get("delivered") or CYCLE
            values = {agency[name]: value or None for name, value in row.items() if name in agency}
            golden.deliveries.setdefault(cycle, {}).setdefault(source, []).append(values)
    return golden


def read_tables(folder: Path) -> dict[str, Table]:
    """All pipe tables below ``###`` headings, by heading; tables of the same heading add up."""
    tables: dict[str, Table] = defaultdict(list)
    for path in sorted(folder.glob("*.md")):
        name, header = "", list[str]()
        for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), start=1):
            if not line.startswith("|"):
                name = line.removeprefix("###").strip() if line.startswith("###") else name if not line else ""
                header = []
            elif name and not re.fullmatch("[|:-]+", line):
                cells = [cell.strip() for cell in line.strip().strip("|").split("|")]
                if not header:
                    header = cells
                elif len(cells) != len(header):
                    raise ValueError(f"{path.name} line {number}: {len(cells)} cells, not {len(header)}")
                else:
                    tables[name].append(dict(zip(header, cells, strict=True)))
    return tables


def _with_defaults(row: dict[str, str], defaults: dict[str, str]) -> dict[str, str]:
    """Blank cells take the default; ``-`` is empty."""
    given = {name: value for name, value in row.items() if value}
    return {name: "" if value == "-" else value for name, value in {**defaults, **given}.items()}


def _give_niks(tables: dict[str, Table]) -> None:
    """Default NIK of the persons, then ``of <person>`` everywhere."""
    niks = {}
    for serial, person in enumerate(tables["dtsen_individu"], start=1):
        if "nik" not in person:
            person["nik"] = default_nik(serial, person["birth_date"], person["sex"])
        niks[f"of {person['person_id']}"] = person["nik"]
    for source in ("dtsen_individu", "register_pengecualian", "dukcapil_peristiwa"):
        for row in tables[source]:
            if row["nik"].startswith("of "):
                row["nik"] = niks[row["nik"]]


def default_nik(serial: int, birth_date: str, sex: str) -> str:
    """A well-formed NIK of district 330101 that agrees with birth date (YYYY-MM-DD) and sex."""
    born = date.fromisoformat(birth_date)
    day = born.day + (40 if sex == "P" else 0)
    return f"330101{day:02d}{born.month:02d}{born.year % 100:02d}{serial:04d}"
