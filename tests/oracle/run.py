"""One cycle from delivered rows to everything the release holds."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from pathlib import Path

from tests.deliveries import Row
from tests.oracle import accuracy, decisions, evidence, households, objections, replacement, rules, staging
from tests.oracle.decisions import Decision
from tests.oracle.replacement import Waiting

Cell = str | int | bool | date | None
DATA_SETS = ("decisions", "waiting_list", "next_list", "evidence")


@dataclass
class Outcome:
    """What the oracle says of one cycle: the release's data sets and the rows behind them."""

    rules: rules.Rules
    staged: staging.Staged
    families: dict[str, households.Family]
    decided: list[Decision]
    waiting: list[Waiting]
    quotas: dict[str, dict[str, int]]
    candidates: dict[str, list[households.Family]]

    def tables(self) -> dict[str, list[dict[str, Cell]]]:
        """The data sets with exactly the release's columns, ``programme`` among them; order means nothing."""
        return {
            "decisions": [decision_row(row) for row in self.decided],
            "waiting_list": [dict(vars(row)) for row in self.waiting],
            "next_list": [next_row(row, self.rules.cutoff) for row in self.decided if row.decision != "remove"],
            "evidence": [row for decided in self.decided for row in evidence_rows(decided)],
        }

    def accuracy(self) -> dict[tuple[str, str], accuracy.Measures]:
        """The mart targeting_accuracy by (programme, area code); areas that nobody lives in are left out."""
        return accuracy.measure(self.decided, self.families.values(), self.candidates, self.quotas, self.rules)

    def quality(self) -> dict[tuple[str, str], tuple[int, int, int]]:
        """By (source, rule): delivered, accepted, rejected."""
        return self.staged.quality(self.rules.cycle)


def run(rows: Iterable[Row], cycle: str, seeds: Path = rules.SEEDS) -> Outcome:
    """Judge, decide and replace; ``rows`` may hold every cycle's deliveries. Raises staging.DeliveryRefused."""
    values = rules.load(cycle, seeds)
    staged = staging.stage(rows, values)
    contested = objections.read(staged, values)
    death_denied = {family_id for family_id, criterion in contested.upheld if criterion == "NO_LIVING_MEMBER"}
    families = households.build(staged, values, death_denied)
    verified = households.verifications(staged, values)
    facts = evidence.Facts(staged, values, families, verified, contested)
    listed = decisions.read_list(staged, values)
    quotas: dict[str, dict[str, int]] = {programme: {} for programme in values.programme_codes}
    for record in staged.accepted("kuota_program"):
        area, quota = str(record.values["area_code"]), record.values["quota"]
        quotas[str(record.values["programme"])][area] = int(str(quota))
    decided: list[Decision] = []
    waiting: list[Waiting] = []
    eligible: dict[str, list[households.Family]] = {}
    for programme in sorted(values.programme_codes):
        in_force = values.in_force(programme)
        rows_of_programme = [
            decisions.decide(
                row,
                families.get(row.family_id),
                verified.get(row.family_id),
                facts.judge(programme, row.family_id, row.row_rejected) if in_force else [],
                values,
            )
            for row in listed
            if row.programme == programme
        ]
        decided += rows_of_programme
        if in_force:
            on_list = {row.family_id for row in rows_of_programme}
            eligible[programme] = replacement.candidates(programme, on_list, facts, values)
            selected, queue = replacement.replace_removed(
                programme, rows_of_programme, quotas[programme], facts, values
            )
            decided += selected
            waiting += queue
    return Outcome(values, staged, families, decided, waiting, quotas, eligible)


def decision_row(row: Decision) -> dict[str, Cell]:
    """Columns of ``decisions``."""
    village = row.village_code
    return {
        "cycle": row.cycle,
        "programme": row.programme,
        "family_id": row.family_id,
        "province_code": village[:2] if village else None,
        "regency_code": village[:4] if village else None,
        "district_code": village[:6] if village else None,
        "village_code": village,
        "welfare_decile": row.welfare_decile,
        "welfare_rank": row.welfare_rank,
        "priority_class": row.priority_class,
        "previous_status": row.previous_status,
        "decision": row.decision,
        "primary_reason": row.primary_reason,
        "reasons": row.reasons,
        "review": row.review,
        "new_status": row.new_status,
        "payable": row.payable,
        "on_work_list": row.on_work_list,
        "quarterly_amount_idr": row.quarterly_amount_idr,
        "payee_person_id": row.payee_person_id,
        "selection_round": row.selection_round,
        "selection_rank": row.selection_rank,
        "replaces_family_id": row.replaces_family_id,
    }


def next_row(row: Decision, cutoff: date) -> dict[str, Cell]:
    """Columns of ``next_list``; a replacement is listed since the cutoff."""
    return {
        "programme": row.programme,
        "family_id": row.family_id,
        "status": row.new_status,
        "listed_since": row.listed.listed_since if row.listed else cutoff,
        "channel": row.listed.channel if row.listed else None,
        "village_code": row.village_code,
        "payable": row.payable,
        "payee_person_id": row.payee_person_id,
        "quarterly_amount_idr": row.quarterly_amount_idr,
    }


def evidence_rows(row: Decision) -> list[dict[str, Cell]]:
    """Columns of ``evidence`` but ``delivery_digest``: the oracle knows rows, not files."""
    return [
        {
            "cycle": row.cycle,
            "programme": row.programme,
            "family_id": row.family_id,
            "criterion": item.criterion,
            "action": item.action,
            "evidence_date": item.evidence_date,
            "source": item.source,
            "cleared": item.cleared,
            "cleared_by": item.cleared_by,
        }
        for item in row.evidence
    ]
