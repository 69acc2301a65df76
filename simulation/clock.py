"""Months: the cycle that is simulated, its cutoff, and where it stands in the simulated history.

The simulation keeps its own few lines here: it stands for the agencies and never imports the platform.
"""

import re
from dataclasses import dataclass
from datetime import date

CUTOFF_DAY = 17
UNIX = date(1970, 1, 1)


@dataclass(frozen=True, order=True)
class Month:
    """A month as a count: ``year * 12 + month - 1``. An event is of the month whose cutoff is the next."""

    index: int

    @classmethod
    def parse(cls, key: str) -> "Month":
        """Read ``YYYY-MM`` between 2025-01 and 2035-12; raises ValueError for anything else."""
        match = re.fullmatch(r"(20[0-9]{2})-(0[1-9]|1[0-2])", key)
        if not match or not 2025 <= int(match[1]) <= 2035:
            raise ValueError(f"{key!r} is no cycle; write it as YYYY-MM from 2025-01 to 2035-12, for example 2025-11")
        return cls(int(match[1]) * 12 + int(match[2]) - 1)

    def __add__(self, months: int) -> "Month":
        return Month(self.index + months)

    @property
    def key(self) -> str:
        """``YYYY-MM``."""
        return f"{self.index // 12:04d}-{self.index % 12 + 1:02d}"

    @property
    def first_day(self) -> date:
        """First day of the calendar month."""
        return date(self.index // 12, self.index % 12 + 1, 1)

    @property
    def cutoff(self) -> date:
        """Last day whose facts count in this cycle."""
        return self.first_day.replace(day=CUTOFF_DAY)

    @property
    def cutoff_day(self) -> int:
        """The cutoff in days since 1970."""
        return (self.cutoff - UNIX).days


#: Ages are drawn as of this month.
ORIGIN = Month.parse("2025-01")
#: ``--families N`` is the number of families in this month.
REFERENCE = Month.parse("2025-11")
#: Deaths and moves begin here, so that nobody has left the registry yet in the reference month.
EVENTS_BEGIN = REFERENCE + -2
#: How many months the civil registry repeats in each delivery, and after which the registry drops the dead.
EVENT_MONTHS = 3
