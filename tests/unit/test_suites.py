"""Great Expectations over evidence tables, run for real: what it finds, names and writes."""

import re
import socket
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from orchestration.gates.limits import limits_in_force
from orchestration.gates.suites import SuiteOutcome, run_suites
from orchestration.gates.verdict import GateLimit

pytestmark = pytest.mark.slow

LIMITS = limits_in_force("2025-11")
JUDGED = {limit.gate for limit in LIMITS if "gx" in limit.tool}
Frames = dict[str, pd.DataFrame]


def frames() -> Frames:
    """Evidence of a cycle that passes, most of it exactly at the limit."""
    values: dict[str, float | None] = {}
    shares: dict[str, float] = {}
    for limit in LIMITS:
        bound = limit.lower if limit.upper is None else limit.upper
        if limit.gate.startswith("rejected_share_"):
            shares[limit.gate.removeprefix("rejected_share_")] = bound or 0.0
        elif limit.gate not in ("removal_rate_regency", "decile_balance"):
            values[limit.gate] = bound
    return {
        "gate_values": pd.DataFrame({"gate": list(values), "value": list(values.values())}),
        "evidence_sources": pd.DataFrame({"source": list(shares), "rejected_share": list(shares.values())}),
        "evidence_regencies": pd.DataFrame(
            {"regency_code": ["1101", "3171", "3273"], "listed": [200, 300, 400], "removal_rate": [0.1, 0.6, 0.3]}
        ),
        "evidence_deciles": pd.DataFrame(
            {"welfare_decile": range(1, 11), "persons": 10, "share": [0.08, 0.12, *[0.1] * 8]}
        ),
    }


def set_value(tables: Frames, gate: str, value: Any) -> None:
    table = tables["gate_values"].astype({"value": object})
    table.loc[table["gate"] == gate, "value"] = value
    tables["gate_values"] = table


@pytest.fixture
def no_network(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[object]]:
    """Every attempt to reach another host; none may be made."""
    attempts: list[object] = []

    def refuse(_: socket.socket, address: object) -> None:
        attempts.append(address)
        raise OSError("no network here")

    monkeypatch.setattr(socket.socket, "connect", refuse)
    yield attempts


def run(tables: Frames, docs: Path, limits: tuple[GateLimit, ...] = LIMITS) -> dict[str, SuiteOutcome]:
    return {outcome.gate: outcome for outcome in run_suites(tables, limits, docs)}


def test_values_at_their_limits_pass_without_a_request_to_anybody(tmp_path: Path, no_network: list[object]) -> None:
    outcomes = run(frames(), tmp_path / "data_docs")
    assert no_network == []
    assert set(outcomes) == JUDGED
    assert {outcome.gate for outcome in outcomes.values() if not outcome.success or outcome.error} == set()
    assert (outcomes["removal_rate_regency"].value, outcomes["removal_rate_regency"].worst) == (0.6, "3171")
    assert outcomes["hold_rate"].value == 0.10


def test_the_data_docs_are_one_page_that_loads_nothing(tmp_path: Path) -> None:
    tables = frames()
    tables["evidence_regencies"].loc[0, "removal_rate"] = 0.75
    run(tables, tmp_path / "data_docs")
    assert [path.name for path in (tmp_path / "data_docs").iterdir()] == ["index.html"]
    page = (tmp_path / "data_docs/index.html").read_text(encoding="utf-8")
    assert not re.findall(r"https?://|\bsrc\s*=|<link|<script|@import|url\(", page)
    assert "evidence_regencies: expectations not met" in page
    assert "gate_values: all expectations met" in page
    for shown in (*JUDGED - {"removal_rate_regency", "decile_balance"}, "1101", "0.75"):
        assert shown in page


