"""New families: grown children leave home and marry somebody else's, in the same part of the country.

In the order in which they are ready, the k-th man of a block founds a family with the k-th woman. So the order of the
new families of a block never changes, and in each cycle they follow its first families, the oldest first.
"""

from dataclasses import dataclass, fields, replace
from typing import Any

import numpy as np

from simulation.clock import ORIGIN, REFERENCE, Month
from simulation.columns import Flags, Floats, Ints
from simulation.plan import Streams
from simulation.population import BIRTH_RATE, COUPLE, THREE_GENERATIONS, Families
from simulation.welfare import lasting_spread, measured_welfare

#: The first month in which families are founded: in the reference month, families are as many as were asked for.
FOUNDING_BEGINS = REFERENCE + 1
#: From this age on a child leaves home, with this chance a month (assumptions: they give the published growth of
#: families of 2.1 % a year, against those that die out).
LEAVING_AGE, LEAVING = 20, 0.022
#: Newly-weds have their first child sooner than others their next.
FIRST_CHILD = 2.5 * BIRTH_RATE
NEVER = 1 << 30


@dataclass(frozen=True)
class Couples:
    """The families founded up to a cycle, in order: rows of husband and wife, and the Month index of the founding."""

    husband: Ints
    wife: Ints
    month: Ints


def draw_couples(
    streams: Streams, child: Flags, family: Ints, female: Flags, birth_day: Ints, death_month: Ints, cycle: Month
) -> Couples:
    """Who has founded a family by ``cycle``, of the persons at ORIGIN; arrays have one row a person."""
    none = np.zeros(0, np.int64)
    if cycle < FOUNDING_BEGINS:
        return Couples(none, none, none)
    draw = streams("leaving home").random(len(child))
    wait = np.log(np.maximum(draw, 1e-12)) / np.log1p(-LEAVING)
    grown = ORIGIN.index + (birth_day + LEAVING_AGE * 365.25 - ORIGIN.cutoff_day) / 30.44
    ready = np.maximum(grown, FOUNDING_BEGINS.index).astype(np.int64) + np.minimum(wait, 6000).astype(np.int64)
    able = child & (death_month > ready)
    queues = []
    for sex in (False, True):
        rows = np.flatnonzero(able & (female == sex) & (ready <= cycle.index))
        queues.append(rows[np.argsort(ready[rows], kind="stable")])
    husband, wife = (queue[: min(len(queues[0]), len(queues[1]))] for queue in queues)
    month = np.maximum(ready[husband], ready[wife])
    # who waited too long, or would marry a sister, stays at home
    fit = (death_month[husband] > month) & (death_month[wife] > month) & (family[husband] != family[wife])
    return Couples(husband[fit], wife[fit], month[fit])


def with_couples(
    streams: Streams, families: Families, couples: Couples, family: Ints, ages: Floats, cycle: Month
) -> Families:
    """The families, and after them the new ones; ``streams`` know of these, ``ages`` are of persons at ORIGIN."""
    count = len(couples.month)
    if not count:
        return families
    his, hers = family[couples.husband], family[couples.wife]
    noise = streams.normal("welfare of a new family")[-count:]
    welfare = (families.welfare[his] + families.welfare[hers]) / 2 + np.float32(lasting_spread() * 0.7) * noise
    wait = np.log(np.maximum(streams.uniform("first child")[-count:], 1e-9)) / np.log1p(-FIRST_CHILD)
    made = {
        "village": families.village[his],
        "registered": families.registered[his],
        "kind": np.full(count, COUPLE),
        "welfare": welfare,
        "fortune": families.fortune[his],
        "ranked": streams.uniform("ranked")[-count:] > 0,
        "head_age": ages[couples.husband],
        "spouse_age": ages[couples.wife],
        "spouse": np.ones(count),
        "birth_month": couples.month + 9 + np.minimum(wait, 600).astype(np.int64),
        "founded": couples.month,
        "move_month": np.full(count, NEVER),
        "founder": couples.husband,
    }
    grown: dict[str, Any] = {}
    for one in fields(Families):
        old = getattr(families, one.name)
        if isinstance(old, np.ndarray):
            new = np.asarray(made.get(one.name, np.zeros(count)))
            grown[one.name] = np.concatenate([old, new.astype(old.dtype)])
    whole = replace(families, **grown)
    return replace(whole, measured=measured_welfare(streams, whole.welfare, cycle))


def can_leave(families: Families, family: Ints, child: Flags) -> Flags:
    """Children who are not married already: of three generations they are."""
    return np.asarray(child & (families.kind[family] != THREE_GENERATIONS))
