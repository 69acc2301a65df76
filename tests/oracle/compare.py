"""Compares the oracle's answer with a candidate folder of the pipeline, row by row and column by column.

``delivery_digest`` of evidence is not compared: the oracle knows rows, not files.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

import pyarrow.parquet as pq

from tests.oracle.run import Cell, Outcome
from tests.oracle.staging import FLAGS, ROW_RULES

COLUMNS = {
    table: names.split()
    for table, names in {
        "decisions": """cycle family_id province_code regency_code district_code village_code welfare_decile
            welfare_rank priority_class previous_status decision primary_reason reasons review new_status payable
            on_work_list quarterly_amount_idr payee_person_id selection_round selection_rank replaces_family_id""",
        "waiting_list": "cycle family_id regency_code position_in_regency",
        "next_list": """family_id status listed_since channel village_code payable payee_person_id
            quarterly_amount_idr""",
        "evidence": "cycle family_id criterion action evidence_date source delivery_digest cleared cleared_by",
    }.items()
}
KEYS = {
    "decisions": ("programme", "family_id"),
    "waiting_list": ("programme", "family_id"),
    "next_list": ("programme", "family_id"),
    "evidence": ("programme", "family_id", "criterion"),
}
NOT_COMPARED = {"delivery_digest"}
ROW_MISSING, ROW_PRESENT = "no such row", "row"


@dataclass(frozen=True)
class Difference:
    """One cell, or one whole row (column ``*``), on which the two disagree."""

    table: str
    key: tuple[Cell, ...]
    column: str
    oracle: object
    pipeline: object

    def __str__(self) -> str:
        """One line for the message of a failing test."""
        key = "/".join(str(part) for part in self.key)
        return f"{self.table} {key} {self.column}: oracle {self.oracle!r}, pipeline {self.pipeline!r}"


def compare(outcome: Outcome, candidate: Path) -> list[Difference]:
    """Every difference between the oracle and ``candidate`` (its data sets as Parquet below ``programme=*``)."""
    return [
        difference
        for table, rows in outcome.tables().items()
        for difference in (*compare_columns(table, candidate), *compare_rows(table, rows, read(candidate / table)))
    ]


def read(folder: Path) -> list[dict[str, Cell]]:
    """All rows of a data set; ``programme`` comes from the path."""
    return [
        {"programme": path.parent.name.removeprefix("programme="), **row}
        for path in sorted(folder.glob("programme=*/*.parquet"))
        for row in pq.ParquetFile(path).read().to_pylist()
    ]


def compare_columns(table: str, candidate: Path) -> list[Difference]:
    """Files whose columns are not exactly the design's, in its order."""
    return [
        Difference(table, (str(path.relative_to(candidate)),), "columns", COLUMNS[table], names)
        for path in sorted((candidate / table).glob("programme=*/*.parquet"))
        if (names := pq.ParquetFile(path).schema_arrow.names) != COLUMNS[table]
    ]


def compare_rows(
    table: str, oracle: Iterable[Mapping[str, Cell]], pipeline: Iterable[Mapping[str, Cell]]
) -> list[Difference]:
    """Differences between two sets of rows, matched by the table's key; a key that comes twice is one."""
    differences: list[Difference] = []
    sides: list[dict[tuple[Cell, ...], Mapping[str, Cell]]] = []
    for name, rows in (("oracle", oracle), ("pipeline", pipeline)):
        by_key: dict[tuple[Cell, ...], Mapping[str, Cell]] = {}
        for row in rows:
            key = tuple(row.get(column) for column in KEYS[table])
            if key in by_key:
                differences.append(
                    Difference(table, key, "*", *("twice" if name == s else "" for s in ("oracle", "pipeline")))
                )
            by_key[key] = row
        sides.append(by_key)
    for key in sorted(sides[0].keys() | sides[1].keys(), key=str):
        ours, theirs = sides[0].get(key), sides[1].get(key)
        if ours is None or theirs is None:
            present = [ROW_MISSING if side is None else side.get("decision", ROW_PRESENT) for side in (ours, theirs)]
            differences.append(Difference(table, key, "*", *present))
            continue
        differences += [
            Difference(table, key, column, ours[column], theirs.get(column))
            for column in ours
            if column not in NOT_COMPARED and not same(ours[column], theirs.get(column))
        ]
    return differences


def same(ours: Cell, theirs: Cell) -> bool:
    """Equal in value and type: True is not 1."""
    return ours == theirs and isinstance(ours, bool) == isinstance(theirs, bool)


def compare_quality(outcome: Outcome, mart: Path) -> list[Difference]:
    """Differences between the oracle's row rules and the mart delivery_quality (a Parquet file).

    A rule that does not apply to a source may be missing from the mart; it then counts as zero.
    """
    rows = [row for row in pq.ParquetFile(mart).read().to_pylist() if row["cycle"] == outcome.rules.cycle]
    found = {(row["source"], row["rule"]): row for row in rows}
    differences = []
    for key, counts in outcome.quality().items():
        row = found.pop(key, None)
        if row is None:
            if counts[2]:
                differences.append(Difference("delivery_quality", key, "rejected", counts[2], ROW_MISSING))
            continue
        differences += [
            Difference("delivery_quality", key, column, count, row[column])
            for column, count in zip(("delivered", "accepted", "rejected"), counts, strict=True)
            if row[column] != count
        ]
    known = set(ROW_RULES + FLAGS)
    differences += [
        Difference("delivery_quality", key, "rule", ROW_MISSING, row["rejected"])
        for key, row in found.items()
        if key[1] not in known or row["rejected"]
    ]
    sources = {source for source, _ in outcome.quality()}
    shown = {row["source"] for row in rows}
    differences += [
        Difference("delivery_quality", (source,), "*", ROW_PRESENT, ROW_MISSING) for source in sources - shown
    ]
    return differences
