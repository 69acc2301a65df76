"""Which regencies to look at before signing, and why: a score that anybody can reckon again from the marts.

The formula is stated on the page itself (words/page.toml, regencies.formula); it judges nothing and stops nothing.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

DAMPING = 10
"""Added to what was counted and to what was expected, lest small regencies lead by chance."""
CAP = 3.0
LEAST = 0.05
"""A sign below this is not worth a word, and counts for nothing."""
SHOWN = 10

Row = Mapping[str, Any]


@dataclass(frozen=True)
class Sign:
    """A count of a base in one regency, how many there would be at the nation's rate, and its part of the score."""

    name: str
    count: int
    base: int
    expected: float
    excess: float


@dataclass(frozen=True)
class Regency:
    """A regency's score, and the signs that make it up, the strongest first."""

    code: str
    score: float
    signs: list[Sign]


def ranked(funnel: Iterable[Row], verification: Iterable[Row], drift: Iterable[Row]) -> list[Regency]:
    """Regencies with a score above 0, the highest first; equal scores by code.

    Rows are those of regencies: of cycle_funnel (programmes in force are summed), verification_progress, list_drift.
    """
    counted: dict[str, dict[str, tuple[int, int]]] = defaultdict(lambda: defaultdict(lambda: (0, 0)))

    def add(code: str, sign: str, count: int, base: int) -> None:
        before = counted[sign][code]
        counted[sign][code] = before[0] + count, before[1] + base

    for row in funnel:
        if row["in_force"]:
            add(row["area_code"], "removed", row["removed_active"] + row["removed_nominated"], row["listed"])
            add(row["area_code"], "held", row["held"], row["listed"])
            add(row["area_code"], "pending", row["pending"], row["nominated"])
    for row in verification:
        doubtful = row["verified_not_found"] + row["verified_conflicting"]
        add(row["regency_code"], "field", doubtful, row["verified"])
    for row in drift:
        released = row["same"] + row["missing"] + row["status_changed"]
        add(row["area_code"], "drift", row["missing"] + row["unexpected"], released)
    signs: dict[str, list[Sign]] = defaultdict(list)
    for name, regencies in counted.items():
        base = sum(of for _, of in regencies.values())
        nation = sum(count for count, _ in regencies.values()) / base if base else 0.0
        for code, (count, of) in regencies.items():
            if (excess := excess_of(count, of * nation)) >= LEAST:
                signs[code].append(Sign(name, count, of, of * nation, excess))
    scored = [
        Regency(code, sum(sign.excess for sign in found), sorted(found, key=lambda sign: -sign.excess))
        for code, found in signs.items()
    ]
    return sorted(scored, key=lambda regency: (-regency.score, regency.code))


def excess_of(count: int, expected: float) -> float:
    """(count + DAMPING) / (expected + DAMPING) - 1, between 0 and CAP."""
    return min(max((count + DAMPING) / (expected + DAMPING) - 1, 0.0), CAP)
