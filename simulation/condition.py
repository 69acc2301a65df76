"""The condition of persons and of their homes: school, work, disability, pregnancy, marriage, and housing by welfare.

All shares here are assumptions that give plausible profiles, poorer families worse; none is a published table, except
where said. Values are positions in the lists of codes below.
"""

from dataclasses import dataclass

import numpy as np

from simulation.clock import Month
from simulation.columns import Bytes, Flags, Floats, Ints
from simulation.persons import CHILD, GRANDCHILD, HEAD, IN_LAW, PARENT, SPOUSE, Persons
from simulation.plan import Streams
from simulation.population import COUPLE, LONE_PARENT, NUCLEAR, SINGLE, SINGLE_ELDERLY, Families

MARITAL = ("BELUM", "KAWIN", "CERAI_HIDUP", "CERAI_MATI")
SCHOOL = ("BELUM", "MASIH", "TIDAK_LAGI")
LEVEL = ("TIDAK_ADA", "SD", "SMP", "SMA", "PT")
YES_NO = ("TIDAK", "YA")
WORK = ("USAHA_SENDIRI", "USAHA_DIBANTU", "BURUH", "PEKERJA_BEBAS", "KELUARGA")
DISABILITY = ("TIDAK_ADA", "RINGAN", "SEDANG", "BERAT")

FLOOR = ("TANAH", "LAINNYA", "BAMBU", "KAYU", "SEMEN", "UBIN", "KERAMIK", "MARMER")
WALL = ("LAINNYA", "BAMBU", "KAYU", "TEMBOK")
ROOF = ("LAINNYA", "IJUK", "BAMBU", "KAYU", "ASBES", "SENG", "GENTENG", "BETON")
TOILET = ("TIDAK_ADA", "UMUM", "BERSAMA", "SENDIRI")
WATER = (
    "LAINNYA",
    "PERMUKAAN",
    "HUJAN",
    "SUMUR_TAK_TERLINDUNG",
    "MATA_AIR",
    "SUMUR_TERLINDUNG",
    "SUMUR_BOR",
    "LEDENG",
    "KEMASAN",
)
POWER = (0, 450, 900, 1300, 2200, 3500)
TENURE = ("MILIK", "BEBAS_SEWA", "SEWA", "DINAS", "LAINNYA")

# By a score of standard deviation sqrt(2): below which value each code of the list above ends.
_CUTS = {
    "floor": (-3.0, -2.9, -2.6, -1.6, 0.3, 0.8, 3.0),
    "wall": (-3.6, -2.6, -1.2),
    "roof": (-4.0, -3.8, -3.7, -3.6, -2.9, -1.3, 2.6),
    "toilet": (-2.6, -2.3, -1.5),
    "water": (-4.0, -3.2, -2.9, -2.2, -1.7, -0.9, 0.3, 1.0),
    "power": (-3.2, -0.9, 0.9, 2.0, 3.0),
}

# Shares of men and women who work, by age.
_WORK_AGES = (0, 14, 15, 19, 24, 30, 50, 60, 65, 75, 99)
_MEN_AT_WORK = (0, 0, 0.12, 0.35, 0.80, 0.94, 0.95, 0.82, 0.62, 0.30, 0.02)
_WOMEN_AT_WORK = (0, 0, 0.08, 0.28, 0.50, 0.54, 0.60, 0.48, 0.36, 0.15, 0.01)


@dataclass(frozen=True)
class Condition:
    """One row a person; positions in the lists of codes, -1 for unknown."""

    marital: Bytes
    school: Bytes
    level: Bytes
    works: Flags
    work: Bytes  # meaningful where works
    disability: Bytes
    pregnant: Ints  # 1 yes, 0 no, -1 not asked


def draw_condition(persons: Persons, families: Families, cycle: Month) -> Condition:
    """Draw what persons do and how they are, as of the cycle."""
    welfare = families.welfare[persons.family]
    years, draw = persons.years(), persons.roster.uniform
    school, level = _school(persons, welfare)
    # a job won or lost is what fortune is made of
    fortune = families.fortune[persons.family]
    works = draw("works") < _work_chance(persons) * (1 + np.float32(0.3) * fortune)
    works &= ~((school == 1) & (draw("works at school") < 0.9))
    by_score = np.searchsorted([0.25, 0.42, 0.72, 0.92], draw("work") - 0.06 * (welfare + fortune)).astype(np.uint8)
    # order of rising poverty: employees and assisted firms above, casual work and family work below
    work = np.array([2, 1, 0, 3, 4], np.uint8)[by_score]
    sick = draw("disability")
    chance = (0.008 + 0.0006 * np.exp(0.052 * years) - 0.003 * np.clip(welfare, -2, 2)).astype(np.float32)
    alone = families.kind[persons.family] == SINGLE
    chance = chance + np.float32(0.05) * alone  # some of those who live alone live with a disability
    disability = np.where(sick < chance * 0.2, 3, np.where(sick < chance * 0.5, 2, np.where(sick < chance, 1, 0)))
    due = np.where(persons.role == SPOUSE, families.birth_month[persons.family], 0)
    expecting = (due >= cycle.index) & (due < cycle.index + 8)
    asked = persons.female & (years >= 12) & (years <= 55)
    return Condition(
        _marital(persons, families),
        school,
        level,
        works,
        work,
        disability.astype(np.uint8),
        np.where(expecting, 1, np.where(asked, 0, -1)).astype(np.int8),
    )


