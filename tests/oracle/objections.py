"""Objections of the cycle: which were upheld lately and which are open (landing contract, sanggahan)."""

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from typing import cast

from tests.oracle.rules import Rules
from tests.oracle.staging import Staged


@dataclass(frozen=True)
class Objections:
    """Pairs (family_id, criterion): upheld within 365 days, and open, lodged within 90 days."""

    upheld: frozenset[tuple[str, str]]
    open: frozenset[tuple[str, str]]


def read(staged: Staged, rules: Rules) -> Objections:
    """The state of every objection at the cutoff."""
    cutoff = rules.cutoff
    upheld_from = cutoff - timedelta(days=rules.number("objection_upheld_days"))
    open_from = cutoff - timedelta(days=rules.number("objection_open_days"))
    by_id = defaultdict(list)
    for record in staged.accepted("sanggahan"):
        if cast(date, record.values["lodged_on"]) <= cutoff:
            by_id[record.values["objection_id"]].append(record.values)
    upheld, still_open = set(), set()
    for rows in by_id.values():
        ruled = [(cast(date, row["decided_on"]), row) for row in rows if row["ruling"] and row["decided_on"]]
        ruled = [(day, row) for day, row in ruled if day <= cutoff]
        if ruled:
            newest = max(day for day, _ in ruled)
            if newest >= upheld_from:
                upheld |= {_about(row) for day, row in ruled if day == newest and row["ruling"] == "DITERIMA"}
        else:
            still_open |= {_about(row) for row in rows if cast(date, row["lodged_on"]) >= open_from}
    return Objections(frozenset(upheld), frozenset(still_open))


def _about(row: Mapping[str, object]) -> tuple[str, str]:
    return str(row["family_id"]), str(row["criterion"])
