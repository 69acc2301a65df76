"""Small nasty registries from a seed: every rule of the landing contract and of the decisions, at its edges.

``random_registry`` makes one; the same ``random.Random`` state gives the same registry. Nothing here knows what the
right decisions are.
"""

import random
from datetime import date, timedelta

from tests.oracle import reference
from tests.oracle.draws import PROGRAMMES, Registry
from tests.oracle.households import ROLES
from tests.oracle.reports import Person, Reports

CYCLES = ("2025-11", "2025-12", "2026-01", "2026-02", "2025-06")
REGENCIES = ("3301", "3302", "3401", "3471")
EDGE_AGES = (0, 6, 7, 16, 17, 21, 22, 59, 60, 75)
AREAS = "7.2 14.4 21.6 28.8 36.0 36.04 35.95 21.55 0 0.04 50 1.5E2 -3 999999.95"
UNPARSABLE = (b"x", b'"never closed', b"   ", b"\xff\xfe", b"a\0b")


def random_registry(rng: random.Random, families: int, cycle: str | None = None, raw_lines: bool = False) -> Registry:
    """A registry of so many families. ``raw_lines`` adds records that cannot be parsed (CSV only)."""
    return _Maker(rng, cycle or rng.choice(CYCLES)).make(families, raw_lines)


