"""What a comparison of engines may say: nothing of results that differ, and why an engine has no figure."""

import os
import sys
import time
from pathlib import Path
from typing import Any

import duckdb
import psutil

from benchmarks.peers.comparison import compared, digest
from benchmarks.peers.report import floor_table, peers_table
from benchmarks.peers.rules import Rules, rules_of
from benchmarks.watch import watch


def run(core: float, digests: str = "same", load: float = 0) -> dict[str, Any]:
    return {
        "seconds": {"start": 9, "load": load, "core": core},
        "cpu_seconds": 2,
        "peak_memory": 10**9,
        "peak_disk": 0,
        "version": "1",
        "settings": {"threads": 2},
        "digests": {"decisions": digests},
    }


def rows(**runs: list[dict[str, Any]]) -> dict[str, dict[str, Any]]:
    return {row["engine"]: row for row in compared(1000, runs, {})}


def test_ratios_are_taken_within_each_repetition_and_loading_counts() -> None:
    found = rows(duckdb=[run(1), run(2), run(4)], postgres=[run(3, load=1), run(5, load=1), run(5, load=1)])
    assert found["postgres"]["ratio"] == {"min": 1.5, "median": 3, "max": 4}
    assert found["duckdb"]["seconds"] == {"min": 1, "median": 2, "max": 4}


def test_results_that_differ_have_no_ratio() -> None:
    found = rows(duckdb=[run(1), run(1)], polars=[run(1), run(1, digests="other")])
    assert found["polars"]["equal"] is False and "ratio" not in found["polars"]
    assert "| 1,000 | Polars | void: its results differ |" in "\n".join(peers_table(list(found.values())))


def test_an_engine_that_gave_up_says_why() -> None:
    failed = {"failed": "longer than 5 s"}
    row = compared(1000, {"pandas": [run(1), failed]}, {"pandas": "longer than 5 s at 1,000 families"})[0]
    assert "seconds" not in row
    assert "| 1,000 | pandas | longer than 5 s at 1,000 families |" in "\n".join(peers_table([row]))


def test_the_floor_is_shown_beside_the_whole_cycle() -> None:
    floor = {"families": 1000, "process_seconds": 2.0, **run(1)}
    assert "| 1,000 | 2.0 | 2 | 1.0 GB | 4.0 |" in floor_table([floor], {1000: 8.0})


def has_ended(process: int) -> bool:
    """Whether it runs no more; of an orphan the system may keep the number for a while."""
    try:
        return psutil.Process(process).status() == psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return True


def test_a_command_beyond_its_bounds_is_ended_with_all_that_it_started(tmp_path: Path) -> None:
    child = f"{sys.executable} -c 'import time; time.sleep(60)' & echo $! > {tmp_path}/child; wait"
    begun = time.monotonic()
    found = watch(["bash", "-c", child], os.environ, tmp_path, most_seconds=0.5)
    assert found.stopped == "longer than 0.5 s" and found.exit_code != 0
    assert time.monotonic() - begun < 30
    assert has_ended(int((tmp_path / "child").read_text()))
    assert watch(["bash", "-c", "sleep 0.5"], os.environ, tmp_path, most_memory=1).stopped.startswith("more than")


def test_a_digest_does_not_depend_on_what_wrote_the_result(tmp_path: Path) -> None:
    rows = "values ('families', '1101', '3', 5, 700), ('evidence', 'PKH', 'ASN', 1, null)"
    source = f"(select * from ({rows}) as rows (part, programme, name, number, amount))"
    for name in ("csv", "parquet"):
        (tmp_path / name).mkdir()
        duckdb.execute(f"copy {source} to '{tmp_path}/{name}/summary.{name}'")
    assert digest(tmp_path / "csv", "summary") == digest(tmp_path / "parquet", "summary")


def test_rules_are_those_of_the_day() -> None:
    november, january = rules_of("2025-11"), rules_of("2026-01")
    assert [decile_range(rules) for rules in (november, january)] == [(1, 5), (1, 4)]
    assert "BLTS_KESRA" not in {programme.name for programme in january.programmes}


def decile_range(rules: Rules) -> tuple[int, int]:
    sembako = rules.programme("SEMBAKO")
    return sembako.decile_min, sembako.decile_max
