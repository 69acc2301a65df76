"""One block of the nation as it is in a cycle: families and members, registers and lists, and what visits found.

The agencies' rows are made from it in rows.py (registry and lists), fieldwork.py, registers.py and events.py.
"""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from simulation import condition, events, ids, lists, persons, registers
from simulation.areas import Province
from simulation.clock import Month
from simulation.columns import Bytes, Flags, Ints
from simulation.condition import Condition
from simulation.defects import everyday
from simulation.defects.everyday import Identity
from simulation.lists import Candidates, Listed, Nation
from simulation.persons import Persons
from simulation.plan import Block, Plan, Streams
from simulation.population import Families, draw_families
from simulation.registers import Registered
from simulation.releases import Held
from simulation.welfare import Ranking


@dataclass(frozen=True)
class World:
    """What all blocks share; areas and shifts of welfare are by province."""

    plan: Plan
    areas: Mapping[str, Province]
    shifts: Mapping[str, float]
    ranking: Ranking
    nation: Nation


@dataclass(frozen=True)
class Drawn:
    """A block. Arrays have one row a family; those of `members`, `state` and `identity` one row a person."""

    streams: Streams
    area: Province
    cycle: Month
    families: Families
    family: Bytes  # ids
    village: Bytes  # codes
    regency: Ints  # position in the area's regencies
    decile: Bytes  # 0 not ranked
    exists: Flags  # someone is in the registry
    members: Persons
    state: Condition
    identity: Identity
    registered: Registered
    listed: Listed
    visited: npt.NDArray[np.int8]  # position in lists.RESULTS, UNSEEN


def draw_block(world: World, block: Block, before: Held | None) -> Drawn:
    """Draw a block; ``before`` are list bits in the release of the cycle before."""
    area, cycle = world.areas[block.province], world.plan.cycle
    streams = Streams(world.plan.seed, block)
    families = draw_families(streams, area, world.shifts[block.province], cycle)
    members, families = persons.draw_persons(streams, area, families, cycle)
    streams = members.roster.streams
    count = streams.families
    positions = block.first + np.arange(block.families)
    married = families.founder[block.families :]
    home, member = members.roster.family[married], members.roster.member[married]
    positions = np.concatenate([positions, ids.founded(block.first + home, member)])
    state = condition.draw_condition(members, families, cycle)
    identity = everyday.identity(members, world.plan.clean)
    registered = registers.draw_registered(streams, families)
    regency = area.regency_of[families.village]
    decile = np.where(families.ranked, world.ranking.decile(families.measured), 0).astype(np.uint8)

    living = members.present & ~events.dead(members, cycle)
    exists = members.by_family(members.present, count) > 0
    known = Candidates(
        decile=decile,
        excluded=registered.excluded,
        sound=(identity.good & living)[members.heads],
        flagged=registered.gambling,
        component=members.by_family(living & _qualifies(members, state), count) > 0,
        slowness=area.slowness[regency].astype(np.float32),
    )
    listed = lists.draw(streams, world.nation, known, before.of(positions) if before else None, cycle)
    if before is None:  # a family that has left the registry is on no list; one that is carried over stays
        listed = Listed(np.where(exists, listed.status, 0), np.where(exists, listed.drawn, 0), listed.found)
    visited = lists.visit(streams, listed, known, members.by_family(living, count) > 0, cycle)
    return Drawn(
        streams=streams,
        area=area,
        cycle=cycle,
        families=families,
        family=ids.family_ids(ids.numbers(area.number, positions)),
        village=everyday.villages(area.villages[families.village], streams, world.plan.clean),
        regency=regency,
        decile=decile,
        exists=exists,
        members=members,
        state=state,
        identity=identity,
        registered=registered,
        listed=listed,
        visited=visited,
    )


def _qualifies(members: Persons, state: Condition) -> Flags:
    """Who qualifies for a PKH component (decision rules)."""
    years = members.years()
    school = (state.school == 1) & (state.level >= 1) & (state.level <= 3) & (years >= 6) & (years <= 21)
    return np.asarray(school | (years <= 6) | (years >= 60) | (state.disability == 3) | (state.pregnant == 1))
