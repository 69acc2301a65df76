"""What a shell shows of signing: what a candidate changes, the releases, who may sign, the audit trail.

Computes nothing (publish/difference.py) and judges nothing (publish/signoff.py).
"""

import json
from collections.abc import Iterable
from datetime import date
from typing import Any

from rich.table import Table

from orchestration.audit import Entry
from orchestration.candidate.manifest import read_manifest
from orchestration.publish.approvers import Approvers, key_id
from orchestration.publish.difference import Difference
from orchestration.released import read_index
from orchestration.settings import Settings

_CHANGES = {
    "families_before": "before",
    "joined": "joined",
    "left": "left",
    "families_after": "after",
    "status_changed": "other status",
    "payable_before": "paid before",
    "payable_after": "paid after",
    "quarterly_amount_idr_before": "rupiah a quarter before",
    "quarterly_amount_idr_after": "after",
}


def differences(found: Difference, cycle: str) -> list[Table]:
    """The tables that a signer reads: next lists by programme, decisions, next lists by area."""
    against = (
        f"release {found.against.cycle}/{found.against.release}" if found.against else "nothing: the first release"
    )
    programmes = _table(f"Families on the next list: {cycle} against {against}", "programme", *_CHANGES.values())
    for row in found.programmes:
        programmes.add_row(row["programme"], *(f"{row[measure]:,}" for measure in _CHANGES))
    decisions = _table("Decisions", "programme", "decision", "before", "after", "more or less")
    for row in found.decisions:
        before, after = row["families_before"], row["families_after"]
        decisions.add_row(row["programme"], row["decision"], f"{before:,}", f"{after:,}", f"{after - before:+,}")
    shown = list(_CHANGES)[:5]
    areas = _table(
        "By area (province, or regency within one)", "programme", "area", *(_CHANGES[name] for name in shown)
    )
    for row in found.areas:
        area = row["area_code"] or "unknown"
        areas.add_row(row["programme"], area, *(f"{row[measure]:,}" for measure in shown))
    return [programmes, decisions, areas]


def releases(settings: Settings) -> Table:
    """Every release of every cycle: when, why, who signed, whether it is current. Raises ReleaseIndexDamaged."""
    index = read_index(settings)
    table = _table(f"Releases in {settings.releases}", "release", "made", "signed by", "next list", "reason", "")
    for path in sorted(settings.releases.glob("*/r*/manifest.json")):
        manifest, _ = read_manifest(path.parent)
        current = index.cycles.get(manifest.cycle) if index else None
        signed = ", ".join(f"{signoff.person} ({signoff.role})" for signoff in manifest.signoffs) or "nobody"
        table.add_row(
            f"{manifest.cycle}/{manifest.release}",
            manifest.created_at,
            signed,
            f"{manifest.data_sets['next_list'].rows:,}",
            manifest.reason or "",
            "current" if current and current.release == manifest.release else "",
        )
    return table


def approvers(found: Approvers, today: date) -> Table:
    """Who may sign, and the policy."""
    roles = ", ".join(found.policy.roles) or "none"
    people = ", each by another person" if found.policy.different_people and len(found.policy.roles) > 1 else ""
    table = _table(f"A release needs signatures in the roles: {roles}{people}", "person", "roles", "key", "valid", "")
    for approver in found.approver:
        state = "" if approver.valid_from <= today <= approver.valid_to else "not valid today"
        valid = f"{approver.valid_from} to {approver.valid_to}"
        table.add_row(approver.person, ", ".join(approver.roles), key_id(approver.public_key), valid, state)
    return table


def trail(entries: Iterable[Entry]) -> Table:
    """Entries of the audit trail, one row each."""
    table = _table("Audit trail", "no", "at", "who", "act", "cycle", "details")
    for entry in entries:
        details = "; ".join(f"{name}: {_short(value)}" for name, value in entry.details.items())
        table.add_row(str(entry.number), entry.at[:19], entry.who, entry.action, entry.cycle or "", details)
    return table


def _short(value: Any) -> str:
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
    return text if len(text) <= 60 else f"{text[:16]}…"


def _table(title: str, *columns: str) -> Table:
    table = Table(title=title, title_justify="left")
    for column in columns:
        table.add_column(column, overflow="fold")
    return table
