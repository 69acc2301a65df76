"""What the public may see of each mart: a decision for every column, and the SQL that carries it out.

A mart or column that nobody has decided on is refused. Every published count is a multiple of BASE, so two published
cells differ by nothing or by at least BASE families. Reasons, and what it does not protect from: docs/distribution.md.
"""

import csv
from collections.abc import Mapping
from enum import Enum
from typing import Final

from orchestration.cycles import cutoff, in_force, parse_cycle
from orchestration.engine import identifier
from orchestration.settings import SEEDS_DIR

BASE: Final = 5
"""Counts are rounded to the nearest multiple of this; a whole number never lies half-way between two."""


class Treatment(Enum):
    """What becomes of a column."""

    KEEP = "published as it is: a key, a name, a date or a rule that is the same for all"
    COUNT = f"rounded to the nearest {BASE}"
    AMOUNT = f"rounded to the value of {BASE} families"
    DROP = "not published: it can tell of a single family"


KEEP, COUNT, AMOUNT, DROP = Treatment.KEEP, Treatment.COUNT, Treatment.AMOUNT, Treatment.DROP


def _decided(keep: str, counts: str = "", amounts: str = "", drop: str = "") -> dict[str, Treatment]:
    return {
        name: treatment
        for names, treatment in ((keep, KEEP), (counts, COUNT), (amounts, AMOUNT), (drop, DROP))
        for name in names.split()
    }


_AREA = "cycle programme area_level area_code"

PUBLISHED: Mapping[str, Mapping[str, Treatment]] = {
    "cycle_funnel": _decided(
        f"{_AREA} in_force",
        "listed active nominated kept confirmed pending held held_active held_nominated removed_active"
        " removed_nominated not_in_force replaced_regency replaced_province replaced_national replaced waiting"
        " on_waiting_list occupied next_list_families quota vacancies unfilled",
        "payable_amount_idr held_amount_idr removed_amount_idr",
    ),
    "removal_reasons": _decided(f"{_AREA} criterion action", "removed held uncleared cleared"),
    "decile_coverage": _decided(f"{_AREA} welfare_decile", "families listed_before listed_after"),
    "targeting_accuracy": _decided(
        f"{_AREA} reference",
        "listed undecided intended_listed not_intended_listed intended",
        drop=" ".join(
            f"{measure} {measure}_lower {measure}_upper"
            for measure in (
                "inclusion_error",
                "exclusion_error",
                "structural_exclusion",
                "avoidable_exclusion",
                "coverage_gap",
                "cgh_index",
            )
        ),
    ),
    "verification_progress": _decided(
        "cycle regency_code",
        "listed on_work_list to_verify verified verified_eligible verified_not_eligible verified_not_found"
        " verified_refused verified_conflicting",
        drop="oldest_pending_days",
    ),
    "delivery_quality": _decided("cycle source rule", "delivered accepted rejected"),
    "list_drift": _decided(_AREA, "same missing unexpected status_changed"),
    "gate_results": _decided("cycle gate tool lower upper severity passed", drop="value detail"),
    "dim_area": _decided("cycle area_level area_code name_id name_en province_code"),
    "dim_programme": _decided(
        "cycle programme name_id name_en amount_basis quarterly_amount_idr in_force decile_min decile_max"
    ),
    "dim_criterion": _decided(
        "cycle criterion precedence action programme cleared_by_verification contestable is_register siks_status"
        " name_id name_en sentence_id sentence_en legal_basis"
    ),
    "dim_cycle": _decided("cycle first_day cutoff", "families persons"),
}
"""By mart and column. Two marts that count the same families publish the same number: rounding knows only the count."""


class Undecided(RuntimeError):
    """A mart or column of the release is not in PUBLISHED: decide on it there before anything is published."""


def undecided(marts: Mapping[str, list[str]]) -> list[str]:
    """Marts and columns of a release without a decision; ``marts``: columns by mart."""
    return [
        f"{mart}.{column}"
        for mart, columns in sorted(marts.items())
        for column in columns
        if column not in PUBLISHED.get(mart, {})
    ]


def published_select(mart: str, columns: list[str], relation: str, family_value: int) -> str:
    """The query that publishes a mart: columns in their order, rows in order of what is kept.

    A row whose counts and amounts are all rounded to nothing is left out: that it is there would say that there is a
    family. ``family_value``: the most that one family of a programme paid by component gets per quarter, in rupiah; a
    programme with one amount has its own in dim_programme.
    """
    treated = {column: PUBLISHED[mart][column] for column in columns}
    kept = [column for column, treatment in treated.items() if treatment is KEEP]
    numbers = [column for column, treatment in treated.items() if treatment in (COUNT, AMOUNT)]
    unit = f"({BASE} * coalesce(value.quarterly_amount_idr, {int(family_value)}))"
    expressions = {
        KEEP: lambda name: f"cell.{name}",
        COUNT: lambda name: _nearest(f"cell.{name}", str(BASE)),
        AMOUNT: lambda name: _nearest(f"cell.{name}", unit),
    }
    select = ", ".join(
        f"{expressions[treatment](identifier(column))} as {identifier(column)}"
        for column, treatment in treated.items()
        if treatment is not DROP
    )
    joined = (
        " left join dim_programme as value on cell.programme = value.programme" if AMOUNT in treated.values() else ""
    )
    shown = f" where {' or '.join(f'{identifier(name)} <> 0' for name in numbers)}" if numbers else ""
    order = ", ".join(f"{identifier(name)} nulls last" for name in kept)
    return f"select * from (select {select} from {relation} as cell{joined}){shown} order by {order}"


def _nearest(value: str, unit: str) -> str:
    """Nearest multiple of a unit, half up; null stays null."""
    return f"cast(floor(({value} + {unit} / 2.0) / {unit}) * {unit} as bigint)"


def largest_family_value(cycle: str) -> int:
    """The most that one family can get from PKH in a quarter: the largest component for as many persons as count."""
    first_day, on = parse_cycle(cycle).first_day, cutoff(cycle)
    amounts = [int(row["quarterly_amount_idr"]) for row in _seed("pkh_components", on, first_day)]
    persons = [int(row["value"]) for row in _seed("parameters", on, first_day) if row["parameter"] == "pkh_max_persons"]
    if not amounts or not persons:
        raise ValueError(f"no pkh_components or pkh_max_persons are in force in cycle {cycle}")
    return max(amounts) * max(persons)


def _seed(name: str, on: object, first_day: object) -> list[dict[str, str]]:
    with (SEEDS_DIR / f"{name}.csv").open(encoding="utf-8", newline="") as file:
        return [row for row in csv.DictReader(file) if in_force(row["valid_from"], row["valid_to"], on, first_day)]  # type: ignore[arg-type]
