"""Published figures that the simulation is calibrated to, each with its source; provinces are in province_figures.csv.

Holds numbers only. What is made of them is in welfare.py (poverty), lists.py (lists) and registers.py (registers).
"""

import csv
from dataclasses import dataclass
from functools import cache
from pathlib import Path

#: Families in DTSEN, 23 January 2026, in millions (press). Every "part" below is in millions of these.
NATION = 95.0
#: The month in which ``--families N`` means exactly N families, and the growth of families a month (2.1 % a year,
#: derived).
GROWTH_A_MONTH = 0.0017
#: Poverty line of March 2025, Rp a head and month; national share of persons below it (BPS 63/07/2025).
POVERTY_LINE = 609_160.0
POVERTY_RATE = 0.0847
#: Mean consumption, Rp a head and month: 1.5 M in March 2024 (BPS), moved on by the growth of the poverty line
#: (assumption).
MEAN_CONSUMPTION = 1_500_000.0 * 609_160 / 582_932

#: Places on the lists (press): PKH 10 M and Sembako 18.25 M in 2026, BLTS Kesra 35,046,783 on 7 November 2025.
PKH, SEMBAKO, BLTS = 10.0, 18.25, 35.05
#: BLTS Kesra on 7 November 2025: regular recipients; new candidates found eligible, not eligible, still being verified.
BLTS_REGULAR, BLTS_ELIGIBLE, BLTS_NOT_ELIGIBLE, BLTS_PENDING = 16.3, 12.6, 4.2, 1.9
#: BLTS Kesra declared eligible by the end of December 2025 (press): the places of its last month.
BLTS_DECEMBER = 33.2
#: Families on PKH or Sembako, June 2025 (setkab: 20.3 M); the parts add up with PKH and Sembako above.
REGULAR = 20.25


@dataclass(frozen=True)
class Province:
    """A province: Kemendagri code, name, persons registered in 2024, share of them below the poverty line in 2025."""

    code: str
    name: str
    population: int
    poverty: float


@cache
def provinces() -> tuple[Province, ...]:
    """The 38 provinces by code. A rate of 2025 that is not known is that of 2021, rescaled to the national rate."""
    with (Path(__file__).parent / "province_figures.csv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    weights = [int(row["population_2024"]) for row in rows]
    known = [float(row["poverty_rate_march_2025_pct"] or 0) / 100 for row in rows]
    older = [float(row["poverty_rate_2021_pct"]) / 100 for row in rows]
    open_poor = POVERTY_RATE * sum(weights) - sum(w * k for w, k in zip(weights, known, strict=True))
    factor = open_poor / sum(w * o for w, o, k in zip(weights, older, known, strict=True) if not k)
    return tuple(
        Province(row["code"], row["name"], weight, rate or old * factor)
        for row, weight, rate, old in zip(rows, weights, known, older, strict=True)
    )
