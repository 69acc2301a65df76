"""Persons and families as the decision rules see them: NIK, deaths, payee, housing, PKH, field verification."""

from collections import defaultdict
from collections.abc import Collection, Iterable
from dataclasses import dataclass, field
from datetime import date, timedelta
from decimal import Decimal
from typing import cast

from tests.oracle.rules import Rules
from tests.oracle.staging import Record, Staged
from tests.oracle.values import nik_is_well_formed

ROLES = ("KEPALA", "PASANGAN", "ANAK", "MENANTU", "ORANG_TUA", "CUCU", "FAMILI_LAIN", "LAINNYA")
SCHOOLS = {"school_sd": "SD", "school_smp": "SMP", "school_sma": "SMA"}
PKH_FACTS = {"school_participation", "school_level", "disability", "pregnant"}


@dataclass
class Person:
    """An accepted person. ``usable`` and ``unmatched`` speak of the NIK; ``uncertain`` of a PKH fact lost to a flag."""

    values: dict[str, object]
    person_id: str
    family_id: str
    nik: str | None
    age: int
    uncertain: bool
    well_formed: bool
    unmatched: bool = False
    usable: bool = False
    dead: bool = False

    def says(self, column: str, *codes: str) -> bool:
        """Whether a column holds one of these codes."""
        return self.values[column] in codes


@dataclass
class Verification:
    """A family's verifications that count: the newest date within the validity, and its distinct results."""

    on: date
    results: set[str]

    @property
    def result(self) -> str | None:
        """The one result, None when they conflict."""
        return next(iter(self.results)) if len(self.results) == 1 else None


@dataclass
class Family:
    """An accepted family with its accepted persons and what the rules derive from them."""

    values: dict[str, object]
    family_id: str
    village: str
    decile: int | None
    rank: int | None
    updated_on: date
    persons: list[Person] = field(default_factory=list)
    incomplete: bool = False
    payee: Person | None = None
    priority_class: int = 9
    components: dict[str, int] = field(default_factory=dict)
    pkh_amount: int = 0

    @property
    def living(self) -> list[Person]:
        """Persons who are not dead."""
        return [person for person in self.persons if not person.dead]


def build(staged: Staged, rules: Rules, death_denied: Collection[str]) -> dict[str, Family]:
    """Every accepted family by id; ``death_denied``: families whose objection to NO_LIVING_MEMBER was upheld."""
    families = {}
    for record in staged.accepted("dtsen_keluarga"):
        values = cast(dict[str, object], record.values)
        families[str(values["family_id"])] = Family(
            values,
            str(values["family_id"]),
            str(values["village_code"]),
            cast(int | None, values["welfare_decile"]),
            cast(int | None, values["welfare_rank"]),
            cast(date, values["updated_on"]),
        )
    persons = [_person(record, rules.cutoff) for record in staged.accepted("dtsen_individu")]
    _judge_niks(persons, staged, rules.cutoff)
    dead = {nik for nik, _ in events(staged, "KEMATIAN", rules.cutoff)}
    for person in persons:
        person.dead = person.usable and person.nik in dead and person.family_id not in death_denied
        families[person.family_id].persons.append(person)
    # a rejected row makes a family incomplete, except one that a newer or equal row of the same key replaced
    named = {
        r.text("id_keluarga") for r in staged.rejected("dtsen_individu") if r.rule not in ("superseded", "unparsable")
    }
    for family in families.values():
        family.incomplete = not family.persons or family.family_id in named
        family.payee = payee(family.living, rules)
        family.priority_class = priority_class(family, rules)
        family.components = components(family.living, rules)
        family.pkh_amount = pkh_amount(family.living, rules)
    return families


def _person(record: Record, cutoff: date) -> Person:
    values = cast(dict[str, object], record.values)
    nik = cast(str | None, values["nik"])
    return Person(
        values,
        str(values["person_id"]),
        str(values["family_id"]),
        nik,
        age_at(cast(date, values["birth_date"]), cutoff),
        bool(record.emptied & PKH_FACTS),
        nik is not None and nik_is_well_formed(nik),
    )


def age_at(birth_date: date, day: date) -> int:
    """Completed years."""
    return day.year - birth_date.year - ((day.month, day.day) < (birth_date.month, birth_date.day))


def events(staged: Staged, kind: str, cutoff: date) -> list[tuple[str, date]]:
    """(NIK, date) of the civil registry's events of one kind up to the cutoff."""
    return [
        (str(record.values["nik"]), cast(date, record.values["event_date"]))
        for record in staged.accepted("dukcapil_peristiwa")
        if record.values["event_type"] == kind and cast(date, record.values["event_date"]) <= cutoff
    ]


