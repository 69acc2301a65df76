"""The rules of a cycle as the core needs them, read from the ministry's dated seeds (dbt_project/seeds).

Plain Python without libraries: every engine's process reads them. What they mean stands in core.md.
"""

import csv
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path

SEEDS = Path(__file__).parents[2] / "dbt_project" / "seeds"
ACTIONS = {"remove": 1, "hold": 2, "review": 3}
#: The codes of the landing contract whose loss leaves the PKH components of a person uncertain, by delivered column.
CODES = {
    "partisipasi_sekolah": ("BELUM", "MASIH", "TIDAK_LAGI"),
    "jenjang_tertinggi_yang_diduduki": ("TIDAK_ADA", "SD", "SMP", "SMA", "PT"),
    "tingkat_disabilitas": ("TIDAK_ADA", "RINGAN", "SEDANG", "BERAT"),
    "hamil": ("YA", "TIDAK"),
}
ROLES = ("KEPALA", "PASANGAN", "ANAK", "MENANTU", "ORANG_TUA", "CUCU", "FAMILI_LAIN", "LAINNYA")
#: A well-formed NIK, but for the serial 0000: a day (women's plus 40) that exists in its month.
NIK = (
    "[0-9]{6}("
    "([04][1-9]|[1256][0-9]|[37][01])(01|03|05|07|08|10|12)"
    "|([04][1-9]|[1256][0-9]|[37]0)(04|06|09|11)"
    "|([04][1-9]|[1256][0-9])02"
    ")[0-9]{6}"
)


@dataclass(frozen=True)
class Criterion:
    """What speaks against a family; ``action`` as in ACTIONS."""

    name: str
    precedence: int
    action: int
    cleared_by_verification: bool
    contestable: bool


@dataclass(frozen=True)
class Programme:
    """A programme with a decile range; ``amount`` in rupiah per quarter, None where PKH components make it."""

    name: str
    decile_min: int
    decile_max: int
    amount: int | None


@dataclass(frozen=True)
class Component:
    """A PKH component; of the dates of birth that its ages ask for, ``born_after`` itself is outside."""

    name: str
    amount: int
    cap: int
    born_after: date | None
    born_by: date | None


@dataclass(frozen=True)
class Rules:
    """What is in force in a cycle; the days are the first that still count."""

    cycle: str
    cutoff: date
    parameters: dict[str, float]
    criteria: tuple[Criterion, ...]
    programmes: tuple[Programme, ...]
    components: tuple[Component, ...]  # the most valuable first

    def born_by(self, age: str) -> date:
        """The last date of birth of who has the age that a parameter names."""
        return _years_before(self.cutoff, self.number(age))

    def from_day(self, days: str) -> date:
        """The first day within the days up to the cutoff that a parameter names."""
        return self.cutoff - timedelta(days=self.number(days))

    @property
    def floor_tenths_per_person(self) -> int:
        """Tenths of square metres of floor that a person needs: whole, so that no engine rounds."""
        return round(10 * self.parameters["min_floor_area_per_person_m2"])

    def programme(self, name: str) -> Programme:
        """A programme in force; raises KeyError."""
        return {programme.name: programme for programme in self.programmes}[name]

    def component(self, name: str) -> Component:
        """A component in force; raises KeyError."""
        return {component.name: component for component in self.components}[name]

    def number(self, parameter: str) -> int:
        """A parameter that is a whole number."""
        return int(self.parameters[parameter])

    def criterion(self, name: str) -> Criterion:
        """A criterion in force; raises KeyError."""
        return {criterion.name: criterion for criterion in self.criteria}[name]


def rules_of(cycle: str) -> Rules:
    """The rules in force in a cycle (YYYY-MM)."""
    first_day = date.fromisoformat(f"{cycle}-01")
    day = next(
        row for row in _newest("parameters", "parameter", first_day, first_day) if row["parameter"] == "cutoff_day"
    )
    cutoff = first_day.replace(day=int(day["value"]))

    def in_force(seed: str, key: str) -> list[dict[str, str]]:
        return _newest(seed, key, cutoff, first_day)

    amounts = {row["programme"]: row["quarterly_amount_idr"] for row in in_force("programmes", "programme")}
    parameters = {row["parameter"]: float(row["value"]) for row in in_force("parameters", "parameter")}
    components = [_component(row, cutoff, parameters) for row in in_force("pkh_components", "component")]
    return Rules(
        cycle,
        cutoff,
        parameters,
        tuple(
            Criterion(
                row["criterion"],
                int(row["precedence"]),
                ACTIONS[row["action"]],
                row["cleared_by_verification"] == "true",
                row["contestable"] == "true",
            )
            for row in in_force("criteria", "criterion")
        ),
        tuple(
            Programme(
                row["programme"],
                int(row["decile_min"]),
                int(row["decile_max"]),
                int(amounts[row["programme"]]) if amounts[row["programme"]] else None,
            )
            for row in in_force("programme_deciles", "programme")
        ),
        tuple(sorted(components, key=lambda component: (-component.amount, component.name))),
    )


def _component(row: dict[str, str], cutoff: date, parameters: dict[str, float]) -> Component:
    youngest = row["age_min"] or (str(int(parameters["elderly_min_age"])) if row["component"] == "elderly" else "")
    return Component(
        row["component"],
        int(row["quarterly_amount_idr"]),
        int(row["cap"]),
        _years_before(cutoff, int(row["age_max"]) + 1) if row["age_max"] else None,
        _years_before(cutoff, int(youngest)) if youngest else None,
    )


def _newest(seed: str, key: str, until: date, since: date) -> list[dict[str, str]]:
    """Of each key the newest row that is valid from ``until`` at the latest, and still on ``since``."""
    with (SEEDS / f"{seed}.csv").open(encoding="utf-8", newline="") as file:
        rows = sorted(csv.DictReader(file), key=lambda row: row["valid_from"])
    valid = [
        row
        for row in rows
        if row["valid_from"] <= until.isoformat() and (not row["valid_to"] or row["valid_to"] >= since.isoformat())
    ]
    return list({row[key]: row for row in valid}.values())


def _years_before(day: date, years: int) -> date:
    """The same day of an earlier year; the cutoff is never a 29 February."""
    return day.replace(year=day.year - years)
