"""What the cycle report shows, gathered from an edition: rows of its marts, put in order, and what follows from them.

Words, formats and pictures come later (page.py); a figure that is not in a mart, a manifest or the difference to the
release before is a sum or a share of such.
"""

import json
from collections import defaultdict
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

from orchestration.candidate.manifest import GATE_EVIDENCE, GateResult, Policy, Signoff
from orchestration.candidate.statement import canonical_json
from orchestration.gates.limits import limits_in_force
from orchestration.publish.approvers import ApproversInvalid, read_approvers
from orchestration.publish.difference import Difference, difference
from orchestration.publish.release import changes
from orchestration.publish.signoff import counted
from orchestration.released import current_release, newest_release_before
from orchestration.report.attention import SHOWN, Regency, ranked
from orchestration.report.editions import Edition, Row, by, edition, released_before
from orchestration.settings import Settings

NATION = "ID"


@dataclass(frozen=True)
class Gate:
    """A judged gate, how its values are written, where it is worst, and its values in the cycles before and this."""

    result: GateResult
    unit: str
    worst: str
    has_reference: bool
    history: list[tuple[str, float | None, bool]]


@dataclass(frozen=True)
class Signatures:
    """Who signed in each role; ``as_of`` for a candidate, whose signatures may still come; None: not to be read."""

    policy: Policy
    signed: dict[str, list[Signoff]]
    as_of: datetime | None

    @property
    def missing(self) -> list[str]:
        """Roles in which nobody signed."""
        return [role for role in self.policy.roles if not self.signed.get(role)]


@dataclass(frozen=True)
class Content:
    """Everything on the page. Marts by area are keyed by programme and area code; lists are in the order shown."""

    edition: Edition
    cycle: Row
    programmes: list[Row]
    areas: dict[str, Row]
    criteria: dict[str, Row]
    funnel: dict[str, dict[str, Row]]
    reasons: dict[str, list[Row]]
    coverage: dict[str, list[Row]]
    quality: dict[str, list[Row]]
    drift: list[Row]
    verification: list[Row]
    accuracy: list[Row]
    gates: list[Gate]
    difference: Difference | None
    attention: list[Regency]
    leading: dict[str, tuple[str, int]]
    signatures: Signatures | None

    @property
    def in_force(self) -> list[str]:
        """The programmes that make decisions in the cycle."""
        return [row["programme"] for row in self.programmes if row["in_force"]]

    def provinces(self) -> list[str]:
        """Codes of the provinces, in order."""
        return sorted(code for code, row in self.areas.items() if row["area_level"] == "province")

    def regencies(self) -> list[str]:
        """Codes of the regencies, in order."""
        return sorted(code for code, row in self.areas.items() if row["area_level"] == "regency")

    def removals(self) -> list[str]:
        """Criteria that removed anyone, those that removed most first."""
        removed: dict[str, int] = defaultdict(int)
        for rows in self.reasons.values():
            for row in rows:
                removed[row["criterion"]] += row["removed"]
        return sorted((code for code, families in removed.items() if families), key=lambda code: -removed[code])


def gather(settings: Settings, of: Edition) -> Content:
    """Read what the report of an edition shows. Raises NothingToReport, PublishRefused, ReleaseIndexDamaged."""
    funnel: dict[str, dict[str, Row]] = defaultdict(dict)
    for row in of.rows("cycle_funnel"):
        funnel[row["programme"]][row["area_code"]] = row
    programmes = [
        row
        for row in sorted(of.rows("dim_programme"), key=lambda row: str(row["programme"]))
        if row["in_force"] or funnel[row["programme"]][NATION]["listed"]
    ]
    criteria = by(of.rows("dim_criterion"), "criterion")
    reasons = _grouped(of.rows("removal_reasons", area_code=NATION), "programme")
    for rows in reasons.values():
        rows.sort(key=lambda row: (_precedence(dict(criteria), row["criterion"]), row["action"] == "hold"))
    coverage = _grouped(of.rows("decile_coverage", area_code=NATION), "programme")
    for rows in coverage.values():
        rows.sort(key=lambda row: (row["welfare_decile"] is None, row["welfare_decile"]))
    verification, drift = of.rows("verification_progress"), of.rows("list_drift")
    regencies = [
        row for areas in funnel.values() for row in areas.values() if row["area_level"] == "regency" and row["listed"]
    ]
    drifted = [row for row in drift if row["area_level"] == "regency"]
    attention = ranked(regencies, verification, drifted)[:SHOWN]
    return Content(
        edition=of,
        cycle=of.rows("dim_cycle")[0],
        programmes=programmes,
        areas=dict(by(of.rows("dim_area"), "area_code")),
        criteria=dict(criteria),
        funnel=funnel,
        reasons=reasons,
        coverage=coverage,
        quality=_grouped(of.rows("delivery_quality"), "source"),
        drift=[row for row in drift if row["area_code"] == NATION],
        verification=verification,
        accuracy=_accuracy(of),
        gates=_gates(settings, of),
        difference=_difference(settings, of),
        attention=attention,
        leading=_leading(of, [regency.code for regency in attention]),
        signatures=_signatures(settings, of),
    )


