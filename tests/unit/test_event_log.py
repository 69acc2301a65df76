"""Dagster's event log with its files kept open: what it holds is in the files at once, for whoever else reads them."""

import sqlite3
from collections.abc import Iterator
from pathlib import Path

import dagster as dg
import psutil
import pytest

from orchestration.event_log import _KEPT_OPEN, KeptOpenEventLog
from orchestration.instance import ensure_home

pytestmark = pytest.mark.slow


@pytest.fixture
def instance(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[dg.DagsterInstance]:
    monkeypatch.setenv("DAGSTER_HOME", str(tmp_path / "home"))
    ensure_home()
    with dg.DagsterInstance.get() as made:
        yield made


@dg.asset
def something() -> None:
    """An asset."""


def run(instance: dg.DagsterInstance) -> str:
    return dg.materialize([something], instance=instance).run_id


def events_in(file: Path) -> int:
    """Events in the file itself, whatever waits beside it in a write-ahead log."""
    connection = sqlite3.connect(f"file:{file}?immutable=1", uri=True)
    (count,) = connection.execute("select count(*) from event_logs").fetchone()
    connection.close()
    return int(count)


def test_events_are_in_the_file_that_the_web_page_watches_before_it_is_closed(
    instance: dg.DagsterInstance, tmp_path: Path
) -> None:
    assert isinstance(instance.event_log_storage, KeptOpenEventLog)
    done = run(instance)
    file = tmp_path / "home" / "history" / "runs" / f"{done}.db"
    assert events_in(file) == len(instance.all_logs(done)) > 10
    assert str(file) in {opened.path for opened in psutil.Process().open_files()}


def test_few_files_are_open_and_none_after_the_end(instance: dg.DagsterInstance, tmp_path: Path) -> None:
    runs = [run(instance) for _ in range(_KEPT_OPEN + 1)]
    assert all(instance.all_logs(one) for one in runs)
    assert len(opened(tmp_path)) == _KEPT_OPEN
    instance.event_log_storage.dispose()
    assert opened(tmp_path) == set()


def test_runs_that_were_wiped_leave_nothing_and_new_ones_are_written(instance: dg.DagsterInstance) -> None:
    before = run(instance)
    instance.event_log_storage.wipe()
    assert instance.all_logs(before) == []
    after = run(instance)
    assert instance.all_logs(after)
    assert instance.get_latest_materialization_event(something.key).run_id == after


def opened(folder: Path) -> set[str]:
    found = {file.path for file in psutil.Process().open_files()}
    return {
        path for path in found if path.startswith(str(folder / "home" / "history" / "runs")) and path.endswith(".db")
    }