def _judge_niks(persons: list[Person], staged: Staged, cutoff: date) -> None:
    """Which NIK are unmatched and which usable."""
    newest: dict[str, tuple[date, bool]] = {}  # by NIK the newest match event; True (TIDAK_PADAN) wins a tie
    for kind, unmatched in (("TIDAK_PADAN", True), ("PADAN", False)):
        for nik, day in events(staged, kind, cutoff):
            newest[nik] = max(newest.get(nik, (date.min, False)), (day, unmatched))
    holders: dict[str, int] = defaultdict(int)
    for person in persons:
        if person.nik is not None:
            holders[person.nik] += 1
    for person in persons:
        if person.nik is not None:
            person.unmatched = newest.get(person.nik, (date.min, False))[1]
            person.usable = person.well_formed and holders[person.nik] == 1 and not person.unmatched


def payee(living: Iterable[Person], rules: Rules) -> Person | None:
    """The living adult who comes first by: usable NIK, role, earlier birth date, person_id."""
    adults = [person for person in living if person.age >= rules.number("payee_min_age")]

    def order(person: Person) -> tuple[bool, int, date, str]:
        role = ROLES.index(str(person.values["family_role"]))
        return not person.usable, role, cast(date, person.values["birth_date"]), person.person_id

    return min(adults, key=order, default=None)


def priority_class(family: Family, rules: Rules) -> int:
    """1 single elderly, 2 single disabled, 3 unfit housing, 4 no steady work, 5 low power, else 9."""
    living, payee = family.living, family.payee
    electricity = cast(int | None, family.values["electricity_va"])
    if len(living) == 1 and living[0].age >= rules.number("elderly_min_age"):
        return 1
    if len(living) == 1 and living[0].says("disability", "SEDANG", "BERAT"):
        return 2
    if unfit_housing(family, rules):
        return 3
    if payee and (payee.says("working", "TIDAK") or payee.says("work_status", "PEKERJA_BEBAS")):
        return 4
    if electricity is not None and electricity <= rules.number("low_power_max_va"):
        return 5
    return 9


def unfit_housing(family: Family, rules: Rules) -> bool:
    """Floor, roof, crowding or toilet; what is not known does not count."""
    values, size = family.values, len(family.living)
    area = cast(Decimal | None, values["floor_area_m2"])
    crowded = area is not None and size > 0 and area < rules.parameters["min_floor_area_per_person_m2"] * size
    return (
        values["floor_material"] in ("TANAH", "LAINNYA")
        or values["roof_material"] in ("IJUK", "LAINNYA")
        or values["toilet"] in ("UMUM", "TIDAK_ADA")
        or crowded
    )


def qualifies_for(person: Person, rules: Rules) -> set[str]:
    """The PKH components in force that a living person qualifies for."""

    def aged(code: str) -> bool:
        component = rules.components[code]
        low, high = component.age_min, component.age_max
        return (low is None or person.age >= low) and (high is None or person.age <= high)

    schools = {
        code
        for code, level in SCHOOLS.items()
        if code in rules.components
        and person.says("school_participation", "MASIH")
        and person.says("school_level", level)
        and aged(code)
    }
    others = {
        "pregnant": person.says("sex", "P") and person.says("pregnant", "YA"),
        "early_childhood": not schools,
        "severe_disability": person.says("disability", "BERAT"),
        "elderly": person.age >= rules.number("elderly_min_age"),
    }
    return schools | {code for code, holds in others.items() if holds and code in rules.components and aged(code)}


def components(living: Iterable[Person], rules: Rules) -> dict[str, int]:
    """Places a family has in each component: persons who qualify, at most its cap."""
    places: dict[str, int] = defaultdict(int)
    for person in living:
        for code in qualifies_for(person, rules):
            places[code] = min(places[code] + 1, rules.components[code].cap)
    return dict(places)


def pkh_amount(living: list[Person], rules: Rules) -> int:
    """Rupiah a quarter: the K most valuable places, K = the smaller of 4 and the persons who qualify for anything."""
    amounts = sorted(
        (rules.components[code].amount for code, n in components(living, rules).items() for _ in range(n)), reverse=True
    )
    qualifying = sum(bool(qualifies_for(person, rules)) for person in living)
    return sum(amounts[: min(rules.number("pkh_max_persons"), qualifying)])


def verifications(staged: Staged, rules: Rules) -> dict[str, Verification]:
    """By family the newest date with verifications within their validity, and the results of that date."""
    first = rules.cutoff - timedelta(days=rules.number("verification_validity_days"))
    found: dict[str, Verification] = {}
    for record in staged.accepted("verifikasi_lapangan"):
        family_id, result = str(record.values["family_id"]), str(record.values["result"])
        day = cast(date, record.values["verified_on"])
        if not first <= day <= rules.cutoff:
            continue
        known = found.get(family_id)
        if known is None or day > known.on:
            found[family_id] = Verification(day, {result})
        elif day == known.on:
            known.results.add(result)
    return found
