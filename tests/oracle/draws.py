"""How a random registry is drawn and delivered: edge dates, codes, spellings, cycles. What is drawn: registries.py."""

import random
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta

from tests.deliveries import Row, Rows, Values, as_delivered
from tests.oracle import rules
from tests.oracle.contract import SOURCES

PROGRAMMES = ("PKH", "SEMBAKO", "BLTS_KESRA")
EDGE_DAYS = (0, 0, 1, -1, -30, -90, -91, -200, -364, -365, -366)


@dataclass
class Registry:
    """Deliveries by cycle and source (agencies' names, text), and the cycle to decide."""

    cycle: str
    deliveries: dict[str, dict[str, list[Values | bytes]]] = field(default_factory=dict)

    def rows(self) -> list[Row]:
        """As the oracle reads them, every source one file."""
        return [
            row
            for cycle, sources in self.deliveries.items()
            for source, rows in sources.items()
            for row in as_delivered(source, cycle, rows)
        ]

    def of(self, cycle: str) -> Rows:
        """One cycle's deliveries, for ``write_landing``."""
        return self.deliveries[cycle]


class Draws:
    """Draws values from one generator and delivers rows; ``add`` takes canonical names and writes the agencies'."""

    def __init__(self, rng: random.Random, cycle: str) -> None:
        """An empty registry for ``cycle``."""
        self.rng, self.rules = rng, rules.load(cycle)
        self.cutoff = self.rules.cutoff
        self.registry = Registry(cycle, {cycle: {source: [] for source in SOURCES}})

    def chance(self, share: float) -> bool:
        """True in so many of all cases."""
        return self.rng.random() < share

    def day(self, days: Sequence[int] = EDGE_DAYS) -> date:
        """A day at an edge of some rule, or any of the last 400."""
        return self.cutoff + timedelta(days=self.rng.choice(days) if self.chance(0.7) else -self.rng.randint(0, 400))

    def around(self, day: date) -> date:
        """The day, the one before or the one after."""
        return day + timedelta(days=self.rng.choice((-1, 0, 0, 1)))

    def some_cycle(self) -> str:
        """This cycle, or an earlier one, now and then too early to count."""
        back = 0 if self.chance(0.6) else self.rng.choice((1, 2, 6, 7, 13, 14))
        month = self.cutoff.year * 12 + self.cutoff.month - 1 - back
        return f"{month // 12}-{month % 12 + 1:02d}"

    def pick(self, source: str, column: str, wrong: float = 0.01) -> str | None:
        """A code of a column, now and then empty or one that nobody knows."""
        codes = next(c.codes for c in SOURCES[source].columns if c.canonical == column)
        return "SALAH" if self.chance(wrong) else None if self.chance(wrong) else self.rng.choice(codes)

    def add(self, source: str, cycle: str = "", /, **values: object) -> None:
        """Deliver a row, in one of the spellings the contract allows; now and then twice."""
        row: dict[str, str | None] = {}
        for column in SOURCES[source].columns:
            value = values.get(column.canonical)
            row[column.name] = None if value is None else self.spelled(str(value), column.kind)
        delivered = self.registry.deliveries.setdefault(cycle or self.registry.cycle, {}).setdefault(source, [])
        delivered.append(row)
        if self.chance(0.01):
            delivered.append(dict(row))

    def spelled(self, text: str, kind: str) -> str:
        """The same value written otherwise."""
        if not self.chance(0.05):
            return text
        if kind in ("code", "programme", "register", "criterion"):
            return text.lower()
        if kind == "integer" and text.isdigit():
            return self.rng.choice((f"+{text}", f"0{text}"))
        if kind.endswith("village") and text.isdigit() and len(text) == 10:
            return f"{text[:2]}.{text[2:4]}.{text[4:6]}.{text[6:]}"
        return f" {text}\t"
