"""Families: where they live, who belongs to them, how well off they are. Members one by one are in persons.py.

`draw_families` is the part that the ranking needs of the whole nation, so it draws nothing else. All ages are those of
ORIGIN; the composition is of that month too, and changes by births, deaths (events.py) and new couples (couples.py).
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from simulation.areas import Province
from simulation.clock import EVENTS_BEGIN, ORIGIN, Month
from simulation.columns import Bytes, Flags, Floats, Ints
from simulation.plan import Block, Streams
from simulation.welfare import UNRANKED, fortune, measured_welfare, true_welfare, visit_months

SINGLE, COUPLE, SINGLE_ELDERLY, LONE_PARENT, NUCLEAR, THREE_GENERATIONS = range(6)
#: Share of families up to and with each kind, by rising size; the draw is tilted so that richer families are smaller.
_KINDS = np.cumsum([0.115, 0.185, 0.055, 0.085, 0.475]).astype(np.float32)
_TILT = np.float32(0.022)
#: Children after the first: mean, and by how much a step of welfare lowers it (assumption; sizes are checked in the
#: tests).
_MORE_CHILDREN, _FERTILITY_SLOPE = 0.69, 0.13
MAX_CHILDREN = 6
#: Chance a month that a couple of child-bearing age has its next child; births begin in ORIGIN.
BIRTH_RATE = 0.0125
#: Moves a month, share of families, with all their members (508,069 of 271 M persons in November 2020, Dukcapil).
MOVES = 0.0019


@dataclass(frozen=True)
class Families:
    """The families of a block; every array has one row a family. Ages in years at ORIGIN."""

    block: Block
    village: Ints  # position in the province's villages, as the newest visit found it
    registered: Ints  # where it lived first
    kind: Bytes
    welfare: Floats  # lasting score
    fortune: Floats  # what fortune adds to it in the cycle
    measured: Floats  # score at the newest visit
    ranked: Flags
    head_age: Floats
    spouse_age: Floats  # 0 without a spouse
    eldest: Floats  # age of the eldest child at home
    spacing: Floats  # years between children
    spouse: Bytes  # 0 or 1, like all counts below
    children: Bytes
    in_laws: Bytes
    grandchildren: Bytes
    parents: Bytes
    others: Bytes
    birth_month: Ints  # Month index of the next child; 0 for none
    move_month: Ints  # Month index of its move to another village of the province
    founded: Ints  # Month index; 0 for those that were there at ORIGIN
    founder: Ints  # of those founded since, the row of the husband among the persons of ORIGIN

    @property
    def size(self) -> Ints:
        """Members at ORIGIN."""
        counts = (self.spouse, self.children, self.in_laws, self.grandchildren, self.parents, self.others)
        return np.asarray(1 + sum(count.astype(np.int32) for count in counts))


def draw_families(streams: Streams, area: Province, shift: float, cycle: Month) -> Families:
    """Draw the families of a block; ``shift`` is the province's, of `welfare.province_shifts`."""
    village, other = (
        _village(area, streams(attribute).random(streams.families)) for attribute in ("village", "moved to")
    )
    stay = np.log(np.maximum(streams.uniform("move"), 1e-9)) / np.log1p(-MOVES)
    move_month = EVENTS_BEGIN.index + np.minimum(stay, 6000).astype(np.int32)
    moved = move_month < cycle.index - visit_months(streams, cycle)[1]
    welfare = true_welfare(streams, area, shift, village)
    kind = np.searchsorted(_KINDS, streams.uniform("kind") - _TILT * welfare).astype(np.uint8)
    paired = np.isin(kind, (COUPLE, NUCLEAR)) | ((kind == THREE_GENERATIONS) & (streams.uniform("widowed") < 0.6))
    with_children = np.isin(kind, (NUCLEAR, LONE_PARENT))
    # the wife's age in couples, the head's in all others
    age = _ages(streams, kind)
    head_age = np.where(paired, age + np.clip(3.5 + 3.0 * streams.normal("age gap"), -5, 15), age)
    head_age = np.clip(head_age, 17.5, 96).astype(np.float32)

    eldest = np.clip(age - 19.5 - 6 * streams.uniform("first birth"), 0.2, 30).astype(np.float32)
    more = _poisson(streams.uniform("children"), _MORE_CHILDREN * np.exp(-_FERTILITY_SLOPE * welfare))
    more = np.minimum(more, (eldest / np.float32(1.8)).astype(np.int8))
    children = np.where(with_children, 1 + np.minimum(more, MAX_CHILDREN - 1), 0).astype(np.uint8)
    spacing = np.minimum(eldest / np.maximum(children, 1), 2.0 + 3.0 * streams.uniform("spacing")).astype(np.float32)

    three = kind == THREE_GENERATIONS
    eldest = np.where(three, np.clip(head_age - 22 - 8 * streams.uniform("first birth"), 19, 50), eldest)
    grand = 1 + (streams.uniform("grandchildren") * 2.2).astype(np.uint8)
    extended = streams.uniform("parents")
    fertile = paired & np.isin(kind, (COUPLE, NUCLEAR)) & (age < 42)
    wait = np.log(np.maximum(streams.uniform("birth"), 1e-9)) / np.log1p(-BIRTH_RATE)
    return Families(
        block=streams.block,
        village=np.where(moved, other, village),
        registered=village,
        kind=kind,
        welfare=welfare,
        fortune=fortune(streams, np.full(streams.families, cycle.index)),
        measured=measured_welfare(streams, welfare, cycle),
        ranked=streams.uniform("ranked") >= UNRANKED,
        head_age=head_age,
        spouse_age=np.where(paired, age, 0).astype(np.float32),
        eldest=eldest.astype(np.float32),
        spacing=spacing,
        spouse=paired.astype(np.uint8),
        children=np.where(three, 1, children).astype(np.uint8),
        in_laws=(three & (streams.uniform("in-law") < 0.85)).astype(np.uint8),
        grandchildren=np.where(three, grand, 0).astype(np.uint8),
        parents=np.where(with_children & (extended < 0.15), 1 + (extended < 0.03), 0).astype(np.uint8),
        others=(streams.uniform("others") < np.where(kind >= LONE_PARENT, 0.035, 0)).astype(np.uint8),
        birth_month=np.where(fertile, ORIGIN.index + np.minimum(wait, 600).astype(np.int32), 0),
        move_month=move_month,
        founded=np.zeros(streams.families, np.int32),
        founder=np.zeros(streams.families, np.int32),
    )


