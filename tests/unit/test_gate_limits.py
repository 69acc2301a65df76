"""The limits as dated data: the first are the design's, a later row replaces an earlier one, a bad row is refused."""

import csv
from pathlib import Path

import pytest

from orchestration.contracts.sources import SOURCES
from orchestration.gates.limits import LIMITS_FILE, LimitsInvalid, gate_measures, limits_in_force

FIRST = {
    "delivery_intact": ("ingest", None, 0, "block"),
    "conservation": ("dbt", None, 0, "block"),
    "family_count_drift": ("gx", -0.02, 0.02, "block"),
    "nik_malformed_share": ("gx", None, 0.05, "warn"),
    "duplicate_nik_share": ("gx", None, 0.001, "block"),
    "decile_balance": ("gx", 0.08, 0.12, "warn"),
    "orphan_share": ("gx", None, 0.005, "block"),
    "removal_rate": ("gx", None, 0.35, "block"),
    "removal_rate_regency": ("gx", None, 0.60, "warn"),
    "hold_rate": ("gx", None, 0.10, "block"),
    "quota_respected": ("dbt", None, 0, "block"),
    "no_excluded_on_list": ("dbt", None, 0, "block"),
    "unlisted_rows": ("dbt", None, 0, "block"),
    "unnamed_person_rows": ("dbt", None, 0.0001, "block"),
    "replacement_fill": ("gx", 0.95, None, "warn"),
    "verification_coverage": ("gx", 0.50, None, "warn"),
    "list_drift": ("gx", None, 0.01, "warn"),
    "decile_jump": ("gx", None, 0.02, "warn"),
    "dbt_tests": ("dbt", None, 0, "block"),
    **{f"contract_{source}": ("pandera", None, 0.01, "block") for source in SOURCES},
    **{f"rejected_share_{source}": ("dbt+gx", None, 0.02, "block") for source in SOURCES},
}


def test_the_first_limits_are_the_designs() -> None:
    found = {limit.gate: limit for limit in limits_in_force("2025-01")}
    first = {gate: (limit.tool, limit.lower, limit.upper, limit.severity) for gate, limit in found.items()}
    assert first == FIRST
    assert {gate for gate, limit in found.items() if limit.without_reference} == {"family_count_drift"}
    assert list(gate_measures()) == list(found)


HEADER = LIMITS_FILE.read_text(encoding="utf-8").splitlines()[0].split(",")
ROW = {
    "gate": "hold_rate", "tool": "gx", "measure": "held / listed", "unit": "share", "lower": "", "upper": "0.1",
    "severity": "block", "without_reference": "", "valid_from": "2025-01-01", "valid_to": "",
    "reason": "first limit", "advice": "Look.",
}  # fmt: skip


def limits_file(folder: Path, *changes: dict[str, str]) -> Path:
    path = folder / "gate_limits.csv"
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, HEADER)
        writer.writeheader()
        writer.writerows({**ROW, **change} for change in changes)
    return path


@pytest.mark.parametrize(
    ("cycle", "upper"),
    [("2025-10", 0.1), ("2025-11", 0.2), ("2025-12", 0.3), ("2026-02", 0.3), ("2026-03", 0.2)],
)
def test_the_newest_row_in_force_holds(tmp_path: Path, cycle: str, upper: float) -> None:
    path = limits_file(
        tmp_path,
        {"upper": "0.3", "valid_from": "2025-12-17", "valid_to": "2026-02-01", "reason": "a one-off"},
        {},
        {"upper": "0.2", "valid_from": "2025-11-17"},
    )
    (limit,) = limits_in_force(cycle, path)
    assert limit.upper == upper


@pytest.mark.parametrize(
    ("change", "named"),
    [
        ({"severity": "stop"}, "severity"),
        ({"without_reference": "pass"}, "without_reference"),
        ({"unit": "percent"}, "unit"),
        ({"upper": "10 %"}, "upper"),
        ({"upper": "nan"}, "upper"),
        ({"lower": "-inf"}, "lower"),
        ({"upper": ""}, "lower or upper"),
        ({"tool": "gx+spark"}, "tool"),
        ({"reason": ""}, "reason"),
        ({"advice": ""}, "advice"),
        ({"valid_from": "soon"}, "valid_from"),
    ],
)
def test_a_row_that_says_nothing_clear_is_refused(tmp_path: Path, change: dict[str, str], named: str) -> None:
    with pytest.raises(LimitsInvalid, match=f"hold_rate.*{named}"):
        limits_in_force("2025-11", limits_file(tmp_path, change))


def test_two_rows_of_one_day_are_refused(tmp_path: Path) -> None:
    with pytest.raises(LimitsInvalid, match="two rows of hold_rate"):
        limits_in_force("2025-11", limits_file(tmp_path, {}, {"upper": "0.5"}))


def test_a_cycle_without_any_limit_is_refused(tmp_path: Path) -> None:
    with pytest.raises(LimitsInvalid, match="no gate has a limit"):
        limits_in_force("2025-11", limits_file(tmp_path, {"valid_from": "2026-01-01"}))
