"""Persons: the members of a block's families, one row each, with what does not depend on how well they do.

Everyone who was there at ORIGIN comes first, family by family, then the children born since, so that streams of
persons stay in step from cycle to cycle. School, work and disability are in condition.py; who has died or moved is in
events.py.
"""

from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np

from simulation import nik
from simulation.areas import Province
from simulation.clock import EVENT_MONTHS, EVENTS_BEGIN, ORIGIN, Month
from simulation.columns import Bytes, Flags, Floats, Ints
from simulation.couples import can_leave, draw_couples, with_couples
from simulation.plan import Streams
from simulation.population import SINGLE, SINGLE_ELDERLY, Families

ROLES = ("KEPALA", "PASANGAN", "ANAK", "MENANTU", "CUCU", "ORANG_TUA", "FAMILI_LAIN")
HEAD, SPOUSE, CHILD, IN_LAW, GRANDCHILD, PARENT, OTHER = range(7)
YEAR = np.float32(365.2425)
#: Death rate a month: BASE * exp(SLOPE * age), which gives 0.04 % of persons (published: 0.03-0.05 %).
DEATH_BASE, DEATH_SLOPE = 0.000011, 0.075
#: Share of girls among children (fewer among those still at home than among those born).
BORN_FEMALE = 0.472


@dataclass(frozen=True)
class Roster:
    """Who is in a block: rows of all members (present or not) and the streams they are drawn by."""

    streams: Streams
    family: Ints  # row, in the block, of the family that the person was born in or is first known of
    member: Ints  # number in that family, from 1
    role: Bytes  # in that family
    born: Ints  # rows of the families whose child was born since ORIGIN, in step with the last rows

    @property
    def at_origin(self) -> int:
        """How many rows were there at ORIGIN; the rest were born since."""
        return len(self.family) - len(self.born)

    def uniform(self, attribute: str, month: Month | None = None) -> Floats:
        """One number in [0, 1) for each row."""
        first = self.streams(attribute, month).random(self.at_origin, np.float32)
        return np.concatenate([first, self.streams.uniform(f"{attribute}, born since", month)[self.born]])


@dataclass(frozen=True)
class Persons:
    """The members of a block's families; every array has one row a person."""

    roster: Roster
    female: Flags
    birth_day: Ints  # days since 1970
    age: Floats  # years at the cutoff
    death_month: Ints  # Month index
    nik: Bytes  # rows of 16 digits, as they ought to be; defects/everyday.py spoils some
    present: Flags  # still, or already, in the registry
    family: Ints  # row of the family in the block
    role: Bytes  # position in ROLES

    def years(self) -> Ints:
        """Completed years at the cutoff."""
        return self.age.astype(np.int32)

    def by_family(self, flags: Flags, families: int) -> Ints:
        """How many of each family's members have the flag."""
        return np.bincount(self.family[flags], minlength=families)

    @cached_property
    def heads(self) -> Ints:
        """Row of each family's head."""
        return self._of_role(HEAD)

    @cached_property
    def spouses(self) -> Ints:
        """Row of each family's spouse; -1 without one."""
        return self._of_role(SPOUSE)

    def _of_role(self, role: int) -> Ints:
        rows = np.flatnonzero(self.role == role)
        found = np.full(self.roster.streams.families, -1, np.int64)
        found[self.family[rows]] = rows
        return found


def draw_persons(streams: Streams, area: Province, families: Families, cycle: Month) -> tuple[Persons, Families]:
    """Draw the members of the families as of a cycle; and the families, with those founded since after the others.

    The streams of the roster know of the new families.
    """
    first, second = _roster(streams, families)
    female, birth_day = _sex(first, families, second), _birth_days(first, families, second)
    ages = ((ORIGIN.cutoff_day - birth_day) / YEAR).astype(np.float32)
    child = can_leave(families, first.family, first.role == CHILD)
    deaths = _death_months(first, ages)
    couples = draw_couples(streams, child, first.family, female, birth_day, deaths, cycle)
    streams = replace(streams, new=len(couples.month))
    families = with_couples(streams, families, couples, first.family, ages, cycle)

    roster = _with_born(replace(first, streams=streams), families, cycle)
    babies, none = slice(roster.at_origin, None), np.zeros(len(roster.born), np.int32)
    if len(roster.born):
        female = np.concatenate([female, roster.uniform("sex")[babies] < BORN_FEMALE])
        birth_day = np.concatenate([birth_day, _days_of_birth(roster, families)])
    age = np.maximum((cycle.cutoff_day - birth_day) / YEAR, 0).astype(np.float32)
    death_month = _death_months(roster, np.concatenate([ages, none]))

    family, role = roster.family.copy(), roster.role.copy()
    for who, part in ((couples.husband, HEAD), (couples.wife, SPOUSE)):
        family[who] = streams.block.families + np.arange(streams.new)
        role[who] = part

    home = area.district_of[families.registered][roster.family]
    moved = roster.uniform("registered elsewhere")
    other = np.searchsorted(area.cumulative, moved / np.float32(nik.ELSEWHERE))
    elsewhere = area.district_of[np.minimum(other, len(area.villages) - 1)]
    district = np.where(moved < nik.ELSEWHERE, elsewhere, home)
    numbers = nik.make(area, streams.block.number, district, birth_day, female, roster.at_origin)
    present = death_month > cycle.index - EVENT_MONTHS
    return Persons(roster, female, birth_day, age, death_month, numbers, present, family, role), families


