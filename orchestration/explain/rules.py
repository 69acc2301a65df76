"""The rules of a cycle's day, from its release, and what only the seeds tell of them: since when, how certain, on what.

A release carries the criteria and programmes that were in force; seeds are dated and only added to, so that today's
still know the rule of that day. Where they do not agree with the release, the release counts and the rest is unknown.
"""

import csv
from collections.abc import Mapping
from datetime import date
from functools import cache
from typing import Any

from orchestration.cycles import cutoff, in_force, parse_cycle
from orchestration.settings import SEEDS_DIR


@cache
def _seed(name: str) -> list[dict[str, str]]:
    with (SEEDS_DIR / f"{name}.csv").open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def in_force_in(cycle: str, seed: str, **key: str) -> dict[str, str] | None:
    """The row of a seed with these values that was in force in the cycle; None when there is none."""
    on, first_day = cutoff(cycle), parse_cycle(cycle).first_day
    rows = [
        row
        for row in _seed(seed)
        if all(row[name] == value for name, value in key.items())
        and in_force(row["valid_from"], row["valid_to"], on, first_day)
    ]
    return max(rows, key=lambda row: row["valid_from"], default=None)


def parameter(cycle: str, name: str) -> str:
    """A parameter in force in the cycle, as the seed writes it; a dash when today's seeds do not know it."""
    row = in_force_in(cycle, "parameters", parameter=name)
    return row["value"] if row else "–"


def criterion_rule(cycle: str, released: Mapping[str, Any]) -> tuple[date | None, str | None]:
    """Since when a criterion of the release (row of dim_criterion) is in force, and how certain it is."""
    row = in_force_in(cycle, "criteria", criterion=released["criterion"])
    agrees = row is not None and all(
        row[name] == _as_in_seed(released[name])
        for name in ("action", "contestable", "cleared_by_verification", "legal_basis")
    )
    return (date.fromisoformat(row["valid_from"]), row["status"]) if row and agrees else (None, None)


def deciles_basis(cycle: str, released: Mapping[str, Any]) -> str | None:
    """The legal basis of a programme's decile range of the release (row of dim_programme)."""
    row = in_force_in(cycle, "programme_deciles", programme=released["programme"])
    agrees = row is not None and all(row[name] == str(released[name]) for name in ("decile_min", "decile_max"))
    return row["legal_basis"] if row and agrees else None


def _as_in_seed(value: Any) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    return "" if value is None else str(value)
