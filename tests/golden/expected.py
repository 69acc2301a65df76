"""The expected tables of the golden case against what was decided, by the oracle, the models or the whole pipeline."""

from collections.abc import Iterable, Mapping
from datetime import date

from tests.golden.loader import CYCLE, Golden
from tests.oracle.compare import KEYS
from tests.oracle.run import Cell

COMPLETE = ("decisions", "waiting_list")
"""Tables of which every row is expected; of the evidence every cleared one, of the rest only telling rows."""

Counts = Mapping[tuple[str, str], tuple[int, int, int]]
"""Delivered, accepted and rejected rows by (source, rule)."""


def as_text(value: Cell) -> str:
    """A value as the tables write it."""
    if isinstance(value, bool):
        return "yes" if value else "no"
    return "" if value is None else value.isoformat() if isinstance(value, date) else str(value)


def by_key(table: str, rows: Iterable[Mapping[str, Cell]]) -> dict[tuple[str, ...], dict[str, str]]:
    """Rows as text, by key; a key must not come twice."""
    found = {}
    for row in rows:
        text = {name: as_text(value) for name, value in row.items()}
        key = tuple(text[name] for name in KEYS[table])
        assert key not in found, f"{table} has {key} twice"
        found[key] = text
    return found


def differences(golden: Golden, table: str, rows: Iterable[Mapping[str, Cell]]) -> list[str]:
    """Expected rows that are not there or differ in a column that the table has, and rows that nobody expects."""
    actual, expected = by_key(table, rows), by_key(table, golden.expected[table])
    found = [
        f"{table} {'/'.join(key)} {name}: expected {value!r}, found {actual.get(key, {}).get(name, 'no such row')!r}"
        for key, row in expected.items()
        for name, value in row.items()
        if name != "why" and actual.get(key, {}).get(name, "no such row") != value
    ]
    must_be_expected = {key for key, row in actual.items() if table in COMPLETE or row.get("cleared") == "yes"}
    return found + [f"{table} {'/'.join(key)} is not expected" for key in sorted(must_be_expected - expected.keys())]


def quality_differences(golden: Golden, counts: Counts) -> list[str]:
    """Rejections and flags that are not those of the tables, and sources that lost or gained rows."""
    expected: dict[tuple[str, str], int] = {}
    for row in golden.expected["quality"]:
        key = row["source"], row["rule"]
        expected[key] = expected.get(key, 0) + int(row["rejected"])
    found = {key: rejected for key, (_, _, rejected) in counts.items() if rejected}
    wrong = [
        f"{'/'.join(key)}: expected {expected.get(key, 0)} rejected or flagged, found {found.get(key, 0)}"
        for key in sorted(expected.keys() | found.keys())
        if expected.get(key, 0) != found.get(key, 0)
    ]
    lost = {
        source: (rows, delivered)
        for (source, _), (delivered, _, _) in counts.items()
        if delivered != (rows := len(golden.deliveries[CYCLE][source]))
    }
    return wrong + [f"{source}: {rows} rows are delivered, counted are {n}" for source, (rows, n) in lost.items()]
