"""The dated values of one cycle, read from the seeds (decision rules, Time)."""

import csv
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from pathlib import Path

SEEDS = Path(__file__).resolve().parents[2] / "dbt_project" / "seeds"


@dataclass(frozen=True)
class Criterion:
    """One criterion in force. ``programme`` is None when it applies to every programme."""

    code: str
    precedence: int
    action: str
    is_register: bool
    cleared_by_verification: bool
    contestable: bool
    programme: str | None


@dataclass(frozen=True)
class Component:
    """One PKH component in force: rupiah a quarter, most places a family can have, ages where it has any."""

    code: str
    amount: int
    cap: int
    age_min: int | None
    age_max: int | None


@dataclass(frozen=True)
class Rules:
    """What is in force in one cycle; the ``*_codes`` are every code ever known, which is what row rules ask."""

    cycle: str
    cutoff: date
    parameters: dict[str, Decimal]
    programme_codes: frozenset[str]
    amounts: dict[str, int | None]
    deciles: dict[str, tuple[int, int]]
    components: dict[str, Component]
    criteria: dict[str, Criterion]
    criterion_codes: frozenset[str]
    register_codes: frozenset[str]

    def number(self, parameter: str) -> int:
        """A whole-number parameter."""
        return int(self.parameters[parameter])

    def in_force(self, programme: str) -> bool:
        """A programme makes decisions when it has a decile range in force."""
        return programme in self.deciles


def load(cycle: str, seeds: Path = SEEDS) -> Rules:
    """Read the seeds and keep what is in force in ``cycle`` (``YYYY-MM``)."""
    first_day = date.fromisoformat(f"{cycle}-01")

    def table(name: str) -> list[dict[str, str]]:
        with (seeds / f"{name}.csv").open(encoding="utf-8", newline="") as file:
            return list(csv.DictReader(file))

    def in_force(rows: list[dict[str, str]], key: str, on: date) -> dict[str, dict[str, str]]:
        """By key, the row in force with the newest valid_from."""
        chosen: dict[str, dict[str, str]] = {}
        for row in sorted(rows, key=lambda row: row["valid_from"]):
            if date.fromisoformat(row["valid_from"]) <= on:
                valid_to = row["valid_to"]
                if not valid_to or date.fromisoformat(valid_to) >= first_day:
                    chosen[row[key]] = row
        return chosen

    parameters = table("parameters")
    day = in_force(parameters, "parameter", first_day)["cutoff_day"]["value"]
    cutoff = first_day.replace(day=int(day))
    programmes, criteria = table("programmes"), table("criteria")
    # a programme's row may be undated: what makes it act is its decile range
    amounts = {row["programme"]: row for row in programmes}
    if "valid_from" in programmes[0]:
        amounts = in_force(programmes, "programme", cutoff)
    return Rules(
        cycle=cycle,
        cutoff=cutoff,
        parameters={name: Decimal(row["value"]) for name, row in in_force(parameters, "parameter", cutoff).items()},
        programme_codes=frozenset(row["programme"] for row in programmes),
        amounts={code: _int(row["quarterly_amount_idr"]) for code, row in amounts.items()},
        deciles={
            code: (int(row["decile_min"]), int(row["decile_max"]))
            for code, row in in_force(table("programme_deciles"), "programme", cutoff).items()
        },
        components={
            code: Component(
                code,
                int(row["quarterly_amount_idr"]),
                int(row["cap"]),
                _int(row["age_min"]),
                _int(row["age_max"]),
            )
            for code, row in in_force(table("pkh_components"), "component", cutoff).items()
        },
        criteria={
            code: Criterion(
                code,
                int(row["precedence"]),
                row["action"],
                _yes(row["is_register"]),
                _yes(row["cleared_by_verification"]),
                _yes(row["contestable"]),
                row["programme"] or None,
            )
            for code, row in in_force(criteria, "criterion", cutoff).items()
        },
        criterion_codes=frozenset(row["criterion"] for row in criteria),
        register_codes=frozenset(row["criterion"] for row in criteria if _yes(row["is_register"])),
    )


def _int(text: str) -> int | None:
    return int(text) if text else None


def _yes(text: str) -> bool:
    if text.lower() not in {"true", "false"}:
        raise ValueError(f"not a yes or no in the seeds: {text}")
    return text.lower() == "true"
