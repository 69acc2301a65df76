"""Every criterion considered for a family, and what would change its decision; no I/O.

The decision table (docs/rules.md, Decisions) is read backwards here: which evidence has to go, by which way, and what
would be decided then. Nothing is judged anew.
"""

from collections.abc import Iterable, Mapping
from datetime import date
from typing import Any

from orchestration.explain.answer import Change, Criterion, Decision, Evidence, Outcome, Text
from orchestration.explain.phrases import has_phrase, phrase
from orchestration.explain.rules import criterion_rule, parameter

OUTSIDE_REGISTRY = ("NOT_IN_REGISTRY", "LIST_ROW_REJECTED")
"""Of a listed family that the registry does not know, only these are looked at."""


def criteria(
    cycle: str,
    in_force: Iterable[Mapping[str, Any]],
    programme: str,
    evidence: Mapping[str, Evidence],
    without_evidence: Outcome = "does_not_apply",
) -> list[Criterion]:
    """Every criterion in force for the programme (rows of dim_criterion), in order of precedence.

    ``without_evidence``: what it means that a criterion has no evidence here.
    """
    found = []
    for row in sorted(in_force, key=lambda row: row["precedence"]):
        code = row["criterion"]
        if row["programme"] not in (None, programme):
            continue
        shown = evidence.get(code)
        outcome = without_evidence if shown is None else "cleared" if shown.cleared else "counts"
        if shown is None and "NOT_IN_REGISTRY" in evidence and code not in OUTSIDE_REGISTRY:
            outcome = "not_considered"
        since, certainty = criterion_rule(cycle, row)
        found.append(
            Criterion(
                criterion=code,
                precedence=row["precedence"],
                action=row["action"],
                name=Text(en=row["name_en"], id=row["name_id"]),
                sentence=Text(en=row["sentence_en"], id=row["sentence_id"]),
                siks_status=row["siks_status"] or None,
                legal_basis=row["legal_basis"],
                in_force_since=since,
                certainty=certainty,
                contestable=row["contestable"],
                cleared_by_verification=row["cleared_by_verification"],
                outcome=outcome,
                evidence=shown,
            )
        )
    return found


def decision_without(decision: Decision, left: Iterable[Criterion]) -> str:
    """What the decision table says of a listed family with only this uncleared evidence left.

    ``pending_or_confirm`` of a nominated family: whether it was verified since it was listed is not on record for one
    that was removed or held.
    """
    actions = {criterion.evidence.action for criterion in left if criterion.evidence and criterion.outcome == "counts"}
    if "remove" in actions:
        return "remove"
    if "hold" in actions:
        return "hold"
    if decision.previous_status == "nominated":
        return decision.decision if decision.decision in ("pending", "confirm") else "pending_or_confirm"
    return "keep"


def changes(
    cycle: str, cutoff: date, decision: Decision, considered: list[Criterion], facts: Mapping[str, Any]
) -> list[Change]:
    """What would change the decision of a listed or selected family, in words; ``facts`` fill the phrases."""
    match decision.decision:
        case "not_in_force":
            return [change("not_in_force")]
        case "replace":
            return [change("replace", date=cutoff)]
        case "remove" | "hold" as action:
            return _until_gone(cycle, decision, considered, action, facts)
        case "pending" if decision.listed_since:
            first = change("pending", date=decision.listed_since)
        case "pending":
            first = change("pending_undated")
        case _:
            first = change("nothing")
    return [first, *ways_of(cycle, considered, facts)]


def _until_gone(
    cycle: str, decision: Decision, considered: list[Criterion], action: str, facts: Mapping[str, Any]
) -> list[Change]:
    """The ways out of each piece of evidence that decided, what they lead to, and the way back after a removal."""
    deciding = [one for one in considered if one.outcome == "counts" and one.evidence and one.evidence.action == action]
    found = ways_of(cycle, deciding, facts)
    if len(deciding) > 1:
        found.append(change("together", count=len(deciding)))
    then = decision_without(decision, [one for one in considered if one not in deciding])
    found.append(change("then", decision=phrase("decision", then)))
    if action == "remove":
        found.append(change("back"))
    return found


def ways_of(cycle: str, considered: Iterable[Criterion], facts: Mapping[str, Any]) -> list[Change]:
    """For each criterion that counts: each way in which it stops to count."""
    found = []
    for one in considered:
        if one.outcome != "counts" or one.evidence is None:
            continue
        open_days = parameter(cycle, "objection_open_days")
        if one.action == "remove" and one.evidence.action == "hold":
            found.append(change("contested", one, days=open_days))
        elif one.contestable:
            found.append(change("upheld", one, days=parameter(cycle, "objection_upheld_days")))
            if one.action == "remove":
                found.append(change("open", one, days=open_days))
        if one.cleared_by_verification:
            found.append(change("verified", one, date=one.evidence.evidence_date))
        fact = one.criterion if has_phrase("fact", one.criterion) else "register"
        validity = parameter(cycle, "verification_validity_days")
        found.append(change("fact", one, fact=phrase("fact", fact, validity=validity, **facts)))
    return found


def other_decile(facts: Mapping[str, Any]) -> Change:
    """What would have a programme consider a family outside its deciles."""
    return Change(kind="fact", criterion="OUT_OF_DECILE", text=phrase("fact", "OUT_OF_DECILE", **facts))


def change(kind: str, about: Criterion | None = None, **values: Any) -> Change:
    """``[change.kind]`` filled in, about a criterion or about the decision."""
    if about:
        values["criterion"] = about.name
    return Change(kind=kind, criterion=about.criterion if about else None, text=phrase("change", kind, **values))
