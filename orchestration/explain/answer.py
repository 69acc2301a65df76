"""What an explanation says, as data: every cycle, programme, criterion, piece of evidence and way to another decision.

Sentences are there in both languages. Nothing is looked up or rendered here.
"""

from datetime import date
from typing import Literal

from pydantic import BaseModel, ConfigDict

Situation = Literal["decided", "waiting", "candidate", "not_listed", "not_in_registry", "not_known"]
"""On the list or selected; on the waiting list; a candidate behind it; none of these, by the build, or unknown."""

Outcome = Literal["counts", "cleared", "does_not_apply", "not_considered", "not_known"]
"""Of a criterion for a family: uncleared evidence; cleared; none; not looked at in this case; no longer on record."""

Language = Literal["en", "id"]


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True)


class Text(_Part):
    """A sentence in both languages."""

    en: str
    id: str

    def of(self, language: Language) -> str:
        """The sentence in one of them."""
        return self.id if language == "id" else self.en


class Row(_Part):
    """One delivered row, by English names; NIK and names masked unless they were asked for.

    ``person_id``: the member whose NIK the row names.
    """

    file: str
    row_number: int
    person_id: str | None
    values: dict[str, str | None]


class Evidence(_Part):
    """What speaks against the family: fact, date, delivery, rows; ``rows_note`` says why there is no row."""

    action: str
    evidence_date: date
    source: str
    delivery_digest: str | None
    cleared: bool
    cleared_by: str | None
    rows: list[Row] = []
    rows_note: Text | None = None


class Criterion(_Part):
    """One criterion in force in the cycle, and what came of it; a criterion that did not apply has no evidence.

    ``in_force_since`` and ``certainty`` (press, weak, assumption) are of the seed; None where today's seeds no longer
    agree with the release.
    """

    criterion: str
    precedence: int
    action: str
    name: Text
    sentence: Text
    siks_status: str | None
    legal_basis: str | None
    in_force_since: date | None
    certainty: str | None
    contestable: bool
    cleared_by_verification: bool
    outcome: Outcome
    evidence: Evidence | None = None


class Decision(_Part):
    """The row of the data set ``decisions``, without the identifiers of others."""

    decision: str
    primary_reason: str | None
    reasons: list[str]
    review: bool
    previous_status: str | None
    new_status: str | None
    payable: bool
    on_work_list: bool
    quarterly_amount_idr: int | None
    payee_person_id: str | None
    listed_since: date | None


class Reached(_Part):
    """Decile and priority class of the last family that was selected; of an area, or of the nation."""

    welfare_decile: int | None
    priority_class: int | None
    selection_rank: int | None


class Standing(_Part):
    """How near the family came to a place, in one regency; what is not known is None.

    ``position_in_regency``: among the candidates of its regency that were not selected, from 1; so many more families
    of the regency have to be selected until it is this one's turn.
    ``selection_order``: among all candidates of the programme in the nation, from 1.
    """

    regency_code: str | None = None
    selection_round: str | None = None
    selection_rank: int | None = None
    selected_in_nation: int | None = None
    position_in_regency: int | None = None
    waiting_list_length: int | None = None
    waiting_in_regency: int | None = None
    places_in_regency: int | None = None
    selected_in_regency: int | None = None
    selection_order: int | None = None
    last_in_regency: Reached | None = None
    last_in_nation: Reached | None = None


class Change(_Part):
    """One thing that would change the decision; ``criterion`` when it is about one."""

    kind: str
    criterion: str | None
    text: Text


class Programme(_Part):
    """What one cycle decided for the family in one programme."""

    programme: str
    name: Text
    in_force: bool
    decile_min: int | None
    decile_max: int | None
    deciles_legal_basis: str | None
    situation: Situation
    situation_text: Text
    decision: Decision | None
    welfare_decile: int | None
    welfare_rank: int | None
    priority_class: int | None
    criteria: list[Criterion]
    standing: Standing | None
    changes: list[Change]

    def of_outcome(self, *outcomes: Outcome) -> list[Criterion]:
        """The criteria of these outcomes, in order of precedence."""
        return [criterion for criterion in self.criteria if criterion.outcome in outcomes]


class Member(_Part):
    """A person of the family as delivered; only where names and NIK were asked for."""

    person_id: str | None
    family_role: str | None
    full_name: str | None
    nik: str | None


class CycleAnswer(_Part):
    """One release (or candidate) of one cycle. ``released_at`` is None of a candidate."""

    cycle: str
    release: str | None
    released_at: str | None
    cutoff: date
    code_version: str
    rules_version: int
    rules_digest: str
    seeds_digest: str
    village_code: str | None
    programmes: list[Programme]
    members: list[Member] = []
    notes: list[Text] = []


class Answer(_Part):
    """Everything that is known of the family's decisions; ``cycles`` newest first, empty when nothing is known."""

    family_id: str
    look_up: str
    purpose: str
    unmasked: bool
    looked_in: list[str]
    cycles: list[CycleAnswer]

    @property
    def found(self) -> bool:
        """Whether any cycle knows the family."""
        return bool(self.cycles)
