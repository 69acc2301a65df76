"""The limits of the gates, read from seeds/gate_limits.csv: dated data, changed by a new row with its reason.

A change is told to the audit trail. Refuses a seed that it does not understand, rather than judge a cycle without one
of its gates.
"""

import csv
from datetime import date
from pathlib import Path
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field, FiniteFloat, ValidationError

from orchestration.audit import entries, record
from orchestration.cycles import cutoff, in_force, parse_cycle
from orchestration.gates.verdict import GateLimit, Severity, Unit
from orchestration.settings import SEEDS_DIR, Settings

LIMITS_FILE = SEEDS_DIR / "gate_limits.csv"
Text = Annotated[str, Field(min_length=1)]


class LimitsInvalid(ValueError):
    """A row of the limits cannot be used; the message names the gate and the columns."""


class _Row(BaseModel):
    """A row of the seed, blank cells None: its columns, in their order."""

    model_config = ConfigDict(extra="forbid")

    gate: Text
    tool: Annotated[str, Field(pattern=r"^(ingest|pandera|dbt|gx)(\+(ingest|pandera|dbt|gx))*$")]
    measure: Text
    unit: Unit
    lower: FiniteFloat | None
    upper: FiniteFloat | None
    severity: Severity
    without_reference: Severity | None
    valid_from: date
    valid_to: date | None
    reason: Text
    advice: Text


def limits_in_force(cycle: str, path: Path = LIMITS_FILE) -> tuple[GateLimit, ...]:
    """The limit of every gate in force in the cycle, in order of the file: of several dated rows the newest.

    Raises LimitsInvalid, also when no gate has a limit in force or two rows of a gate start on the same day.
    """
    on, first_day = cutoff(cycle), parse_cycle(cycle).first_day
    newest: dict[str, _Row] = {}
    for row in _rows(path):
        if not in_force(str(row.valid_from), str(row.valid_to or ""), on, first_day):
            continue
        known = newest.get(row.gate)
        if known and known.valid_from == row.valid_from:
            raise LimitsInvalid(f"{path.name}: two rows of {row.gate} are valid from {row.valid_from}")
        if not known or known.valid_from < row.valid_from:
            newest[row.gate] = row
    if not newest:
        raise LimitsInvalid(f"{path.name}: no gate has a limit in force in cycle {cycle}")
    dates_and_reason = {"valid_from", "valid_to", "reason"}
    return tuple(GateLimit(**row.model_dump(exclude=dates_and_reason)) for row in newest.values())


def gate_measures(path: Path = LIMITS_FILE) -> dict[str, str]:
    """What is measured, by gate: every gate that the file names, in its order. Raises LimitsInvalid."""
    return {row.gate: row.measure for row in _rows(path)}


def record_limits(settings: Settings, path: Path = LIMITS_FILE) -> None:
    """Tell the audit trail when the limits are not those that it knows: all rows, and which came and went.

    Raises LimitsInvalid, TrailDamaged.
    """
    rows = [row.model_dump(mode="json", exclude={"measure", "advice"}) for row in _rows(path)]
    known: list[dict[str, Any]] = []
    for entry in entries(settings):
        if entry.action == "limits":
            known = entry.details["rows"]
    if rows != known:
        added = [row for row in rows if row not in known]
        removed = [row for row in known if row not in rows]
        record(settings, "limits", rows=rows, added=added if known else [], removed=removed)


def _rows(path: Path) -> list[_Row]:
    with path.open(encoding="utf-8", newline="") as file:
        cells = [{column: cell or None for column, cell in row.items()} for row in csv.DictReader(file)]
    rows = []
    for row in cells:
        try:
            rows.append(_Row.model_validate(row))
        except ValidationError as error:
            columns = ", ".join(sorted({str(problem["loc"][0]) for problem in error.errors()}))
            raise LimitsInvalid(f"{path.name}: of the gate {row.get('gate')}, mend {columns}") from error
        if rows[-1].lower is None and rows[-1].upper is None:
            raise LimitsInvalid(f"{path.name}: of the gate {row['gate']}, set lower or upper")
    return rows