class _Maker(Reports):
    """Draws the families, their people, the lists and the quotas."""

    def __init__(self, rng: random.Random, cycle: str) -> None:
        super().__init__(rng, cycle)
        self.regencies = rng.sample(REGENCIES, rng.randint(2, 4))
        self.villages = {r: sorted(v for v in reference.villages() if v.startswith(r))[:3] for r in self.regencies}
        self.trouble = rng.choice((0.1, 0.4, 0.8))  # how often something is wrong with a family
        self.listed_share = rng.choice((0.1, 0.4, 0.7))
        self.serial = 0

    def make(self, families: int, raw_lines: bool) -> Registry:
        """Families with their people and everything said of them, then lists, quotas and strays."""
        crowded = self.rng.random() < 0.3  # one regency with more candidates than its waiting list holds
        for number in range(families):
            regency = self.regencies[0] if crowded and number % 8 else self.rng.choice(self.regencies)
            self.family(f"F-{number:03d}", regency)
        for number in range(self.rng.randint(0, 4)):  # listed, but the registry does not know them
            self.list_rows(f"X-{number}", None, 0.9)
            self.survey(f"X-{number}")
        self.quotas(families)
        self.strays()
        if raw_lines:
            for source, rows in self.registry.deliveries[self.registry.cycle].items():
                if source != "kuota_program" and self.chance(0.5):
                    rows.insert(self.rng.randint(0, len(rows)), self.rng.choice(UNPARSABLE))
        return self.registry

    def family(self, family_id: str, regency: str) -> None:
        """A family's row or rows, its people, and what is said of it."""
        village = self.rng.choice(self.villages[regency])
        if self.chance(0.03):
            village = self.rng.choice((f"{regency}011999", "9999011001", "33010120", f"{regency}01100A", ""))
        source = "dtsen_keluarga"
        clean = self.chance(0.6)
        values: dict[str, object] = {
            "family_id": family_id if self.chance(0.99) else family_id.lower(),
            "family_card_no": self.rng.choice((None, "3301010101010001")),
            "village_code": village or None,
            "welfare_decile": self.rng.choice(
                ("1", "1", "2", "3", "4", "5", "6", None, "11", "x") if not clean else "11234"
            ),
            "welfare_rank": self.rng.choice(
                ("1", "2", "2", "7", "30", None, "0", "9223372036854775807", "9223372036854775808")
            ),
            "floor_area_m2": None if clean else self.rng.choice(AREAS.split()),
            "floor_material": self.pick(source, "floor_material"),
            "wall_material": self.pick(source, "wall_material"),
            "roof_material": "SENG" if clean else self.pick(source, "roof_material"),
            "toilet": "SENDIRI" if clean else self.pick(source, "toilet"),
            "drinking_water": self.pick(source, "drinking_water"),
            "electricity_va": self.rng.choice(("0", "450", "900", "1300", "2200", "3500", "1000", None)),
            "tenure": self.pick(source, "tenure"),
            "updated_on": self.day() if self.chance(0.99) else self.rng.choice((None, "2025-02-29", "17-11-2025")),
        }
        self.add(source, **values)
        if self.chance(0.03):  # another row of the key: older, newer or of the same day, the same or another
            again = {**values, "updated_on": self.rng.choice((values["updated_on"], self.day()))}
            self.add(source, **{**again, "welfare_decile": self.rng.choice((values["welfare_decile"], "3"))})
        for number in range(1, self.rng.choice((1, 1, 1, 2, 2, 3, 5)) + 1 if self.chance(0.97) else 1):
            self.person(family_id, number)
        self.list_rows(family_id, village, self.listed_share)
        if self.chance(self.trouble):
            for _ in range(self.rng.randint(1, 2)):
                self.rng.choice((self.survey, self.objection, self.civil, self.civil, self.register, self.payment))(
                    family_id
                )

    def person(self, family_id: str, number: int) -> None:
        """A person; the first is mostly an adult head."""
        rng, source = self.rng, "dtsen_individu"
        head = number == 1 and self.chance(0.9)
        age = rng.choice((30, 45, 59, 60, 17)) if head else rng.choice(EDGE_AGES)
        born = self.cutoff.replace(year=self.cutoff.year - age) + timedelta(days=rng.choice((0, 0, 1, -40)))
        sex = rng.choice("LP")
        nik = self.nik(born, sex)
        role = "KEPALA" if head else rng.choice(ROLES[1:])
        at_school = 6 <= age <= 22 and self.chance(0.6)
        values: dict[str, object] = {
            "person_id": f"{family_id}-{number}",
            "family_id": family_id,
            "nik": nik,
            "full_name": rng.choice(("Siti", "Budi", None)),
            "sex": sex,
            "birth_date": born,
            "family_role": role,
            "marital_status": self.pick(source, "marital_status"),
            "school_participation": "MASIH" if at_school else self.pick(source, "school_participation", 0.02),
            "school_level": rng.choice(("SD", "SMP", "SMA")) if at_school else self.pick(source, "school_level", 0.02),
            "working": self.pick(source, "working"),
            "work_status": self.pick(source, "work_status"),
            "disability": "TIDAK_ADA" if self.chance(0.8) else self.pick(source, "disability", 0.05),
            "pregnant": "TIDAK" if self.chance(0.8) else self.pick(source, "pregnant", 0.05),
            "updated_on": self.day(),
        }
        if self.chance(0.01):  # a row that is rejected
            column, text = rng.choice(
                [("birth_date", self.cutoff + timedelta(days=1)), ("birth_date", "1899-12-31"), ("sex", "X"),
                 ("family_role", None), ("person_id", "p 1"), ("updated_on", "x")]
            )  # fmt: skip
            values[column] = text
        self.add(source, **values)
        self.persons.append(Person(f"{family_id}-{number}", family_id, nik))
        if self.chance(0.01):  # another row of the key, perhaps in another family
            self.add(
                source, **{**values, "family_id": rng.choice((family_id, "F-000", "NOBODY")), "updated_on": self.day()}
            )

    def nik(self, born: date, sex: str) -> str | None:
        """Mostly well formed and one's own."""
        self.serial += 1
        day = born.day + (40 if sex == "P" else 0)
        nik = f"330101{day:02d}{born.month:02d}{born.year % 100:02d}{self.serial:04d}"
        if self.chance(0.9):
            return nik
        others = [person.nik for person in self.persons[-12:] if person.nik] or [nik]  # this family's and neighbours'
        wrong = (
            None,
            nik[:15],
            nik[:12] + "0000",
            nik[:6] + "72" + nik[8:],
            nik[:6] + "3102" + nik[10:],
            nik[:15] + "x",
        )
        odd = (nik[:6] + "2902" + nik[10:], "999999" + nik[6:], nik[:10] + "00" + nik[12:])  # well formed
        return self.rng.choice((*wrong, *odd, *self.rng.choices(others, k=6)))

    def list_rows(self, family_id: str, village: str | None, share: float) -> None:
        """The programmes' lists, with rows that are rejected."""
        for programme in PROGRAMMES:
            if not self.chance(share):
                continue
            since = self.day()
            values: dict[str, object] = {
                "programme": programme,
                "family_id": family_id,
                "status": "AKTIF" if self.chance(0.7) else "CALON",
                "listed_since": since,
                "channel": self.pick("kemensos_penerima", "channel", 0.03),
                "village_code": self.rng.choice((village, village, None, "3301012001", "9999011001", "3301019999")),
            }
            if self.chance(0.03):
                column, text = self.rng.choice(
                    [("status", "LAIN"), ("status", None), ("listed_since", "2025/01/01"), ("listed_since", None),
                     ("programme", "LAIN"), ("family_id", "f 1")]
                )  # fmt: skip
                self.add("kemensos_penerima", **{**values, column: text})
                if self.chance(0.5):
                    continue
            self.add("kemensos_penerima", **values)
            if values["status"] == "CALON" and self.chance(0.5):
                self.survey(family_id, self.around(since), "LAYAK")
            if self.chance(0.02):
                self.add("kemensos_penerima", **{**values, "status": "CALON", "listed_since": self.day()})

    def quotas(self, families: int) -> None:
        """Of the nation, of regencies (one of them perhaps without families), of both, or none."""
        listed = int(families * self.listed_share)
        for programme in PROGRAMMES:
            if self.chance(0.5):
                quota = max(0, listed + self.rng.randint(-5, 6))
                self.add("kuota_program", programme=programme, area_code="ID", quota=quota)
            if self.chance(0.6):
                even = self.rng.randint(1, max(1, 2 * listed // len(self.regencies)))
                for regency in self.rng.sample(REGENCIES, self.rng.randint(1, 4)):
                    quota = even if self.chance(0.5) else self.rng.randint(0, even + 3)
                    self.add("kuota_program", programme=programme, area_code=regency, quota=quota)

    def strays(self) -> None:
        """Rows about nobody, and proposals."""
        self.add("register_pengecualian", nik="3301010101010001", register="LAIN", as_of_date=self.day())
        self.add("register_pengecualian", nik="3301010101010001", register="ASN", as_of_date=self.day())
        self.add("dtsen_individu", person_id="P-STRAY", family_id="NOBODY", sex="L", family_role="KEPALA",
                 birth_date="1980-01-01", updated_on="2025-01-01")  # fmt: skip
        self.add("usulan", self.some_cycle(), proposal_id="U-1", full_name="Contoh", sex="P", birth_date="1990-01-01",
                 village_code="?", programme="PKH", proposed_on=self.day(), channel="MUSDES")  # fmt: skip