def _village(area: Province, uniform: npt.NDArray[np.float64]) -> Ints:
    return np.minimum(np.searchsorted(area.cumulative, uniform), len(area.villages) - 1).astype(np.int32)


def _ages(streams: Streams, kind: Bytes) -> Floats:
    """Ages that a family is built around, by its kind."""
    uniform, normal = streams.uniform("age"), streams.normal("age")
    young = streams.uniform("young")
    elderly = 60 - 10.5 * np.log(np.maximum(1 - uniform, 1e-4))
    couple = np.where(young < 0.32, 19 + 12 * uniform, 46 + 17 * np.sqrt(uniform) + 5 * normal)
    single = np.where(young < 0.55, 19 + 16 * uniform, 35 + 24.9 * uniform)
    parent = np.clip(36.5 + 8.5 * normal, 19, 60)
    lone = np.clip(41 + 9 * normal, 19, 66)
    three = np.clip(63 + 8 * normal, 46, 92)
    by_kind = np.choose(kind, [single, couple, elderly, lone, parent, three])
    return np.asarray(np.clip(by_kind, 18, 96), np.float32)


def _poisson(uniform: Floats, mean: Floats) -> Bytes:
    """Poisson counts up to 6 by inversion, from one uniform number each."""
    term = np.exp(-mean)
    cumulative = term
    count = np.zeros(len(mean), np.uint8)
    for number in range(1, MAX_CHILDREN + 1):
        count += uniform > cumulative
        term = term * mean / number
        cumulative = cumulative + term
    return count
