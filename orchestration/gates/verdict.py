"""The verdict over a cycle: every gate's evidence against its limit. Pure: reads nothing, writes nothing.

The gates run it once the candidate is written, publishing runs it again. It fails closed: whatever is missing, unknown,
twice there or in error is a failed gate.
"""

import math
from collections import Counter, defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

Severity = Literal["block", "warn"]
Unit = Literal["share", "count"]


@dataclass(frozen=True)
class GateLimit:
    """The limit of a gate in one cycle, a row of seeds/gate_limits.csv.

    Attributes:
        tool: who judges, joined by ``+``: ingest, pandera, dbt, gx.
        measure: what is judged, in words.
        lower, upper: bounds, both included; None is unbounded.
        severity: ``block`` keeps the cycle from being published, ``warn`` is shown.
        without_reference: severity while there is no earlier cycle to compare with, when the gate fails for want of it;
            None judges the value as it is.
        advice: one sentence, what to do when the gate fails.
    """

    gate: str
    tool: str
    measure: str
    unit: Unit
    lower: float | None
    upper: float | None
    severity: Severity
    without_reference: Severity | None
    advice: str


@dataclass(frozen=True)
class GateEvidence:
    """What was found out about a gate in one cycle.

    Attributes:
        value: the measured share or count; None when it could not be measured.
        tool_passed: what the gate's tools themselves said; None when one of them said nothing.
        worst: area, source, programme, decile, column or test names where it is worst; never a family or person.
        error: why a tool could not judge; empty when it could.
        has_reference: False when there is no earlier cycle to compare with.
    """

    gate: str
    value: float | None
    tool_passed: bool | None
    worst: str = ""
    error: str = ""
    has_reference: bool = True


@dataclass(frozen=True)
class GateResult:
    """One gate judged; ``message`` says what failed, by how much, where it is worst, what to do; or that it passed."""

    gate: str
    tool: str
    value: float | None
    lower: float | None
    upper: float | None
    severity: Severity
    passed: bool
    worst: str
    message: str


@dataclass(frozen=True)
class Verdict:
    """All gates of a cycle, in order of the limits; ``passed`` unless a blocking one failed."""

    results: tuple[GateResult, ...]
    passed: bool

    @property
    def blocking(self) -> tuple[GateResult, ...]:
        """The failed gates that keep the cycle from being published."""
        return tuple(result for result in self.results if not result.passed and result.severity == "block")


def evaluate(evidence: Iterable[GateEvidence], limits: Iterable[GateLimit]) -> Verdict:
    """Judge every gate that has a limit or evidence. Without any limit nothing passes."""
    found: dict[str, list[GateEvidence]] = defaultdict(list)
    for row in evidence:
        found[row.gate].append(row)
    rules = list(limits)
    times = Counter(limit.gate for limit in rules)
    results = [_judge(limit, found.get(limit.gate, []), times[limit.gate]) for limit in rules]
    results += [_unknown(rows[0]) for gate, rows in found.items() if gate not in times]
    blocked = any(not result.passed and result.severity == "block" for result in results)
    return Verdict(tuple(results), bool(rules) and not blocked)


def _judge(limit: GateLimit, rows: list[GateEvidence], limits: int) -> GateResult:
    evidence = rows[0] if len(rows) == 1 else GateEvidence(limit.gate, None, None)
    severity = limit.severity
    if limits > 1:
        failure = f"has {limits} limits in force"
    elif len(rows) != 1:
        failure = f"has evidence {len(rows)} times" if rows else "has no evidence"
    elif limit.without_reference and not evidence.has_reference and not evidence.error:
        severity = limit.without_reference
        failure = "has nothing to compare with: there is no released cycle before this one"
    else:
        failure = _failure(limit, evidence)
    return GateResult(
        gate=limit.gate,
        tool=limit.tool,
        value=evidence.value,
        lower=limit.lower,
        upper=limit.upper,
        severity=severity,
        passed=not failure,
        worst=evidence.worst,
        message=_message(limit, evidence, failure),
    )


def _failure(limit: GateLimit, evidence: GateEvidence) -> str:
    """What is wrong with the gate, as the rest of a sentence that begins with its name; empty when nothing is."""
    value = evidence.value
    if evidence.error:
        return f"could not be judged: {evidence.error}"
    if value is None or not math.isfinite(value):
        return "has no value"
    if limit.lower is None and limit.upper is None:
        return "has a limit without bounds"
    for bound, excess, side in (
        (limit.lower, (limit.lower or 0) - value, "below the lower"),
        (limit.upper, value - (limit.upper or 0), "above the upper"),
    ):
        # not (x <= y), so that whatever cannot be compared fails
        if bound is not None and not excess <= 0:
            measured, allowed = _shown(value, limit.unit), _shown(bound, limit.unit)
            return f"is {measured}, {_shown(excess, limit.unit, difference=True)} {side} limit of {allowed}"
    if evidence.tool_passed is None:
        return f"was not judged by all of its tools ({limit.tool})"
    if not evidence.tool_passed:
        return f"was failed by {limit.tool}, although its value {_shown(value, limit.unit)} is within the limits"
    return ""


def _unknown(evidence: GateEvidence) -> GateResult:
    """Evidence of a gate that no limit in force knows: somebody removed or misspelt the limit."""
    message = f"{evidence.gate} has no limit in force. Add a dated row to seeds/gate_limits.csv."
    return GateResult(evidence.gate, "", evidence.value, None, None, "block", False, evidence.worst, message)


def _message(limit: GateLimit, evidence: GateEvidence, failure: str) -> str:
    if not failure:
        return f"{limit.gate} is {_shown(evidence.value or 0.0, limit.unit)}, within its limits."
    where = f", worst in {evidence.worst}" if evidence.worst else ""
    return f"{limit.gate} {failure}{where} ({limit.measure}). {limit.advice}"


def _shown(value: float, unit: Unit, *, difference: bool = False) -> str:
    """A count as it is, a share in per cent (a difference in points), as exact as it was measured."""
    if unit == "count":
        return f"{value:,.10g}"
    return f"{value * 100:.7f}".rstrip("0").rstrip(".") + (" points" if difference else " %")
