"""One registry judged twice, by the models and by the oracle; every difference between the two as a line of text."""

from collections.abc import Iterable
from contextlib import closing

from tests.deliveries import Row
from tests.models import Models, tables
from tests.oracle.compare import compare_rows
from tests.oracle.run import Cell, Outcome, run

Counts = dict[tuple[str, str], tuple[int, int, int]]


def modelled(models: Models, rows: Iterable[Row], cycle: str) -> tuple[dict[str, list[dict[str, Cell]]], Counts]:
    """What the models make of delivered rows: the release's data sets, and delivery_quality by (source, rule)."""
    with closing(models.run(rows, cycle)) as connection:
        counted = connection.execute(
            "select source, rule, delivered, accepted, rejected from marts.delivery_quality"
        ).fetchall()
        return tables(connection), {(source, rule): (d, a, r) for source, rule, d, a, r in counted}


def differences(models: Models, rows: list[Row], cycle: str) -> list[str]:
    """Where models and oracle differ: rows and cells of the four data sets, and counts of delivered and judged rows."""
    outcome = run(rows, cycle)
    data_sets, counts = modelled(models, rows, cycle)
    found = [
        str(difference)
        for table, expected in outcome.tables().items()
        for difference in compare_rows(table, expected, data_sets[table])
    ]
    return found + _quality(outcome, counts)


def _quality(outcome: Outcome, counts: Counts) -> list[str]:
    """A rule that does not apply to a source may be missing from the mart; it then counts as zero."""
    expected = outcome.quality()
    return [
        f"delivery_quality {'/'.join(key)}: oracle {expected.get(key)}, models {counts.get(key)}"
        for key in sorted(expected.keys() | counts.keys())
        if expected.get(key) != counts.get(key) and (key in counts or expected[key][2])
    ]
