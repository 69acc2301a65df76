"""Dagster's instance: made once, in SQLite or, by one variable, in a real PostgreSQL that other processes read."""

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from rich.console import Console

from orchestration.instance import DATABASE, InstanceUnusable, ensure_home
from orchestration.publish import assets as publish_assets
from orchestration.runs import execute
from orchestration.settings import PROJECT_ROOT, Settings
from tests.builds import make_candidate, passes
from tests.postgres import PASSWORD, Server, server

pytestmark = pytest.mark.slow
READ = """
import json
import dagster as dg
from orchestration.instance import ensure_home

ensure_home()
with dg.DagsterInstance.get() as instance:
    runs = {run.run_id: run.status.value for run in instance.get_runs()}
    event = instance.get_latest_materialization_event(dg.AssetKey("release"))
    said = event.asset_materialization.metadata["release"].value if event else None
    print(json.dumps([runs, said, instance.telemetry_enabled, type(instance.run_storage).__module__]))
"""


@pytest.fixture(scope="module")
def pg() -> Iterator[Server]:
    with server() as running:
        yield running


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An instance of the test's own, and the environment as it was afterwards."""
    monkeypatch.setenv("DAGSTER_HOME", str(tmp_path / "home"))
    monkeypatch.delenv(DATABASE, raising=False)
    for name in ("DO_NOT_TRACK", "DAGSTER_DISABLE_TELEMETRY", "GX_ANALYTICS_ENABLED", "DBT_SEND_ANONYMOUS_USAGE_STATS"):
        monkeypatch.setenv(name, os.environ.get(name, "1"))
    return tmp_path / "home"


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    known = Settings(lake=tmp_path / "lake", publish_url="")
    make_candidate(known)
    return known


def publish(settings: Settings) -> dict[str, str]:
    return execute(Console(quiet=True), settings, "publish", "2025-11", only=["release"])


def read_by_another() -> tuple[dict[str, str], str | None, bool, str]:
    done = subprocess.run([sys.executable, "-c", READ], cwd=PROJECT_ROOT, capture_output=True, text=True, check=True)
    runs, said, telemetry, storage = json.loads(done.stdout.splitlines()[-1])
    return runs, said, telemetry, storage


@pytest.mark.parametrize("in_postgres", [True, False])
def test_a_run_is_read_by_another_process(
    settings: Settings, home: Path, pg: Server, monkeypatch: pytest.MonkeyPatch, in_postgres: bool
) -> None:
    monkeypatch.setattr(publish_assets, "evaluate_candidate", passes)
    if in_postgres:
        monkeypatch.setenv(DATABASE, pg.url)
    assert publish(settings) == {}
    runs, said, telemetry, storage = read_by_another()
    assert (list(runs.values()), said, telemetry) == (["SUCCESS"], "r01", False)
    assert storage.startswith("dagster_postgres") is in_postgres
    assert (len(list(home.rglob("runs.db"))) == 0) is in_postgres
    if in_postgres:
        assert pg.query("select run_id, status from runs") == list(runs.items())
        written = "".join(path.read_text() for path in home.rglob("*") if path.is_file() and path.suffix != ".pyc")
        assert PASSWORD not in written


def wrong(pg: Server) -> dict[str, str]:
    return {
        "password": pg.url_of("postgres", "s3cr.et"),
        "port": "postgresql://postgres:s3cr.et@127.0.0.1:1/postgres",
        "database": pg.url_of("postgres", PASSWORD, "s3cr.et"),
        "scheme": f"mysql://postgres:s3cr.et@127.0.0.1:{pg.port}/postgres",
        "text": f"postgresql://postgres:s3cr.et@@127.0.0.1:{pg.port}/postgres",
    }


@pytest.mark.parametrize("what", ["password", "port", "database", "scheme", "text"])
def test_a_wrong_url_is_said_without_its_password(
    settings: Settings, pg: Server, monkeypatch: pytest.MonkeyPatch, what: str
) -> None:
    monkeypatch.setenv(DATABASE, wrong(pg)[what])
    said = publish(settings)["instance"]
    assert said.startswith(("the PostgreSQL of MUTAKHIR_DAGSTER_POSTGRES_URL does not", f"{DATABASE} is no URL"))
    assert "s3cr" not in said and PASSWORD not in said
    assert not settings.releases.exists()


def test_a_database_that_the_instance_does_not_use_is_no_silent_mistake(
    home: Path, pg: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    ensure_home()
    monkeypatch.setenv(DATABASE, pg.url)
    with pytest.raises(InstanceUnusable, match="says nothing of it. Write config/dagster-postgres.yaml"):
        ensure_home()
    config = PROJECT_ROOT / "config"
    written = (home / "dagster.yaml").read_text()
    assert written.endswith((config / "dagster-sqlite.yaml").read_text())
    of_postgres = (config / "dagster-postgres.yaml").read_text()
    (home / "dagster.yaml").write_text(written.replace((config / "dagster-sqlite.yaml").read_text(), of_postgres))
    assert ensure_home() == home
    monkeypatch.delenv(DATABASE)
    done = subprocess.run(
        [sys.executable, "-m", "orchestration.instance"], cwd=PROJECT_ROOT, capture_output=True, text=True, check=False
    )
    assert (done.returncode, done.stdout) == (1, "") and "which is not set: set it" in done.stderr
