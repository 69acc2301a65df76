"""The cycle: a month of the registry, its cutoff date, and which dated rule is in force in it.

Reads the one dated value that Python needs (the cutoff day) from the seeds; every other rule is dbt's.
"""

import csv
import re
from dataclasses import dataclass
from datetime import date

from orchestration.settings import SEEDS_DIR


@dataclass(frozen=True, order=True)
class Cycle:
    """One month, written ``YYYY-MM``."""

    year: int
    month: int

    @property
    def key(self) -> str:
        """The cycle as in folder names and partition keys, for example ``2025-11``."""
        return f"{self.year:04d}-{self.month:02d}"

    @property
    def first_day(self) -> date:
        """First day of the month."""
        return date(self.year, self.month, 1)

    def shift(self, months: int) -> "Cycle":
        """The cycle ``months`` later (negative: earlier)."""
        year, month = divmod(self.year * 12 + self.month - 1 + months, 12)
        return Cycle(year, month + 1)


def parse_cycle(key: str) -> Cycle:
    """Read ``YYYY-MM``; raises ValueError for anything else."""
    match = re.fullmatch(r"([0-9]{4})-(0[1-9]|1[0-2])", key)
    if not match or match[1] == "0000":
        raise ValueError(f"{key!r} is not a cycle; write it as YYYY-MM, for example 2025-11")
    return Cycle(int(match[1]), int(match[2]))


def cycle_keys(first: str, last: str) -> list[str]:
    """Every cycle from ``first`` to ``last``, both included: a range of the settings, not of the clock."""
    cycle, end = parse_cycle(first), parse_cycle(last)
    keys = []
    while cycle <= end:
        keys.append(cycle.key)
        cycle = cycle.shift(1)
    return keys


def in_force(valid_from: str, valid_to: str, on: date, first_day: date) -> bool:
    """Whether a dated row holds: started on or before ``on``, not ended before ``first_day`` (decision rules, Time)."""
    return date.fromisoformat(valid_from) <= on and (not valid_to or date.fromisoformat(valid_to) >= first_day)


def cutoff(key: str) -> date:
    """The cycle's cutoff date, by the ``cutoff_day`` in force on the first day of the month."""
    first_day = parse_cycle(key).first_day
    with (SEEDS_DIR / "parameters.csv").open(encoding="utf-8", newline="") as file:
        rows = [
            row
            for row in csv.DictReader(file)
            if row["parameter"] == "cutoff_day" and in_force(row["valid_from"], row["valid_to"], first_day, first_day)
        ]
    if not rows:
        raise ValueError(f"no cutoff_day is in force in cycle {key}: add a row to dbt_project/seeds/parameters.csv")
    newest = max(rows, key=lambda row: row["valid_from"])
    return first_day.replace(day=int(newest["value"]))
