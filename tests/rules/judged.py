"""One registry judged twice, by the models and by the oracle; every difference between the two as a line of text."""

from collections.abc import Iterable
from contextlib import closing

from orchestration.contracts.code_lists import areas
from tests.deliveries import Row
from tests.models import Models, tables
from tests.oracle.accuracy import Measures
from tests.oracle.compare import compare_rows
from tests.oracle.run import Cell, Outcome, run

Counts = dict[tuple[str, str], tuple[int, int, int]]


def modelled(models: Models, rows: Iterable[Row], cycle: str) -> tuple[dict[str, list[dict[str, Cell]]], Counts]:
    """What the models make of delivered rows: the release's data sets, and delivery_quality by (source, rule).

    Among the data sets the mart targeting_accuracy.
    """
    with closing(models.run(rows, cycle)) as connection:
        counted = connection.execute(
            "select source, rule, delivered, accepted, rejected from marts.delivery_quality"
        ).fetchall()
        accuracy = connection.execute("from marts.targeting_accuracy").to_arrow_table().to_pylist()
        data_sets = {**tables(connection), "targeting_accuracy": accuracy}
        return data_sets, {(source, rule): (d, a, r) for source, rule, d, a, r in counted}


def differences(models: Models, rows: list[Row], cycle: str) -> list[str]:
    """Where models and oracle differ: the four data sets, targeting_accuracy, counts of delivered and judged rows."""
    outcome = run(rows, cycle)
    data_sets, counts = modelled(models, rows, cycle)
    found = [
        str(difference)
        for table, expected in outcome.tables().items()
        for difference in compare_rows(table, expected, data_sets[table])
    ]
    return found + _accuracy(outcome, data_sets["targeting_accuracy"]) + _quality(outcome, counts)


def _accuracy(outcome: Outcome, rows: list[dict[str, Cell]]) -> list[str]:
    """An area that nobody lives in has a row of zeros and nulls."""
    expected = outcome.accuracy()
    shown = {(str(row["programme"]), str(row["area_code"])) for row in rows}
    missing = [key for key in expected if key not in shown and (key[1] == "ID" or key[1] in areas())]
    return [f"targeting_accuracy {'/'.join(key)}: no such row" for key in missing] + [
        f"targeting_accuracy {row['programme']}/{row['area_code']} {column}: oracle {measure}, models {row[column]}"
        for row in rows
        for column, measure in (expected.get((str(row["programme"]), str(row["area_code"]))) or _of_nobody(row)).items()
        if row[column] != measure
    ]


def _of_nobody(row: dict[str, Cell]) -> Measures:
    counts = ("listed", "undecided", "intended_listed", "not_intended_listed", "intended")
    keys = ("cycle", "programme", "area_level", "area_code", "reference")
    return {column: 0 if column in counts else None for column in row if column not in keys}


def _quality(outcome: Outcome, counts: Counts) -> list[str]:
    """A rule that does not apply to a source may be missing from the mart; it then counts as zero."""
    expected = outcome.quality()
    return [
        f"delivery_quality {'/'.join(key)}: oracle {expected.get(key)}, models {counts.get(key)}"
        for key in sorted(expected.keys() | counts.keys())
        if expected.get(key) != counts.get(key) and (key in counts or expected[key][2])
    ]
