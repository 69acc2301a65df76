"""The lists of Kemensos as they stand: who is on PKH, Sembako and BLTS Kesra, drawn to the published sizes.

A list is drawn when there is no release of the cycle before; otherwise releases.py carries that release's next list
over. In November 2025, drawn or carried, BLTS Kesra gets the new candidates of the scenario. Quotas are in
deliveries.py.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from simulation import figures
from simulation.clock import Month
from simulation.columns import Bytes, Flags, Floats, Ints, systematic
from simulation.plan import Streams

PROGRAMMES = ("PKH", "SEMBAKO", "BLTS_KESRA")
PKH, SEMBAKO, BLTS = range(3)
RESULTS = ("LAYAK", "TIDAK_LAYAK", "TIDAK_DITEMUKAN", "MENOLAK")
ELIGIBLE, NOT_ELIGIBLE, NOT_FOUND, REFUSED = range(4)
UNSEEN = -1
Found = npt.NDArray[np.int8]
#: BLTS Kesra: its months, and the month of the nomination.
BLTS_MONTHS = (Month.parse("2025-10"), Month.parse("2025-11"), Month.parse("2025-12"))
NOMINATION = BLTS_MONTHS[1]
#: Share of PKH and Sembako that is newly nominated in a drawn list (assumption).
NEWCOMERS = 0.01
#: Where the not eligible of the scenario come from, in millions: in a register or found not eligible though in
#: deciles 1-4; the rest no longer in deciles 1-4, most of them the nearest (the reasons reported: a steady job, a
#: better house, hence a higher decile).
_IN_REGISTER, _FOUND_INSIDE = 0.15, 0.2
#: Those still in verification are these, in millions, less those whose payment is held (a doubtful NIK, not found).
_PENDING = figures.BLTS_PENDING - 0.04
#: Nominations decided in the month after, on average (assumption); the rest wait for the next.
DECIDED = 0.88
#: Of visits, up to and with eligible, not eligible, not found (the rest refused): to nominated, and to active families.
_NOMINATED_RESULTS = (0.80, 0.98, 0.99)
_LISTED_RESULTS = (0.955, 0.99, 0.997)
#: Share of the active families that is visited again in a month (assumption).
RECHECKED = 0.02


def active(programme: int) -> int:
    """The bit of a family that is on the list."""
    return 1 << (2 * programme)


def nominated(programme: int) -> int:
    """The bit of a family that is on the list but not yet verified."""
    return 2 << (2 * programme)


def on(programme: int) -> int:
    """Both bits."""
    return 3 << (2 * programme)


def by_programme(status: Bytes, bit: Callable[[int], int]) -> tuple[Ints, Bytes]:
    """Rows of the families with a programme's bit, and the programmes: one pair for each family and programme."""
    found = [np.flatnonzero((status & bit(programme)) > 0) for programme in range(len(PROGRAMMES))]
    return np.concatenate(found), np.repeat(np.arange(len(PROGRAMMES), dtype=np.uint8), [len(rows) for rows in found])


@dataclass(frozen=True)
class Candidates:
    """What the ministry knows of a block's families when it lists them; one row a family."""

    decile: Bytes  # 0 not ranked
    excluded: Flags  # in a register that excludes
    sound: Flags  # the head lives and has a good NIK
    flagged: Flags  # for gambling; a visit can clear that
    component: Flags  # qualifies for a PKH component
    slowness: Floats  # of its regency, with field verification


@dataclass(frozen=True)
class Listed:
    """One row a family: status bits, those drawn in this cycle (not carried over), what the scenario's visit found."""

    status: Bytes
    drawn: Bytes
    found: Found  # position in RESULTS, UNSEEN


@dataclass(frozen=True)
class Nation:
    """Families of the whole simulated nation: in the reference month, and by decile in this cycle."""

    families: int
    by_decile: npt.NDArray[np.float64]


class _Draw:
    """Draws from the families of a block its share of a national number."""

    def __init__(self, streams: Streams, nation: Nation, decile: Bytes) -> None:
        self.streams, self.nation, self.decile = streams, nation, decile
        self.count = np.bincount(decile, minlength=11)

    def __call__(self, what: str, millions: float, weights: npt.NDArray[Any], low: int, high: int) -> Flags:
        """About ``millions`` of the nation's 95, among deciles ``low`` to ``high``, by weight."""
        nation = float(self.nation.by_decile[low : high + 1].sum()) or 1.0
        here = float(self.count[low : high + 1].sum())
        expected = millions / figures.NATION * self.nation.families * here / nation
        within = (self.decile >= low) & (self.decile <= high)
        return systematic(np.where(within, weights, 0.0), expected, float(self.streams(f"list: {what}").random()))


def draw(streams: Streams, nation: Nation, known: Candidates, before: Bytes | None, cycle: Month) -> Listed:
    """The lists of a block: ``before`` as carried over, or drawn, with the nomination of November."""
    take = _Draw(streams, nation, known.decile)
    if before is None:
        drawn = _regular(take, known)
        if cycle in BLTS_MONTHS:
            drawn = drawn | _blts_regular(take, known, drawn)
        status = drawn
    else:
        status, drawn = before, np.zeros(len(before), np.uint8)
    found = np.full(len(status), UNSEEN, np.int8)
    if cycle == NOMINATION or (before is None and cycle == BLTS_MONTHS[2]):
        carried = int(np.count_nonzero(status & nominated(BLTS)))
        new, found = _nominate(take, known, status, carried)
        status, drawn = status | new, drawn | new
    return Listed(status, drawn, found)


