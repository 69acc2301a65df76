"""The oracle decides the golden case as the tables say, which were filled in by reading the rules."""

from collections.abc import Mapping
from datetime import date

import pytest

from tests.golden import loader
from tests.oracle.compare import KEYS
from tests.oracle.run import Cell, Outcome, run


@pytest.fixture(scope="module")
def golden() -> loader.Golden:
    """The tables."""
    return loader.load()


@pytest.fixture(scope="module")
def outcome(golden: loader.Golden) -> Outcome:
    """The oracle's answer."""
    return run(golden.rows(), loader.CYCLE)


def as_text(value: Cell) -> str:
    """A value as the tables write it."""
    if isinstance(value, bool):
        return "yes" if value else "no"
    return "" if value is None else value.isoformat() if isinstance(value, date) else str(value)


def by_key(table: str, rows: list[Mapping[str, Cell]]) -> dict[tuple[str, ...], dict[str, str]]:
    """Rows as text, by key; a key must not come twice."""
    found = {}
    for row in rows:
        text = {name: as_text(value) for name, value in row.items()}
        key = tuple(text[name] for name in KEYS[table])
        assert key not in found, f"{table} has {key} twice"
        found[key] = text
    return found


@pytest.mark.parametrize("table", KEYS)
def test_every_expected_row(table: str, golden: loader.Golden, outcome: Outcome) -> None:
    """Each row of an expected table is there, equal in the columns that the table has."""
    actual = by_key(table, list(outcome.tables()[table]))
    expected = by_key(table, list(golden.expected[table]))
    for key, row in expected.items():
        seen = {name: actual.get(key, {}).get(name, "no such row") for name in row if name != "why"}
        assert seen == {name: value for name, value in row.items() if name != "why"}


def test_nothing_unexpected(golden: loader.Golden, outcome: Outcome) -> None:
    """Every decision, waiting family, and cleared piece of evidence is in an expected table."""
    tables = outcome.tables()
    cleared = [row for row in tables["evidence"] if row["cleared"]]
    for table, rows in (
        ("decisions", tables["decisions"]),
        ("waiting_list", tables["waiting_list"]),
        ("evidence", cleared),
    ):
        assert by_key(table, list(rows)).keys() <= by_key(table, list(golden.expected[table])).keys()


def test_rejected_and_flagged_rows(golden: loader.Golden, outcome: Outcome) -> None:
    """Exactly the rejections and flags of the tables, and no row lost."""
    expected: dict[tuple[str, str], int] = {}
    for row in golden.expected["quality"]:
        key = row["source"], row["rule"]
        expected[key] = expected.get(key, 0) + int(row["rejected"])
    assert {key: counts[2] for key, counts in outcome.quality().items() if counts[2]} == expected
    for (source, _), (delivered, _, _) in outcome.quality().items():
        assert delivered == len(golden.deliveries[loader.CYCLE][source])


def test_places_of_the_replacement_page(outcome: Outcome) -> None:
    """The table of quotas in 6-replacement.md counts what was decided."""
    rows = [row for row in outcome.decided if row.programme == "SEMBAKO" and row.listed]
    listed = {area: sum(row.regency == area for row in rows) for area in ("3301", "3302", "3401", "3471", None)}
    occupied = {area: sum(row.regency == area and row.occupies for row in rows) for area in listed}
    assert listed == {"3301": 14, "3302": 31, "3401": 14, "3471": 4, None: 2}
    assert occupied == {"3301": 7, "3302": 26, "3401": 14, "3471": 3, None: 2}
