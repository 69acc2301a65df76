"""What one call simulates: how many families where, cut into blocks that are drawn independently of each other.

A block is up to BLOCK neighbouring families of a province. Every attribute of a block has its own random stream,
named by (seed, province, block, attribute[, month]), so that a family is the same whoever draws it, in whatever
order, in a nation of any size that contains it, and in every cycle.
"""

import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from simulation.clock import Month
from simulation.columns import Floats
from simulation.figures import provinces

BLOCK = 65_536
#: Families of one data file, at most.
FILE_FAMILIES = 500_000
#: The islands, by the first digit of the province code.
ISLANDS = {"1": "sumatera", "2": "sumatera", "3": "jawa", "5": "bali-nusa", "6": "kalimantan", "7": "sulawesi"} | {
    "8": "maluku-papua",
    "9": "maluku-papua",
}


@dataclass(frozen=True)
class Block:
    """Families ``BLOCK * number`` and the ``families`` that follow, of one province."""

    province: str
    number: int
    families: int

    @property
    def first(self) -> int:
        """Position of its first family in the province."""
        return self.number * BLOCK


@dataclass(frozen=True)
class Part:
    """What goes into one data file of every source."""

    name: str
    island: str
    blocks: tuple[Block, ...]

    @property
    def families(self) -> int:
        """Families of all its blocks."""
        return sum(block.families for block in self.blocks)


@dataclass(frozen=True)
class Plan:
    """One call of the command: families in the reference month, cycle, seed, and whether data are free of anomalies.

    ``defects`` are those on demand: names of the catalogue and shares, in the order in which they are made.
    """

    families: int
    cycle: Month
    seed: int
    clean: bool
    defects: tuple[tuple[str, float], ...] = ()

    @cached_property
    def by_province(self) -> dict[str, int]:
        """Families of each province, those founded since apart: in proportion to persons, by largest remainder."""
        figures = provinces()
        total = sum(province.population for province in figures)
        exact = {p.code: self.families * p.population / total for p in figures}
        counts = {code: int(value) for code, value in exact.items()}
        for code in sorted(exact, key=lambda code: counts[code] - exact[code])[: self.families - sum(counts.values())]:
            counts[code] += 1
        return counts

    def blocks(self) -> Iterator[Block]:
        """Every block of the nation, by province."""
        for province, count in self.by_province.items():
            for number, first in enumerate(range(0, count, BLOCK)):
                yield Block(province, number, min(BLOCK, count - first))

    def parts(self) -> list[Part]:
        """The blocks by data file: an island's blocks in order, up to FILE_FAMILIES together."""
        held: dict[str, list[list[Block]]] = {}
        for block in self.blocks():
            groups = held.setdefault(ISLANDS[block.province[0]], [[]])
            if groups[-1] and sum(b.families for b in groups[-1]) + block.families > FILE_FAMILIES:
                groups.append([])
            groups[-1].append(block)
        return [
            Part(f"{island}-{number:03d}", island, tuple(blocks))
            for island, groups in held.items()
            for number, blocks in enumerate(groups, start=1)
        ]


@dataclass(frozen=True)
class Streams:
    """The random streams of one block; ``new`` families were founded in it, and follow its others in every array."""

    seed: int
    block: Block
    new: int = 0

    @property
    def families(self) -> int:
        """All families."""
        return self.block.families + self.new

    def __call__(self, attribute: str, month: Month | None = None) -> np.random.Generator:
        """The stream of an attribute; of one that is drawn anew each month, also the month."""
        key = [self.seed, int(self.block.province), self.block.number, zlib.crc32(attribute.encode())]
        return np.random.Generator(np.random.SFC64(np.random.SeedSequence(key + ([month.index] if month else []))))

    def uniform(self, attribute: str, month: Month | None = None) -> Floats:
        """One number in [0, 1) for each family."""
        return self(attribute, month).random(self.families, np.float32)

    def normal(self, attribute: str, month: Month | None = None) -> Floats:
        """One standard normal number for each family."""
        return self(attribute, month).standard_normal(self.families, np.float32)
