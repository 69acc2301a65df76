"""Somebody reads the BI file all the time, while cycles are blocked, refused, killed, run and published."""

import pytest

from tests.pipeline.reader import BiReader
from tests.pipeline.story import DECEMBER, NOVEMBER, Blocked, Recovered, Refused

pytestmark = pytest.mark.pipeline


def test_a_reader_meets_no_error_and_never_half_a_release(
    reader: BiReader, blocked: Blocked, refused: Refused, recovered: Recovered
) -> None:
    """First November, then November and December in all tables at once, and nothing in between or other."""
    reader.stop()
    assert reader.errors == ""
    assert reader.reads > 100
    assert len(reader.later) == 1
    assert len({dict(seen)["content of November"] for seen in (reader.first, *reader.later)}) == 1
    for seen, cycles in ((reader.first, (NOVEMBER,)), (reader.later[0], (NOVEMBER, DECEMBER))):
        shown = dict(seen)
        shown.pop("content of November")
        assert shown.pop("releases") == tuple(f"{cycle}/r01" for cycle in cycles)
        assert {"cycle_funnel", "gate_results", "dim_cycle"} <= shown.keys()
        assert shown.pop("list_drift") == cycles[1:]  # the first release has none before it to be compared with
        assert {mart: found for mart, found in shown.items() if found != cycles} == {}
