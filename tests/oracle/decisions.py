"""The list as it stands and one decision for each listed family (decision rules, Decisions)."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import cast

from tests.oracle.evidence import Evidence
from tests.oracle.households import Family, Verification
from tests.oracle.rules import Rules
from tests.oracle.staging import Record, Staged
from tests.oracle.values import UPPER, Broken, parse_day, valid_identifier

STATUS = {"AKTIF": "active", "CALON": "nominated"}


@dataclass(frozen=True)
class Listed:
    """A family on a programme's list; ``row_rejected``: only rejected rows name it."""

    programme: str
    family_id: str
    status: str
    listed_since: date | None
    channel: str | None = None
    village: str | None = None
    row_rejected: bool = False


@dataclass
class Decision:
    """A row of the decisions, with what the release's other data sets need (``listed``, ``evidence``)."""

    cycle: str
    programme: str
    family_id: str
    decision: str
    new_status: str | None
    village_code: str | None = None
    welfare_decile: int | None = None
    welfare_rank: int | None = None
    priority_class: int | None = None
    previous_status: str | None = None
    primary_reason: str | None = None
    reasons: str | None = None
    review: bool = False
    quarterly_amount_idr: int | None = None
    payee_person_id: str | None = None
    selection_round: str | None = None
    selection_rank: int | None = None
    replaces_family_id: str | None = None
    listed: Listed | None = None
    evidence: Sequence[Evidence] = field(default_factory=list)

    @property
    def regency(self) -> str | None:
        """The regency by the registry's village, else the list row's."""
        return self.village_code[:4] if self.village_code else None

    @property
    def payable(self) -> bool:
        """Only families who keep or have just earned their place are paid."""
        return self.decision in ("keep", "confirm")

    @property
    def on_work_list(self) -> bool:
        """Somebody has to look at the family."""
        return self.decision in ("pending", "hold", "replace") or (self.payable and self.review)

    @property
    def occupies(self) -> bool:
        """Whether a listed family still has its place."""
        return self.decision in ("keep", "confirm", "pending", "hold")


def read_list(staged: Staged, rules: Rules) -> list[Listed]:
    """The delivered list, families that only rejected rows name included."""
    listed = {}
    for record in staged.accepted("kemensos_penerima"):
        values = record.values
        programme, family_id = str(values["programme"]), str(values["family_id"])
        listed[programme, family_id] = Listed(
            programme,
            family_id,
            STATUS[str(values["status"])],
            cast(date, values["listed_since"]),
            cast(str | None, values["channel"]),
            cast(str | None, values["village_code"]),
        )
    named = defaultdict(list)
    for record in staged.rejected("kemensos_penerima"):
        programme, family_id = (record.text("program") or "").translate(UPPER), record.text("id_keluarga") or ""
        known = programme in rules.programme_codes and valid_identifier(family_id)
        if known and record.rule != "unparsable" and (programme, family_id) not in listed:
            named[programme, family_id].append(record)
    for (programme, family_id), records in named.items():
        status, since = _readable(records)
        listed[programme, family_id] = Listed(programme, family_id, status, since, row_rejected=True)
    return list(listed.values())


def _readable(records: list[Record]) -> tuple[str, date | None]:
    """What rejected rows say of one family: status (nominated only when every readable one is), earliest date."""
    codes = {(record.text("status") or "").translate(UPPER) for record in records} & set(STATUS)
    days = []
    for record in records:
        try:
            days.append(parse_day(record.text("tanggal_mulai") or ""))
        except Broken:
            continue
    return ("nominated" if codes == {"CALON"} else "active"), min(days, default=None)


def decide(
    listed: Listed,
    family: Family | None,
    verification: Verification | None,
    evidence: Sequence[Evidence],
    rules: Rules,
) -> Decision:
    """The decision for one listed family; first match wins."""
    result = describe(listed.programme, listed.family_id, family, rules)
    result.listed, result.previous_status = listed, listed.status
    result.village_code = family.village if family else listed.village
    if not rules.in_force(listed.programme):
        result.decision, result.new_status = "not_in_force", listed.status
        result.quarterly_amount_idr = result.payee_person_id = None
        return result
    result.evidence = evidence
    uncleared = [item for item in evidence if not item.cleared]
    actions = {item.action for item in uncleared}
    eligible_on = verification.on if verification and verification.result == "LAYAK" else None
    verified = eligible_on is not None and listed.listed_since is not None and eligible_on >= listed.listed_since
    if "remove" in actions:
        result.decision, result.new_status = "remove", None
    elif "hold" in actions:
        result.decision, result.new_status = "hold", listed.status
    elif listed.status == "nominated" and not verified:
        result.decision, result.new_status, result.primary_reason = "pending", "nominated", "VERIFICATION_PENDING"
    elif listed.status == "nominated":
        result.decision, result.new_status, result.primary_reason = "confirm", "active", "VERIFIED"
    else:
        result.decision, result.new_status, result.primary_reason = "keep", "active", "STILL_ELIGIBLE"
    if result.decision in ("remove", "hold"):
        result.primary_reason = next(item.criterion for item in uncleared if item.action == result.decision)
    result.review = result.decision != "remove" and "review" in actions
    result.reasons = ",".join(item.criterion for item in uncleared) or None
    return result


def describe(programme: str, family_id: str, family: Family | None, rules: Rules) -> Decision:
    """A decision's columns that are about the family alone: place, rank, entitlement, payee."""
    amount = rules.amounts.get(programme)
    if programme == "PKH":
        amount = family.pkh_amount if family else None
    return Decision(
        rules.cycle,
        programme,
        family_id,
        decision="",
        new_status=None,
        village_code=family.village if family else None,
        welfare_decile=family.decile if family else None,
        welfare_rank=family.rank if family else None,
        priority_class=family.priority_class if family else None,
        quarterly_amount_idr=amount,
        payee_person_id=family.payee.person_id if family and family.payee else None,
    )
