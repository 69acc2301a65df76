"""Evidence: what speaks against a family in a programme, and what clears it (decision rules, Evidence)."""

from collections import defaultdict
from dataclasses import dataclass, replace
from datetime import date
from typing import cast

from tests.oracle.households import Family, Verification, events
from tests.oracle.objections import Objections
from tests.oracle.rules import Rules
from tests.oracle.staging import Staged

SURVEY = {"TIDAK_LAYAK": "SURVEY_NOT_ELIGIBLE", "MENOLAK": "REFUSED", "TIDAK_DITEMUKAN": "NOT_FOUND"}


@dataclass(frozen=True)
class Evidence:
    """One criterion that arises for a family in a programme; ``action`` after a turn of remove into hold."""

    criterion: str
    evidence_date: date
    source: str
    action: str = ""
    cleared_by: str | None = None

    @property
    def cleared(self) -> bool:
        """Whether it no longer counts."""
        return self.cleared_by is not None


class Facts:
    """What the deliveries say, indexed for the questions below; ``judge`` answers for one family and programme."""

    def __init__(
        self,
        staged: Staged,
        rules: Rules,
        families: dict[str, Family],
        verified: dict[str, Verification],
        objections: Objections,
    ) -> None:
        """Index registers, moves, shared NIK and disbursements."""
        self.rules, self.families, self.verified, self.objections = rules, families, verified, objections
        self.registers: dict[str, dict[str, date]] = defaultdict(dict)  # NIK -> register -> as_of_date
        for record in staged.accepted("register_pengecualian"):
            register, day = str(record.values["register"]), cast(date, record.values["as_of_date"])
            self.registers[str(record.values["nik"])][register] = day
        self.moves: dict[str, list[date]] = defaultdict(list)
        for nik, day in events(staged, "PINDAH", rules.cutoff):
            self.moves[nik].append(day)
        self.families_of_nik: dict[str, list[str]] = defaultdict(list)  # one entry for each accepted person
        for family in families.values():
            for person in family.persons:
                if person.nik is not None:
                    self.families_of_nik[person.nik].append(family.family_id)
        self.payments: dict[tuple[str, str], list[tuple[date, str, str]]] = defaultdict(list)
        for record in staged.accepted("hasil_salur"):
            values = record.values
            if (paid_on := cast(date, values["paid_on"])) <= rules.cutoff:
                key = (str(values["programme"]), str(values["family_id"]))
                self.payments[key].append((paid_on, str(values["period"]), str(values["result"])))

    def judge(self, programme: str, family_id: str, row_rejected: bool = False) -> list[Evidence]:
        """All evidence of a family in a programme, in order of precedence, with actions and clearings."""
        family, cutoff = self.families.get(family_id), self.rules.cutoff
        found: list[Evidence] = []
        if row_rejected:
            found.append(Evidence("LIST_ROW_REJECTED", cutoff, "kemensos_penerima"))
        if family is None:
            found.append(Evidence("NOT_IN_REGISTRY", cutoff, "dtsen_keluarga"))
        else:
            found += self._registers(family) + self._members(family) + self._niks(family) + self._survey(family)
            found += self._decile(family, programme) + self._pkh(family) + self._payments(family, programme)
        criteria = self.rules.criteria
        applies = [
            self._act(family_id, evidence)
            for evidence in found
            if evidence.criterion in criteria and criteria[evidence.criterion].programme in (None, programme)
        ]
        return sorted(applies, key=lambda evidence: criteria[evidence.criterion].precedence)

    def _act(self, family_id: str, evidence: Evidence) -> Evidence:
        """With what cleared it, and the action of its criterion."""
        criterion = self.rules.criteria[evidence.criterion]
        about = (family_id, criterion.code)
        verification = self.verified.get(family_id)
        cleared_by = None
        if criterion.contestable and about in self.objections.upheld:
            cleared_by = "objection"
        if criterion.cleared_by_verification and verification and verification.result == "LAYAK":
            cleared_by = "verification" if verification.on >= evidence.evidence_date else cleared_by
        action = criterion.action
        if action == "remove" and criterion.contestable and about in self.objections.open and not cleared_by:
            action = "hold"
        return replace(evidence, action=action, cleared_by=cleared_by)

    def _registers(self, family: Family) -> list[Evidence]:
        """A living person with a usable NIK is in a register."""
        newest: dict[str, date] = {}
        for person in family.living:
            if person.usable and person.nik is not None:
                for register, day in self.registers.get(person.nik, {}).items():
                    newest[register] = max(day, newest.get(register, day))
        return [Evidence(register, day, "register_pengecualian") for register, day in newest.items()]

    def _members(self, family: Family) -> list[Evidence]:
        """Persons missing, none living, none who could be paid."""
        cutoff, found = self.rules.cutoff, []
        if family.incomplete:
            found.append(Evidence("MEMBERS_INCOMPLETE", cutoff, "dtsen_individu"))
        elif not family.living:
            found.append(Evidence("NO_LIVING_MEMBER", cutoff, "dukcapil_peristiwa"))
        if family.living and not family.payee:
            found.append(Evidence("NO_PAYEE", cutoff, "dtsen_individu"))
        return found

    def _niks(self, family: Family) -> list[Evidence]:
        """A doubtful NIK of the payee, one shared with another family, a move of the payee."""
        cutoff, payee, found = self.rules.cutoff, family.payee, []
        if payee:
            shared = payee.nik is not None and self.families_of_nik[payee.nik].count(family.family_id) > 1
            if not payee.well_formed or shared or payee.unmatched:
                found.append(Evidence("NIK_UNMATCHED", cutoff, "dtsen_individu"))
            moves = self.moves.get(payee.nik, []) if payee.usable and payee.nik is not None else []
            if late := [day for day in moves if day > family.updated_on]:
                found.append(Evidence("MOVED", max(late), "dukcapil_peristiwa"))
        for person in family.persons:
            if (
                person.well_formed
                and person.nik is not None
                and set(self.families_of_nik[person.nik]) != {family.family_id}
            ):
                found.append(Evidence("DUPLICATE_NIK", cutoff, "dtsen_individu"))
                break
        return found

    def _survey(self, family: Family) -> list[Evidence]:
        """The newest field verification."""
        verification = self.verified.get(family.family_id)
        if not verification:
            return []
        criterion = SURVEY.get(verification.result) if verification.result else "CONFLICTING_VERIFICATION"
        return [Evidence(criterion, verification.on, "verifikasi_lapangan")] if criterion else []

    def _decile(self, family: Family, programme: str) -> list[Evidence]:
        """Not ranked, or outside the programme's deciles."""
        low, high = self.rules.deciles[programme]
        if family.decile is None:
            return [Evidence("UNRANKED", self.rules.cutoff, "dtsen_keluarga")]
        if not low <= family.decile <= high:
            return [Evidence("OUT_OF_DECILE", self.rules.cutoff, "dtsen_keluarga")]
        return []

    def _pkh(self, family: Family) -> list[Evidence]:
        """No component, or none that can be seen; that it concerns PKH alone is said by the seeds."""
        if family.components or family.incomplete:
            return []
        uncertain = any(person.uncertain for person in family.living)
        criterion = "COMPONENTS_UNCERTAIN" if uncertain else "NO_PKH_COMPONENT"
        return [Evidence(criterion, self.rules.cutoff, "dtsen_individu")]

    def _payments(self, family: Family, programme: str) -> list[Evidence]:
        """The newest disbursement results, by date, then period, have no success."""
        payments = self.payments.get((programme, family.family_id))
        if not payments:
            return []
        newest = max(payments)[:2]
        results = {result for day, period, result in payments if (day, period) == newest}
        return [] if "SUKSES" in results else [Evidence("PAYMENT_FAILING", newest[0], "hasil_salur")]