def _death_months(roster: Roster, ages: Floats) -> Ints:
    """Month index of each one's death; ``ages`` are those at ORIGIN."""
    rate = np.minimum(DEATH_BASE * np.exp(DEATH_SLOPE * np.maximum(ages, 0)), 0.05)
    months = np.log(np.maximum(roster.uniform("death"), 1e-9)) / np.log1p(-rate)
    return EVENTS_BEGIN.index + np.minimum(months, 6000).astype(np.int32)


def _roster(streams: Streams, families: Families) -> tuple[Roster, Ints]:
    """The rows of the members at ORIGIN, and which of its role in the family each is (from 0)."""
    counts = np.stack(
        [np.ones(len(families.spouse), np.uint8), families.spouse, families.children, families.in_laws]
        + [families.grandchildren, families.parents, families.others]
    )
    ends = np.cumsum(counts, axis=0, dtype=np.int32)  # (roles, families)
    size = ends[-1]
    family = np.repeat(np.arange(len(size), dtype=np.int32), size)
    starts = np.cumsum(size) - size
    place = np.arange(len(family), dtype=np.int32) - starts[family].astype(np.int32)
    role = np.zeros(len(family), np.uint8)
    begin = np.zeros(len(family), np.int32)
    for number in range(HEAD, OTHER):
        after = place >= ends[number][family]
        role += after
        begin = np.where(after, ends[number][family], begin)
    return Roster(streams, family, place + 1, role, np.zeros(0, np.int32)), place - begin


def _with_born(roster: Roster, families: Families, cycle: Month) -> Roster:
    """The roster with the children born since; a birth is registered in the month after it."""
    born = np.flatnonzero((families.birth_month > 0) & (families.birth_month < cycle.index)).astype(np.int32)
    return replace(
        roster,
        family=np.concatenate([roster.family, born]),
        member=np.concatenate([roster.member, families.size[born] + 1]),
        role=np.concatenate([roster.role, np.full(len(born), CHILD, np.uint8)]),
        born=born,
    )


def _sex(roster: Roster, families: Families, second: Ints) -> Flags:
    """Women and girls: wives, most heads without a spouse, and half of the rest."""
    lone = np.where(families.kind == SINGLE_ELDERLY, 0.72, np.where(families.kind == SINGLE, 0.30, 0.78))
    head = np.where(families.spouse == 1, 0.0, lone).astype(np.float32)
    by_role = np.array([0, 1, BORN_FEMALE, 0.5, 0.485, 0.62, 0.5], np.float32)
    chance = np.where(roster.role == HEAD, head[roster.family], by_role[roster.role])
    female = roster.uniform("sex") < chance
    other_parent = (roster.role == PARENT) & (second == 1)
    return np.asarray(np.where(other_parent, np.append(False, ~female[:-1]), female))


def _birth_days(roster: Roster, families: Families, second: Ints) -> Ints:
    """Birth dates, from the ages at ORIGIN."""
    rows, role, spread = roster.family, roster.role, roster.uniform("age")
    head = families.head_age[rows]
    child = (
        families.eldest[rows] - second * families.spacing[rows] - spread * np.minimum(families.spacing[rows], 1) * 0.8
    )
    grandchild = np.maximum(families.eldest[rows] - 21 - 3 * second, 3) * spread
    age = np.select(
        [role == HEAD, role == SPOUSE, role == CHILD, role == IN_LAW, role == GRANDCHILD, role == PARENT],
        [
            head + spread - 0.5,
            families.spouse_age[rows] + spread - 0.5,
            child,
            families.eldest[rows] + 6 * spread - 3,
            grandchild,
            np.maximum(head + 20 + 14 * spread, 45),
        ],
        8 + 62 * spread,
    )
    age = np.clip(age, 0, 103).astype(np.float32)
    day = ORIGIN.cutoff_day - 1 - (age * YEAR).astype(np.int32)
    return np.asarray(day, np.int32)


def _days_of_birth(roster: Roster, families: Families) -> Ints:
    """Birth dates of the children born since, from the month of birth."""
    months = families.birth_month[roster.born]
    cutoffs = {int(month): Month(int(month)).cutoff_day for month in np.unique(months)}
    cutoff = np.array([cutoffs[int(month)] for month in months])
    return np.asarray(cutoff - (28 * roster.uniform("age")[roster.at_origin :]).astype(np.int32), np.int32)
