"""One run at a time works on a cycle: the lock that a run holds, and the build file that outlives it in dbt's hands."""

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import dagster as dg
import duckdb
import pytest

from orchestration.contracts.sources import SOURCES
from orchestration.definitions import build_defs
from orchestration.ingest.records import IngestedSource
from orchestration.locks import CycleLocked, cycle_lock, is_locked, lock_message
from orchestration.settings import Settings
from orchestration.warehouse.build import BuildBusy, build_file, prepare_build

CYCLE = "2025-11"
HOLDER = """
from pathlib import Path
from orchestration.locks import cycle_lock
from orchestration.settings import Settings

with cycle_lock(Settings(lake=Path(sys.argv[1])), "2025-11", "run-elsewhere"):
    print("ready", flush=True)
    sys.stdin.readline()
"""
WRITER = """
import duckdb

connection = duckdb.connect(sys.argv[1])
connection.execute("create table half_of_it as select 1 as one")
print("ready", flush=True)
sys.stdin.readline()
"""


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return Settings(lake=tmp_path / "lake")


@contextmanager
def elsewhere(script: str, argument: Path) -> Iterator[subprocess.Popen[str]]:
    """Another process, which has done its work and goes on when its input ends."""
    process = subprocess.Popen(
        [sys.executable, "-c", f"import sys\n{script}", str(argument)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    try:
        assert process.stdout is not None and process.stdout.readline() == "ready\n"
        yield process
    finally:
        process.communicate("\n", timeout=60)


def take(settings: Settings, cycle: str = CYCLE) -> None:
    with cycle_lock(settings, cycle, "run-here"):
        assert is_locked(settings, cycle)


def ingested_nothing(cycle: str = CYCLE) -> dict[str, IngestedSource]:
    return {
        name: IngestedSource(source=name, cycle=cycle, deliveries=(), warnings=(), absent=True, contract=None)
        for name in SOURCES
    }


def test_a_second_run_is_refused_and_told_which_is_the_first(settings: Settings) -> None:
    with elsewhere(HOLDER, settings.lake) as first:
        assert is_locked(settings, CYCLE)
        for words in ("run-elsewhere", f"process {first.pid},", f"cycle {CYCLE}", "wait for it"):
            with pytest.raises(CycleLocked, match=words):
                take(settings)
        assert "run-elsewhere" in lock_message(settings, CYCLE)  # a refusal takes nothing away from the first
        take(settings, "2025-12")
    assert not is_locked(settings, CYCLE)
    take(settings)


def test_two_runs_of_one_process_exclude_each_other(settings: Settings) -> None:
    with cycle_lock(settings, CYCLE, "run-first"):
        with pytest.raises(CycleLocked, match=f"run-first .process {os.getpid()},"):
            take(settings)
        assert is_locked(settings, CYCLE)


def test_a_killed_run_leaves_no_lock(settings: Settings) -> None:
    with elsewhere(HOLDER, settings.lake) as first:
        first.kill()
        first.wait()
        assert not is_locked(settings, CYCLE)
        take(settings)


def test_a_run_that_fails_leaves_no_lock(settings: Settings) -> None:
    with pytest.raises(ZeroDivisionError), cycle_lock(settings, CYCLE, "run-failing"):
        raise ZeroDivisionError
    assert not is_locked(settings, CYCLE)
    assert "run-failing" not in lock_message(settings, CYCLE)


def test_who_holds_it_may_be_unknown(settings: Settings) -> None:
    with cycle_lock(settings, CYCLE, "run-first"):
        (settings.build / f"{CYCLE}.lock.json").write_text("{")
        with pytest.raises(CycleLocked, match="worked on by another run"):
            take(settings)


def test_a_job_started_from_anywhere_meets_the_lock(settings: Settings, tmp_path: Path) -> None:
    """Also outside of the commands, in Dagster's page or daemon: the run fails before its first step."""
    job = build_defs(settings=settings).resolve_job_def("publish")
    with dg.DagsterInstance.local_temp(str(tmp_path)) as instance, elsewhere(HOLDER, settings.lake):
        result = job.execute_in_process(instance=instance, partition_key=CYCLE, raise_on_error=False)
        assert not result.success
        assert not [event for event in result.all_events if event.event_type_value == "STEP_SUCCESS"]
        assert any("run-elsewhere" in str(event.event_specific_data) for event in result.all_events)
    assert [path.name for path in settings.lake.iterdir()] == ["build"]


@pytest.mark.parametrize("name", ["update_cycle", "publish"])
def test_every_step_of_a_job_asks_for_the_lock(settings: Settings, name: str) -> None:
    steps = build_defs(settings=settings).resolve_job_def(name).graph.node_defs
    assert steps
    assert not [step.name for step in steps if "cycle" not in step.required_resource_keys]


def test_a_build_that_dbt_still_writes_is_not_taken_away_from_it(settings: Settings) -> None:
    """A killed run has lost its lock, but not its dbt."""
    prepare_build(settings, CYCLE, "run-killed", ingested_nothing())
    path = build_file(settings, CYCLE)
    with elsewhere(WRITER, path):
        with pytest.raises(BuildBusy, match="dbt of a run that was killed"):
            prepare_build(settings, CYCLE, "run-next", ingested_nothing())
        prepare_build(settings, "2025-12", "run-next", ingested_nothing("2025-12"))
    with duckdb.connect(str(path), read_only=True) as connection:
        assert connection.execute("select one from half_of_it").fetchall() == [(1,)]
    prepare_build(settings, CYCLE, "run-next", ingested_nothing())
    with duckdb.connect(str(path), read_only=True) as connection:
        assert not connection.execute("from duckdb_tables() where table_name = 'half_of_it'").fetchall()
