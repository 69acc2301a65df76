"""The verdict: at, below and above each limit, and closed against all that is missing, unknown or in error."""

import math
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from orchestration.gates.verdict import GateEvidence, GateLimit, GateResult, evaluate

RATE = GateLimit(
    gate="hold_rate",
    tool="gx",
    measure="held / listed families",
    unit="share",
    lower=None,
    upper=0.10,
    severity="block",
    without_reference=None,
    advice="Look up the reasons.",
)
DRIFT = replace(RATE, gate="family_count_drift", lower=-0.02, upper=0.02, without_reference="warn")
COUNT = replace(RATE, gate="conservation", tool="dbt", unit="count", upper=0.0)
HELD = GateEvidence("hold_rate", 0.05, True, "31")


def judged(limit: GateLimit, evidence: GateEvidence) -> GateResult:
    (result,) = evaluate([evidence], [limit]).results
    return result


@pytest.mark.parametrize(
    ("lower", "upper", "value", "passed"),
    [
        (None, 0.10, 0.10, True),
        (None, 0.10, 0.100000001, False),
        (None, 0.10, -5.0, True),
        (0.95, None, 0.95, True),
        (0.95, None, 0.949999999, False),
        (0.95, None, 2.0, True),
        (-0.02, 0.02, -0.02, True),
        (-0.02, 0.02, 0.02, True),
        (-0.02, 0.02, -0.020000001, False),
        (-0.02, 0.02, 0.020000001, False),
        (None, 0.0, 0.0, True),
        (None, 0.0, 1.0, False),
        (0.0, None, -1.0, False),
        (None, None, 0.0, False),
    ],
)
def test_bounds_are_included(lower: float | None, upper: float | None, value: float, passed: bool) -> None:
    limit = replace(RATE, lower=lower, upper=upper)
    assert judged(limit, replace(HELD, value=value)).passed is passed


@given(
    st.floats(-1, 1),
    st.floats(0, 1),
    st.floats(allow_nan=True, allow_infinity=True),
    st.sampled_from([True, False, None]),
)
def test_a_gate_passes_only_within_both_bounds_and_with_its_tools(
    lower: float, width: float, value: float, said: bool | None
) -> None:
    limit = replace(RATE, lower=lower, upper=lower + width)
    result = judged(limit, replace(HELD, value=value, tool_passed=said))
    assert result.passed is (math.isfinite(value) and lower <= value <= lower + width and said is True)


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"value": None}, "has no value"),
        ({"value": math.nan}, "has no value"),
        ({"value": -math.inf}, "has no value"),
        ({"error": "gx: the engine stopped"}, "could not be judged: gx: the engine stopped"),
        ({"tool_passed": None}, "was not judged by all of its tools (gx)"),
        ({"tool_passed": False}, "was failed by gx, although its value 5 % is within the limits"),
    ],
)
def test_a_gate_fails_closed(change: dict[str, object], said: str) -> None:
    result = judged(RATE, replace(HELD, **change))  # type: ignore[arg-type]
    assert not result.passed
    assert f"hold_rate {said}" in result.message
    assert not evaluate([replace(HELD, **change)], [RATE]).passed  # type: ignore[arg-type]


def test_a_limit_without_evidence_fails() -> None:
    verdict = evaluate([], [RATE])
    assert not verdict.passed
    assert verdict.results[0].value is None
    assert "has no evidence" in verdict.results[0].message


def test_evidence_without_a_limit_fails() -> None:
    verdict = evaluate([HELD, GateEvidence("hold_rat", 0.0, True)], [RATE])
    assert not verdict.passed
    assert [(result.gate, result.severity) for result in verdict.blocking] == [("hold_rat", "block")]
    assert "has no limit in force" in verdict.blocking[0].message


def test_evidence_or_a_limit_that_is_there_twice_fails() -> None:
    assert "has evidence 2 times" in evaluate([HELD, HELD], [RATE]).results[0].message
    assert not evaluate([HELD, HELD], [RATE]).passed
    twice = evaluate([HELD], [RATE, replace(RATE, upper=0.5)])
    assert not twice.passed
    assert all("has 2 limits in force" in result.message for result in twice.results)


def test_nothing_passes_without_limits() -> None:
    assert not evaluate([], []).passed


def test_a_warning_is_shown_and_does_not_block() -> None:
    warned = replace(RATE, gate="list_drift", severity="warn")
    verdict = evaluate([HELD, GateEvidence("list_drift", 0.2, False)], [RATE, warned])
    assert verdict.passed
    assert verdict.blocking == ()
    assert [(result.gate, result.passed) for result in verdict.results] == [("hold_rate", True), ("list_drift", False)]


def test_one_blocking_gate_blocks() -> None:
    verdict = evaluate([HELD, GateEvidence("conservation", 1.0, False, "families PKH")], [RATE, COUNT])
    assert not verdict.passed
    assert [result.gate for result in verdict.blocking] == ["conservation"]


def test_drift_without_a_release_before_warns() -> None:
    result = judged(DRIFT, GateEvidence("family_count_drift", 0.0, True, has_reference=False))
    assert (result.passed, result.severity) == (False, "warn")
    assert "nothing to compare with" in result.message


def test_drift_with_a_release_before_blocks() -> None:
    result = judged(DRIFT, GateEvidence("family_count_drift", 0.03, False))
    assert (result.passed, result.severity) == (False, "block")


def test_an_error_is_not_excused_by_a_missing_release() -> None:
    result = judged(DRIFT, GateEvidence("family_count_drift", None, None, error="gx: no column", has_reference=False))
    assert (result.passed, result.severity) == (False, "block")


def test_a_gate_that_asks_for_no_reference_is_judged_without_one() -> None:
    assert judged(RATE, replace(HELD, has_reference=False)).passed


def test_a_message_says_what_by_how_much_where_and_what_to_do() -> None:
    high = judged(RATE, replace(HELD, value=0.1234, tool_passed=False))
    assert high.message == (
        "hold_rate is 12.34 %, 2.34 points above the upper limit of 10 %, worst in 31 (held / listed families). "
        "Look up the reasons."
    )
    low = judged(DRIFT, GateEvidence("family_count_drift", -0.05, False))
    assert "is -5 %, 3 points below the lower limit of -2 % (" in low.message
    assert "is 10.00001 %, 0.00001 points above" in judged(RATE, replace(HELD, value=0.1000001)).message
    count = judged(COUNT, GateEvidence("conservation", 1200.0, False, "families PKH"))
    assert "is 1,200, 1,200 above the upper limit of 0, worst in families PKH" in count.message
    assert judged(RATE, HELD).message == "hold_rate is 5 %, within its limits."