def _school(persons: Persons, welfare: Floats) -> tuple[Bytes, Bytes]:
    """Whether at school, and the highest level attended."""
    years = persons.years()
    draw = persons.roster.uniform("schooling") - np.float32(0.06) * welfare
    leave = 13 + 6.5 * np.clip(1.15 - draw, 0, 1.6)  # age at which school ends; past 19 for the fewer who study
    usual = np.select([years < 7, years < 13, years < 16, years < 19], [0, 1, 2, 3], 4)
    at_school = (years >= 7) & (years < np.minimum(leave, 24)) & ((years < 19) | (draw < 0.28))
    at_school |= (years == 6) & (draw < 0.55)
    usual = np.where((years == 6) & at_school, 1, usual)
    adult = draw + np.clip((years - 25) * 0.008, 0, 0.6)  # the older, the less
    highest = np.select([adult < 0.25, adult < 0.58, adult < 0.78, adult < 1.08], [4, 3, 2, 1], 0)
    grown = np.where(years < 19, np.minimum(highest.clip(1), usual), highest)
    level = np.where(at_school, usual, np.where(years < 7, 0, grown))
    school = np.where(at_school, 1, np.where(years < 7, 0, 2))
    return school.astype(np.uint8), level.astype(np.uint8)


def _work_chance(persons: Persons) -> Floats:
    years = np.clip(persons.years(), 0, 99)
    chance = [np.interp(np.arange(100), _WORK_AGES, shares) for shares in (_MEN_AT_WORK, _WOMEN_AT_WORK)]
    return np.asarray(np.stack(chance)[persons.female.astype(np.int8), years], np.float32)


def _marital(persons: Persons, families: Families) -> Bytes:
    """Heads and spouses by their family, in-laws married, children not, parents mostly widowed."""
    kind, role = families.kind[persons.family], persons.role
    draw, years = persons.roster.uniform("marital"), persons.years()
    widow = 0.35 + 0.6 * np.clip((years - 35) / 40, 0, 1)
    parted = np.where(draw < widow, 3, 2)
    lone_head = np.where(
        (kind == SINGLE_ELDERLY) | (kind == LONE_PARENT), parted, np.where((years < 35) | (draw < 0.4), 0, parted)
    )
    married_head = families.spouse[persons.family] == 1
    three = ~np.isin(kind, (COUPLE, NUCLEAR, LONE_PARENT))
    child = np.where(three & (role == CHILD) & (years > 18), 1, 0)
    return np.select(
        [(role == HEAD) & married_head, role == SPOUSE, role == HEAD, role == CHILD, role == IN_LAW, role == GRANDCHILD]
        + [role == PARENT],
        [1, 1, np.where(lone_head == 0, 0, parted), child, 1, 0, np.where(draw < 0.25, 1, 3)],
        0,
    ).astype(np.uint8)


@dataclass(frozen=True)
class Housing:
    """One row a family; positions in the lists of codes."""

    area: Ints  # tenths of m2
    floor: Bytes
    wall: Bytes
    roof: Bytes
    toilet: Bytes
    water: Bytes
    power: Bytes
    tenure: Bytes


def draw_housing(streams: Streams, families: Families) -> Housing:
    """Draw the homes; the same in every cycle."""

    def graded(attribute: str) -> Bytes:
        score = families.welfare + streams.normal(attribute)
        return np.searchsorted(np.array(_CUTS[attribute], np.float32), score).astype(np.uint8)

    metres = np.exp(3.95 + 0.16 * families.welfare + 0.42 * streams.normal("area")) * (0.72 + 0.09 * families.size)
    return Housing(
        np.clip(metres * 10, 60, 9999).astype(np.int32),
        graded("floor"),
        graded("wall"),
        graded("roof"),
        graded("toilet"),
        graded("water"),
        graded("power"),
        np.searchsorted([0.80, 0.90, 0.975, 0.99], streams.uniform("tenure")).astype(np.uint8),
    )