def test_values_beyond_their_limits_fail_and_name_the_place(tmp_path: Path) -> None:
    tables = frames()
    set_value(tables, "hold_rate", 0.100000001)
    set_value(tables, "family_count_drift", -0.020000001)
    set_value(tables, "replacement_fill", 0.949999999)
    tables["evidence_sources"].loc[lambda f: f["source"] == "usulan", "rejected_share"] = 0.5
    tables["evidence_regencies"]["removal_rate"] = [0.7, 0.6, 0.9]
    tables["evidence_deciles"].loc[3, "share"] = 0.079
    tables["evidence_deciles"].loc[7, "share"] = 0.13
    outcomes = run(tables, tmp_path)
    assert {gate for gate, outcome in outcomes.items() if not outcome.success} == {
        "hold_rate", "family_count_drift", "replacement_fill", "rejected_share_usulan", "removal_rate_regency",
        "decile_balance",
    }  # fmt: skip
    assert {outcome.error for outcome in outcomes.values()} == {""}
    assert (outcomes["removal_rate_regency"].value, outcomes["removal_rate_regency"].worst) == (0.9, "3273, 1101")
    assert (outcomes["decile_balance"].value, outcomes["decile_balance"].worst) == (0.13, "8, 4")
    assert outcomes["family_count_drift"].value == -0.020000001


def test_many_regencies_are_counted_beyond_the_first_ten(tmp_path: Path) -> None:
    tables = frames()
    codes = [f"32{number:02d}" for number in range(12)]
    tables["evidence_regencies"] = pd.DataFrame({"regency_code": codes, "removal_rate": 0.7})
    worst = run(tables, tmp_path)["removal_rate_regency"].worst
    assert worst == f"{', '.join(codes[:10])} and 2 more"


def test_what_is_missing_fails(tmp_path: Path) -> None:
    """Great Expectations passes over nulls and over tables without rows: neither may pass here."""
    tables = frames()
    set_value(tables, "hold_rate", None)
    set_value(tables, "list_drift", float("nan"))
    tables["evidence_deciles"] = tables["evidence_deciles"][:9]
    tables["evidence_regencies"].loc[1, "removal_rate"] = None
    tables["evidence_sources"] = tables["evidence_sources"][:-1]
    outcomes = run(tables, tmp_path)
    failed = {gate: bool(outcome.error) for gate, outcome in outcomes.items() if not outcome.success}
    assert failed == {
        "hold_rate": False,
        "list_drift": False,
        "decile_balance": False,
        "removal_rate_regency": False,
        "rejected_share_hasil_salur": True,
    }
    assert outcomes["hold_rate"].value is None
    assert outcomes["removal_rate_regency"].value is None


@pytest.mark.parametrize("deciles", [range(1, 10), [*range(1, 11), 10], [*range(1, 10), 11]])
def test_every_decile_is_there_once(tmp_path: Path, deciles: list[int]) -> None:
    tables = frames()
    tables["evidence_deciles"] = pd.DataFrame({"welfare_decile": deciles, "share": 0.1})
    only = tuple(limit for limit in LIMITS if limit.gate == "decile_balance")
    assert not run(tables, tmp_path, only)["decile_balance"].success


def test_an_engine_error_is_an_error_and_not_bad_data(tmp_path: Path) -> None:
    tables = frames()
    set_value(tables, "removal_rate", "many")
    tables["gate_values"] = pd.concat([tables["gate_values"], tables["gate_values"].query("gate == 'orphan_share'")])
    del tables["evidence_deciles"]
    outcomes = run(tables, tmp_path)
    errors = {gate for gate, outcome in outcomes.items() if outcome.error}
    assert errors == {"removal_rate", "orphan_share", "decile_balance"}
    assert not any(outcomes[gate].success for gate in errors)
    assert outcomes["hold_rate"].success


def test_a_suite_that_cannot_run_at_all_is_an_error_of_every_gate(tmp_path: Path) -> None:
    (tmp_path / "data_docs").write_text("a file where the folder should be")
    outcomes = run(frames(), tmp_path / "data_docs")
    assert set(outcomes) == JUDGED
    assert {(outcome.success, outcome.error) for outcome in outcomes.values()} == {
        (False, "Great Expectations stopped with FileExistsError")
    }
    assert outcomes["hold_rate"].value == 0.10


def test_no_regency_large_enough_is_no_failure(tmp_path: Path) -> None:
    tables = frames()
    tables["evidence_regencies"] = tables["evidence_regencies"][:0]
    outcome = run(tables, tmp_path)["removal_rate_regency"]
    assert (outcome.success, outcome.value, outcome.worst) == (True, 0.0, "")
