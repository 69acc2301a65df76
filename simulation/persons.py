"""Persons: the members of a block's families, one row each, with what does not depend on how well they do.

Everyone who was there at ORIGIN comes first, family by family, then the children born since, so that streams of
persons stay in step from cycle to cycle. School, work and disability are in condition.py; who has died or moved is in
events.py.
"""

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from simulation import nik
from simulation.areas import Province
from simulation.clock import EVENT_MONTHS, EVENTS_BEGIN, ORIGIN, Month
from simulation.columns import Bytes, Flags, Floats, Ints
from simulation.plan import Streams
from simulation.population import SINGLE, SINGLE_ELDERLY, Families

ROLES = ("KEPALA", "PASANGAN", "ANAK", "MENANTU", "CUCU", "ORANG_TUA", "FAMILI_LAIN")
HEAD, SPOUSE, CHILD, IN_LAW, GRANDCHILD, PARENT, OTHER = range(7)
YEAR = np.float32(365.2425)
#: Death rate a month: BASE * exp(SLOPE * age), which gives 0.04 % of persons (published: 0.03-0.05 %).
DEATH_BASE, DEATH_SLOPE = 0.000011, 0.075


@dataclass(frozen=True)
class Roster:
    """Who is in a block: rows of all members (present or not) and the streams they are drawn by."""

    streams: Streams
    family: Ints  # row of the family in the block
    member: Ints  # number in the family, from 1
    role: Bytes
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

    @property
    def family(self) -> Ints:
        """Row of the family in the block."""
        return self.roster.family

    @property
    def role(self) -> Bytes:
        """Position in ROLES."""
        return self.roster.role

    def years(self) -> Ints:
        """Completed years at the cutoff."""
        return self.age.astype(np.int32)

    def by_family(self, flags: Flags, families: int) -> Ints:
        """How many of each family's members have the flag."""
        return np.bincount(self.family[flags], minlength=families)

    @cached_property
    def heads(self) -> Ints:
        """Row of each family's head."""
        return np.flatnonzero(self.role == HEAD)


def draw_persons(streams: Streams, area: Province, families: Families, cycle: Month) -> Persons:
    """Draw the members of the families as of a cycle."""
    roster, second = _roster(streams, families, cycle)
    female = _sex(roster, families, second)
    birth_day = _birth_days(roster, families, second)
    age = np.maximum((cycle.cutoff_day - birth_day) / YEAR, 0).astype(np.float32)
    at_origin = np.maximum((ORIGIN.cutoff_day - birth_day) / YEAR, 0).astype(np.float32)
    rate = np.minimum(DEATH_BASE * np.exp(DEATH_SLOPE * at_origin), 0.05)
    months = np.log(np.maximum(roster.uniform("death"), 1e-9)) / np.log1p(-rate)
    death_month = EVENTS_BEGIN.index + np.minimum(months, 6000).astype(np.int32)

    home = area.district_of[families.village][roster.family]
    moved = roster.uniform("registered elsewhere")
    other = np.searchsorted(area.cumulative, moved / np.float32(nik.ELSEWHERE))
    elsewhere = area.district_of[np.minimum(other, len(area.villages) - 1)]
    district = np.where(moved < nik.ELSEWHERE, elsewhere, home)
    return Persons(
        roster,
        female,
        birth_day,
        age,
        death_month,
        nik.make(area, streams.block.number, district, birth_day, female, roster.at_origin),
        death_month > cycle.index - EVENT_MONTHS,
    )


def _roster(streams: Streams, families: Families, cycle: Month) -> tuple[Roster, Ints]:
    """The rows of the members, and which of its role in the family each is (from 0)."""
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
    # a birth is registered in the month after it
    born = np.flatnonzero((families.birth_month > 0) & (families.birth_month < cycle.index)).astype(np.int32)
    roster = Roster(
        streams,
        np.concatenate([family, born]),
        np.concatenate([place + 1, size[born] + 1]),
        np.concatenate([role, np.full(len(born), CHILD, np.uint8)]),
        born,
    )
    return roster, np.concatenate([place - begin, np.zeros(len(born), np.int32)])


def _sex(roster: Roster, families: Families, second: Ints) -> Flags:
    """Women and girls: wives, most heads without a spouse, and half of the rest."""
    lone = np.where(families.kind == SINGLE_ELDERLY, 0.72, np.where(families.kind == SINGLE, 0.30, 0.78))
    head = np.where(families.spouse == 1, 0.0, lone).astype(np.float32)
    by_role = np.array([0, 1, 0.472, 0.5, 0.485, 0.62, 0.5], np.float32)
    chance = np.where(roster.role == HEAD, head[roster.family], by_role[roster.role])
    female = roster.uniform("sex") < chance
    other_parent = (roster.role == PARENT) & (second == 1)
    return np.asarray(np.where(other_parent, np.append(False, ~female[:-1]), female))


def _birth_days(roster: Roster, families: Families, second: Ints) -> Ints:
    """Birth dates, from the ages at ORIGIN; of children born since, from the month of birth."""
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
    if len(roster.born):
        months = families.birth_month[roster.born]
        cutoffs = {int(month): Month(int(month)).cutoff_day for month in np.unique(months)}
        cutoff = np.array([cutoffs[int(month)] for month in months])
        day[roster.at_origin :] = cutoff - (28 * spread[roster.at_origin :]).astype(np.int32)
    return np.asarray(day, np.int32)
