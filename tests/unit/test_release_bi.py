"""bi/marts.duckdb: every cycle's current marts, and readers in other processes that never notice the change."""

import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import duckdb
import pytest

from orchestration.candidate.seal import unseal
from orchestration.candidate.write import write_candidate
from orchestration.publish.bi import bi_path, refresh
from orchestration.publish.release import publish
from orchestration.settings import PROJECT_ROOT, Settings
from tests.builds import make_build, make_candidate, passes, seal_candidate

READER = """
import sys, time
from pathlib import Path
import duckdb

path, stop = sys.argv[1], Path(sys.argv[2])
seen, reads = set(), 0
while not stop.exists():
    with duckdb.connect(path, read_only=True) as connection:
        seen.add(connection.execute("select sum(listed), count(*) from cycle_funnel").fetchone())
    reads += 1
    print(reads, flush=True)
print("seen", *(f"{listed}/{rows}" for listed, rows in sorted(seen)))
"""


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return Settings(lake=tmp_path / "lake")


def release(settings: Settings, cycle: str, reason: str | None = None, **build: Any) -> None:
    make_candidate(settings, cycle, **build)
    publish(settings, cycle, reason, evaluate=passes)


def query(settings: Settings, sql: str) -> list[tuple[Any, ...]]:
    with duckdb.connect(str(bi_path(settings)), read_only=True) as connection:
        return connection.execute(sql).fetchall()


def test_it_shows_the_marts_of_every_cycles_current_release(settings: Settings) -> None:
    release(settings, "2025-10")
    release(settings, "2025-11")
    release(settings, "2025-10", "a family less", families=[("PKH", "F-1", "3201")])
    assert query(settings, "select cycle, programme, listed from cycle_funnel order by all") == [
        ("2025-10", "PKH", 1),
        ("2025-11", "PKH", 4),
        ("2025-11", "SEMBAKO", 1),
    ]
    assert query(settings, "select distinct cycle from gate_results order by all") == [("2025-10",), ("2025-11",)]
    tables = query(settings, "select table_name from information_schema.tables where table_schema = 'main' order by 1")
    assert tables == [("cycle_funnel",), ("dim_cycle",), ("gate_results",), ("removal_reasons",)]
    assert query(settings, "select cycle, release from about.releases order by all") == [
        ("2025-10", "r02"),
        ("2025-11", "r01"),
    ]
    assert [path.name for path in settings.bi.iterdir()] == ["marts.duckdb"]


def test_columns_that_only_some_cycles_have_are_united_by_name(settings: Settings) -> None:
    release(settings, "2025-10")
    make_build(settings)
    with duckdb.connect(str(settings.build / "2025-11.duckdb")) as connection:
        connection.execute("create or replace view marts.dim_cycle as select 7 as weeks, '2025-11' as cycle")
    write_candidate(settings, "2025-11", "run-1")
    seal_candidate(settings)
    publish(settings, "2025-11", evaluate=passes)
    assert query(settings, "select cycle, weeks, cutoff is null from dim_cycle order by cycle") == [
        ("2025-10", None, False),
        ("2025-11", 7, True),
    ]


def test_it_is_rebuilt_only_when_it_lags_behind(settings: Settings) -> None:
    assert not refresh(settings)
    release(settings, "2025-11")
    assert not refresh(settings)
    bi_path(settings).write_bytes(b"no database")
    assert refresh(settings)
    assert query(settings, "select count(*) from cycle_funnel") == [(2,)]
    bi_path(settings).unlink()
    publish(settings, "2025-11", evaluate=passes)  # already current, but BI has nothing to read
    assert query(settings, "select count(*) from cycle_funnel") == [(2,)]


def test_a_candidate_that_is_not_published_does_not_show(settings: Settings) -> None:
    release(settings, "2025-11")
    make_candidate(settings, families=[("PKH", "F-1", "3201")])
    unseal(settings, "2025-11")
    assert not refresh(settings)
    assert query(settings, "select sum(listed) from cycle_funnel") == [(5,)]


def test_a_reader_in_another_process_reads_all_the_time(settings: Settings, tmp_path: Path) -> None:
    release(settings, "2025-11")
    stop = tmp_path / "stop"
    reader = subprocess.Popen(
        [sys.executable, "-c", READER, str(bi_path(settings)), str(stop)],
        cwd=PROJECT_ROOT,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    try:
        assert reader.stdout is not None and reader.stdout.readline() == "1\n"
        for families in range(1, 5):
            release(
                settings, "2025-11", "again", families=[("PKH", f"F-{number}", "3201") for number in range(families)]
            )
        time.sleep(0.2)
    finally:
        stop.touch()
        output, errors = reader.communicate(timeout=60)
    assert (reader.returncode, errors) == (0, "")
    seen = output.splitlines()[-1].split()[1:]
    assert {"5/2", "4/1"} <= set(seen) <= {"1/1", "2/1", "3/1", "4/1", "5/2"}


def test_an_open_reader_keeps_what_it_opened_and_does_not_hold_publishing_back(settings: Settings) -> None:
    release(settings, "2025-11")
    script = (
        "import sys, duckdb; c = duckdb.connect(sys.argv[1], read_only=True); print('open', flush=True); "
        "sys.stdin.readline(); print(c.execute('select sum(listed) from cycle_funnel').fetchone()[0])"
    )
    reader = subprocess.Popen(
        [sys.executable, "-c", script, str(bi_path(settings))],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert reader.stdout is not None and reader.stdout.readline() == "open\n"
    release(settings, "2025-11", "again", families=[("PKH", "F-1", "3201")])
    output, _ = reader.communicate("\n", timeout=60)
    assert output == "5\n"
    assert query(settings, "select sum(listed) from cycle_funnel") == [(1,)]