def visit(streams: Streams, listed: Listed, known: Candidates, living: Flags, cycle: Month) -> Found:
    """What this month's visit to each family found: position in RESULTS, UNSEEN without a visit."""
    any_nominated = sum(nominated(programme) for programme in range(len(PROGRAMMES)))
    speed = np.clip(1 - (1 - DECIDED) * known.slowness, 0.3, 1)
    waiting = (listed.status & any_nominated) > 0
    seen = waiting & (streams.uniform("visit nominated", cycle) < speed)
    is_active = (listed.status & (any_nominated >> 1)) > 0
    again = is_active & ~waiting & (streams.uniform("visit active", cycle) < RECHECKED)
    chance = streams.uniform("visit result", cycle)
    codes = np.array([ELIGIBLE, NOT_ELIGIBLE, NOT_FOUND, REFUSED], np.int8)
    result = np.full(len(seen), UNSEEN, np.int8)
    result[seen] = codes[np.searchsorted(_NOMINATED_RESULTS, chance[seen])]
    result[again] = codes[np.searchsorted(_LISTED_RESULTS, chance[again])]
    # the candidates of the nomination are visited as the scenario has it, whatever the pace of other months
    scenario = (listed.drawn & nominated(BLTS)) > 0
    result = np.where(scenario, listed.found, result)
    return np.where(living, result, np.where(result == UNSEEN, UNSEEN, NOT_FOUND)).astype(np.int8)


def _bits(flags: Flags, bit: int) -> Bytes:
    return np.where(flags, bit, 0).astype(np.uint8)


def _regular(take: _Draw, known: Candidates) -> Bytes:
    """PKH and Sembako: 20.25 M families on either, one in seven outside deciles 1-4; eight in ten of PKH on both."""
    lean = np.array([0.5, 1.15, 1.05, 0.95, 0.85, 1.0, 0.5, 0.2, 0.05, 0, 0])[known.decile]
    weight = lean * np.where(known.excluded, 0.1, 1.0) * np.where(known.sound & ~known.flagged, 1.0, 0.6)
    inside = take("regular", figures.REGULAR - 2.8, weight, 1, 4)
    regular = inside | take("regular, decile 5", 2.2, weight, 5, 5) | take("regular, outside", 0.6, weight, 6, 10)
    fitting = np.where(known.component, 1.0, 0.01)
    pkh = take("pkh", figures.PKH - 0.2, regular * fitting, 1, 4) | take("pkh, outside", 0.2, regular * fitting, 5, 10)
    alone = take("pkh alone", figures.REGULAR - figures.SEMBAKO, np.where(pkh, 1.0, 0.0), 1, 4)
    status = _bits(pkh, active(PKH)) | _bits(regular & ~alone, active(SEMBAKO))
    newcomer = regular & (take.streams.uniform("newcomer") < NEWCOMERS) & known.sound & ~known.excluded
    return np.where(newcomer, (status & 0b0101) << 1, status).astype(np.uint8)


def _blts_regular(take: _Draw, known: Candidates, status: Bytes) -> Bytes:
    """The regular recipients that BLTS Kesra began with: nearly all of them in deciles 1-4, and matched."""
    regular = status != 0
    weight = regular * np.where(known.sound & ~known.flagged, 1.0, 0.6) * np.where(known.excluded, 0.05, 1.0)
    inside = take("blts regular", figures.BLTS_REGULAR - 0.12, weight, 1, 4)
    return _bits(inside | take("blts regular, outside", 0.12, weight, 5, 5), active(BLTS))


def _nominate(take: _Draw, known: Candidates, status: Bytes, carried: int) -> tuple[Bytes, Found]:
    """The new candidates of November 2025, and what the field offices found by the cutoff."""
    free = (status == 0) & (known.decile > 0)
    fitting = free & ~known.excluded & known.sound
    less = carried / take.nation.families * figures.NATION if carried else 0.0
    here = take.count[1:5].sum() / (take.nation.by_decile[1:5].sum() or 1.0)
    good = figures.BLTS_ELIGIBLE + figures.BLTS_PENDING - (less / here if here else 0.0)
    inside = take("nominated", max(good, 0.0) + _FOUND_INSIDE, fitting.astype(float), 1, 4)
    refused = take("nominated, found not eligible", _FOUND_INSIDE, inside.astype(float), 1, 4)
    pending = take("nominated, pending", _PENDING, (inside & ~refused & ~known.flagged) * known.slowness, 1, 4)
    register = take("nominated, in a register", _IN_REGISTER, (free & known.excluded).astype(float), 1, 4)
    near = np.array([0, 0, 0, 0, 0, 1.0, 0.6, 0.3, 0.1, 0, 0])[known.decile] * free
    outside = take("nominated, above", figures.BLTS_NOT_ELIGIBLE - _IN_REGISTER - _FOUND_INSIDE, near, 5, 8)

    chance = take.streams.uniform("found at the visit")
    found = np.full(len(status), UNSEEN, np.int8)
    found[inside & ~pending] = ELIGIBLE
    found[refused] = np.where(chance[refused] < 0.92, NOT_ELIGIBLE, REFUSED)
    found[register] = np.where(chance[register] < 0.5, NOT_ELIGIBLE, ELIGIBLE)
    found[outside] = np.select([chance[outside] < 0.70, chance[outside] < 0.73], [NOT_ELIGIBLE, REFUSED], ELIGIBLE)
    found[inside & ~pending & ~refused & (chance < 0.001)] = NOT_FOUND
    return _bits(inside | register | outside, nominated(BLTS)), found