def _grouped(rows: list[Row], column: str) -> dict[str, list[Row]]:
    groups: dict[str, list[Row]] = defaultdict(list)
    for row in rows:
        groups[row[column]].append(row)
    return dict(sorted(groups.items()))


def _leading(of: Edition, regencies: list[str]) -> dict[str, tuple[str, int]]:
    """The criterion that removed most families of each regency, and how many, all programmes together."""
    removed: dict[str, dict[str, int]] = defaultdict(lambda: defaultdict(int))
    for row in of.rows("removal_reasons", area_level="regency"):
        if row["area_code"] in regencies and row["removed"]:
            removed[row["area_code"]][row["criterion"]] += row["removed"]
    return {code: max(counted.items(), key=lambda item: (item[1], item[0])) for code, counted in removed.items()}


def _accuracy(of: Edition) -> list[Row]:
    """The nation's rows of targeting_accuracy, decimals as numbers; none in editions from before there was the mart."""
    if not of.has("targeting_accuracy"):
        return []
    rows = of.rows("targeting_accuracy", area_code=NATION)
    return [
        {column: float(value) if isinstance(value, Decimal) else value for column, value in row.items()} for row in rows
    ]


def _precedence(criteria: dict[str, Row], criterion: str) -> int:
    return int(criteria[criterion]["precedence"]) if criterion in criteria else len(criteria)


def _gates(settings: Settings, of: Edition) -> list[Gate]:
    """Failed ones first, blocking before warning; then in the order of the limits."""
    limits = limits_in_force(of.cycle)
    order = {limit.gate: (at, limit.unit) for at, limit in enumerate(limits)}
    evidence = {row["gate"]: row for row in _evidence(of)}
    history: dict[str, list[tuple[str, float | None, bool]]] = defaultdict(list)
    for shown in (*released_before(settings, of.cycle), of):
        for result in shown.manifest.gate_results:
            history[result.gate].append((shown.cycle, result.value, result.passed))
    gates = [
        Gate(
            result=result,
            unit=order.get(result.gate, (0, "count"))[1],
            worst=str(evidence.get(result.gate, {}).get("worst", "")),
            has_reference=bool(evidence.get(result.gate, {}).get("has_reference", True)),
            history=history[result.gate],
        )
        for result in of.manifest.gate_results
    ]
    return sorted(
        gates,
        key=lambda gate: (
            gate.result.passed,
            gate.result.severity if not gate.result.passed else "",
            order.get(gate.result.gate, (len(order), ""))[0],
        ),
    )


def _evidence(of: Edition) -> list[dict[str, Any]]:
    """What the gates judged, as they left it in the edition; damaged, it names no place."""
    try:
        stored = json.loads((of.folder / GATE_EVIDENCE).read_bytes())
        return [row for row in stored["evidence"] if isinstance(row, dict) and "gate" in row]
    except (OSError, ValueError, KeyError, TypeError):
        return []


def _difference(settings: Settings, of: Edition) -> Difference | None:
    """What it changes against the release before; None when there is none. Reads the lists, the longest of it all."""
    if of.manifest.release is None:
        compared = current_release(settings, of.cycle) or newest_release_before(settings, of.cycle)
        found = changes(settings, of.cycle) if compared else None
        return found if found and found.against else None
    before = of.manifest.previous
    if before is None:
        return None
    return difference(settings, edition(settings, before.cycle, before.release).folder, of.folder, before)


def _signatures(settings: Settings, of: Edition) -> Signatures | None:
    manifest = of.manifest
    if manifest.release is not None:
        signed: dict[str, list[Signoff]] = defaultdict(list)
        for signoff in manifest.signoffs:
            signed[signoff.role].append(signoff)
        return Signatures(manifest.policy or Policy(roles=[]), signed, None)
    try:
        approvers = read_approvers(settings.approvers)
    except ApproversInvalid:
        return None
    found = counted(settings, approvers, of.cycle, canonical_json(manifest.statement))
    return Signatures(approvers.policy, found, datetime.now(UTC))
