"""What agencies say of a random registry's families: surveys, objections, civil events, registers, disbursements.

Dates fall on the edges of the rules, ties and contradictions are common. Families themselves: registries.py.
"""

import random
from dataclasses import dataclass
from datetime import date

from tests.oracle.draws import PROGRAMMES, Draws


@dataclass
class Person:
    """A person while the registry grows: events and registers are thrown at its NIK."""

    person_id: str
    family_id: str
    nik: str | None


CONTESTED = (
    *("ASN", "ASN", "TNI_POLRI", "SURVEY_NOT_ELIGIBLE", "NO_LIVING_MEMBER", "GAMBLING_FLAG"),
    *("NIK_UNMATCHED", "DUPLICATE_NIK", "REFUSED", "OUT_OF_DECILE", "LAIN"),
)


class Reports(Draws):
    """Adds reports about families already drawn; ``persons`` are their people."""

    def __init__(self, rng: random.Random, cycle: str) -> None:
        """Start with nobody."""
        super().__init__(rng, cycle)
        self.persons: list[Person] = []

    def members(self, family_id: str) -> list[Person]:
        """Its people with a NIK."""
        return [person for person in self.persons if person.family_id == family_id and person.nik]

    def survey(self, family_id: str, on: date | None = None, result: str | None = None) -> None:
        """Field verifications, sometimes two on one day."""
        on = on or self.day()
        for _ in range(self.rng.choice((1, 1, 1, 2, 3))):
            self.add(
                "verifikasi_lapangan",
                self.some_cycle(),
                family_id=family_id,
                verified_on=on if self.chance(0.6) else self.day(),
                result=result or ("LAYAK" if self.chance(0.5) else self.pick("verifikasi_lapangan", "result")),
                note=self.rng.choice((None, 'rumah; kosong, "pindah"')),
                regency_code=self.rng.choice((None, "3301", "33.01", "9999")),
            )

    def objection(self, family_id: str) -> None:
        """An objection of one to three rows, to a criterion that mostly arises."""
        criterion = self.rng.choice(CONTESTED)
        objection_id = f"S-{family_id}-{self.rng.randint(1, 2)}"
        lodged, decided = self.day(), self.day()
        for _ in range(self.rng.choice((1, 1, 2, 3))):
            ruling = self.rng.choice((None, "DITERIMA", "DITERIMA", "DITOLAK", "SALAH"))
            dated = self.chance(0.9) and (ruling or self.chance(0.2))
            self.add(
                "sanggahan",
                self.some_cycle(),
                objection_id=objection_id,
                family_id=family_id,
                criterion=criterion if self.chance(0.95) else "ASN",
                lodged_on=lodged if self.chance(0.8) else self.day(),
                decided_on=(decided if self.chance(0.7) else self.day()) if dated else None,
                ruling=ruling,
            )
        if self.chance(0.7) and criterion in self.rules.register_codes:
            self.register(family_id, criterion)
        events = {"NO_LIVING_MEMBER": "KEMATIAN", "NIK_UNMATCHED": "TIDAK_PADAN"}
        if criterion in events:
            self.civil(family_id, events[criterion])

    def civil(self, family_id: str, kind: str | None = None) -> None:
        """Events of the civil registry: the whole family's or one member's, match events also in ties."""
        kind = kind or self.rng.choice(("KEMATIAN", "KEMATIAN", "PINDAH", "PINDAH", "TIDAK_PADAN", "PADAN", "LAHIR"))
        on, members = self.day(), self.members(family_id)
        for person in members if self.chance(0.5) else members[:1]:
            self.add("dukcapil_peristiwa", self.some_cycle(), nik=person.nik, event_type=kind, event_date=on)
            if kind == "PINDAH" and self.chance(0.4):
                self.survey(family_id, self.around(on), "LAYAK")
            if "PADAN" in kind:
                other = on if self.chance(0.5) else self.day()
                opposite = "PADAN" if kind == "TIDAK_PADAN" else "TIDAK_PADAN"
                self.add("dukcapil_peristiwa", self.some_cycle(), nik=person.nik, event_type=opposite, event_date=other)

    def register(self, family_id: str, register: str | None = None) -> None:
        """A member in a register, sometimes cleared by a verification of about that day."""
        members = self.members(family_id)
        if not members:
            return
        register = register or self.rng.choice(("GAMBLING_FLAG", *sorted(self.rules.register_codes)))
        for _ in range(self.rng.choice((1, 1, 2))):
            nik = self.rng.choice(members).nik
            self.add("register_pengecualian", nik=nik, register=register, as_of_date=self.day())
        if register == "GAMBLING_FLAG" and self.chance(0.6):
            self.survey(family_id)

    def payment(self, family_id: str) -> None:
        """Disbursement results, several of one day or period."""
        programme, on = self.rng.choice(PROGRAMMES), self.day()
        if self.chance(0.4):
            self.survey(family_id, self.around(on), "LAYAK")
        for _ in range(self.rng.randint(1, 4)):
            self.add(
                "hasil_salur",
                self.some_cycle(),
                programme=programme,
                family_id=family_id,
                period=self.rng.choice(("2025-09", "2025-10", "2025-11", "2025-13")),
                result=self.pick("hasil_salur", "result"),
                paid_on=on if self.chance(0.6) else self.day(),
            )
