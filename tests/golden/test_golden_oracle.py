"""The oracle decides the golden case as the tables say, which were filled in by reading the rules."""

import pytest

from tests.golden import expected, loader
from tests.oracle.compare import KEYS
from tests.oracle.run import Outcome, run


@pytest.fixture(scope="module")
def golden() -> loader.Golden:
    """The tables."""
    return loader.load()


@pytest.fixture(scope="module")
def outcome(golden: loader.Golden) -> Outcome:
    """The oracle's answer."""
    return run(golden.rows(), loader.CYCLE)


@pytest.mark.parametrize("table", KEYS)
def test_every_row_is_as_expected(table: str, golden: loader.Golden, outcome: Outcome) -> None:
    """Each row of an expected table is there, equal in the columns that it has, and nothing else was decided."""
    assert not expected.differences(golden, table, outcome.tables()[table])


def test_rejected_and_flagged_rows(golden: loader.Golden, outcome: Outcome) -> None:
    """Exactly the rejections and flags of the tables, and no row lost."""
    assert not expected.quality_differences(golden, outcome.quality())


def test_places_of_the_replacement_page(outcome: Outcome) -> None:
    """The table of quotas in 6-replacement.md counts what was decided."""
    rows = [row for row in outcome.decided if row.programme == "SEMBAKO" and row.listed]
    listed = {area: sum(row.regency == area for row in rows) for area in ("3301", "3302", "3401", "3471", None)}
    occupied = {area: sum(row.regency == area and row.occupies for row in rows) for area in listed}
    assert listed == {"3301": 14, "3302": 31, "3401": 14, "3471": 4, None: 2}
    assert occupied == {"3301": 7, "3302": 26, "3401": 14, "3471": 3, None: 2}
