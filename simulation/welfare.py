"""Welfare: consumption of the families, and the national rank and decile that follow from it.

Consumption a head is a shifted lognormal (`consumption`); a province is shifted so that its published share of
persons is below the poverty line. Deciles hold a tenth of *persons* each, so ranking needs one look at the whole
nation: `Ranking` is a histogram of all families by welfare, which takes the same memory at any size.
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from statistics import NormalDist

import numpy as np
import numpy.typing as npt

from simulation.areas import REGENCY_SPREAD, Province
from simulation.clock import ORIGIN, Month
from simulation.columns import Bytes, Floats, Ints
from simulation.figures import MEAN_CONSUMPTION, POVERTY_LINE, provinces
from simulation.plan import Streams

_BASE, _SIGMA = 0.25, 0.95
#: Part of the spread of measured welfare that is error of the measurement, drawn anew at every visit (assumption).
ERROR = 0.25
#: Part of the spread that is fortune: a job won or lost, an illness; it changes every so many months (assumption).
FORTUNE, FORTUNE_MONTHS = 0.25, 36
#: A family is measured again every so many months (assumption).
VISIT_MONTHS = 12
#: Share of families that are not ranked (assumption), as a rule those that came last.
UNRANKED = 0.005
#: Poor persons over poor families, against all: poor families are larger, so fewer of them must be poor.
_POOR_FAMILY_SIZE = 1.08

_BINS, _EDGE = 1 << 20, 7.0


def consumption(welfare: npt.NDArray[np.floating]) -> npt.NDArray[np.floating]:
    """Rp a head and month of a standard normal welfare score; fits published poverty, Gini and shares."""
    return np.asarray(MEAN_CONSUMPTION * (_BASE + (1 - _BASE) * np.exp(_SIGMA * welfare - _SIGMA**2 / 2)))


def poverty_score() -> float:
    """The welfare score whose consumption is the poverty line."""
    return (math.log((POVERTY_LINE / MEAN_CONSUMPTION - _BASE) / (1 - _BASE)) + _SIGMA**2 / 2) / _SIGMA


def province_shifts() -> Mapping[str, float]:
    """By province: what to add to a standard normal score so that its published share of persons is poor."""
    normal = NormalDist()
    return {p.code: poverty_score() - normal.inv_cdf(p.poverty / _POOR_FAMILY_SIZE) for p in provinces()}


def lasting_spread() -> float:
    """Standard deviation of families around their regency, but for fortune and error."""
    return math.sqrt(1 - REGENCY_SPREAD**2 - ERROR**2 - FORTUNE**2)


def true_welfare(streams: Streams, area: Province, shift: float, village: Ints) -> Floats:
    """The family's lasting score: province, regency and itself; the same in every cycle."""
    place = (area.welfare[area.regency_of[village]] + shift).astype(np.float32)
    return np.asarray(place + np.float32(lasting_spread()) * streams.normal("welfare"), np.float32)


def fortune(streams: Streams, month: Ints) -> Floats:
    """What fortune adds to the score in a month (a Month index for each family): jobs won and lost."""
    phase = np.floor(streams.uniform("fortune turns") * FORTUNE_MONTHS).astype(np.int32)
    turn = (month - ORIGIN.index + phase) // FORTUNE_MONTHS
    drawn = np.zeros(streams.families, np.float32)
    for number in np.unique(turn):
        drawn = np.where(turn == number, streams.normal(f"fortune-{number}"), drawn)
    return np.asarray(np.float32(FORTUNE) * drawn, np.float32)


def visit_months(streams: Streams, cycle: Month) -> tuple[Ints, Ints]:
    """Which visit to the family is the newest, as a running number, and how many months ago it was."""
    phase = np.floor(streams.uniform("visit") * VISIT_MONTHS).astype(np.int32)
    since = cycle.index - ORIGIN.index + phase
    return since // VISIT_MONTHS, since % VISIT_MONTHS


def visit_days(streams: Streams, cycle: Month) -> Ints:
    """The day of the newest visit, days since 1970; at most the day before the cutoff."""
    _, months_ago = visit_months(streams, cycle)
    cutoffs = np.array([(cycle + -back).cutoff_day for back in range(VISIT_MONTHS)], np.int32)
    return np.asarray(cutoffs[months_ago] - 1 - (28 * streams.uniform("visited on")).astype(np.int32))


def measured_welfare(streams: Streams, true: Floats, cycle: Month) -> Floats:
    """The score that ranking sees: the lasting one, fortune at the newest visit, and the error of that visit."""
    visit, months_ago = visit_months(streams, cycle)
    error = np.zeros(len(true), np.float32)
    for number in np.unique(visit):
        drawn = streams.normal(f"error-{number}")
        error = np.where(visit == number, drawn, error)
    return np.asarray(true + fortune(streams, cycle.index - months_ago) + np.float32(ERROR) * error, np.float32)


@dataclass
class Ranking:
    """Families and persons of the nation by measured welfare. Fill with `add`, then `finish`, then ask."""

    scale: float = 1.0  # nation over what was added
    families: Ints = field(default_factory=lambda: np.zeros(_BINS, np.int64))
    persons: Ints = field(default_factory=lambda: np.zeros(_BINS, np.int64))
    _rank: Ints = field(default_factory=lambda: np.zeros(0, np.int64))
    _decile: Ints = field(default_factory=lambda: np.zeros(0, np.int8))

    def add(self, welfare: Floats, sizes: Ints) -> None:
        """Count ranked families and their persons."""
        bins = _bins(welfare)
        np.add.at(self.families, bins, 1)
        np.add.at(self.persons, bins, sizes)

    def finish(self) -> None:
        """Turn counts into ranks and deciles."""
        middle = np.cumsum(self.persons) - self.persons / 2
        self._decile = (1 + np.clip(middle * 10 / max(int(self.persons.sum()), 1), 0, 9)).astype(np.int8)
        self._rank = 1 + ((np.cumsum(self.families) - self.families) * self.scale).astype(np.int64)

    def decile(self, welfare: Floats) -> Bytes:
        """National decile of persons, 1 poorest to 10."""
        return np.asarray(self._decile[_bins(welfare)])

    def rank(self, welfare: Floats) -> Ints:
        """1 and the number of poorer families of the nation; equal families tie."""
        return np.asarray(self._rank[_bins(welfare)])

    def families_by_decile(self) -> npt.NDArray[np.float64]:
        """Ranked families of the nation in each decile; position 0 is empty."""
        return np.asarray(np.bincount(self._decile, self.families, minlength=11) * self.scale, np.float64)


def _bins(welfare: Floats) -> Ints:
    scaled = (welfare + np.float32(_EDGE)) * np.float32(_BINS / (2 * _EDGE))
    return np.asarray(np.clip(scaled, 0, _BINS - 1).astype(np.int32))
