"""`mutakhir export postgres` against a real server: whole, again, half-way, while others read, and refused."""

import json
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import dagster as dg
import psycopg
import pytest
from pydantic import SecretStr
from typer.testing import CliRunner

from orchestration.audit import entries
from orchestration.cli import app
from orchestration.definitions import build_defs
from orchestration.distribution import postgres
from orchestration.distribution.families import NotDistributed
from orchestration.distribution.postgres import READER, Exported, NotExported, export
from orchestration.publish.release import publish
from orchestration.settings import PROJECT_ROOT, Settings
from tests.builds import make_candidate, passes
from tests.postgres import PASSWORD, READS, WRONG_URLS, Server, content, server

pytestmark = pytest.mark.slow
FUNNEL = "select cycle, programme, listed, share from {}.cycle_funnel order by 1, 2"


@pytest.fixture(scope="module")
def pg() -> Iterator[Server]:
    with server() as running:
        yield running


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return Settings(lake=tmp_path / "lake")


@pytest.fixture
def schema(request: pytest.FixtureRequest) -> str:
    """A schema for each test."""
    return f"s_{abs(hash(request.node.name))}"


def release(settings: Settings, cycle: str, reason: str | None = None, **build: Any) -> None:
    make_candidate(settings, cycle, **build)
    publish(settings, cycle, reason, evaluate=passes)


def test_it_shows_the_marts_of_every_current_release(settings: Settings, pg: Server, schema: str) -> None:
    release(settings, "2025-10")
    release(settings, "2025-11")
    first = export(settings, pg.url, schema)
    assert first == Exported(
        {"2025-10": "r01", "2025-11": "r01"},
        {"cycle_funnel": 4, "dim_cycle": 2, "gate_results": 6, "removal_reasons": 0},
        (),
    )
    assert [(c, p, n, str(s)) for c, p, n, s in pg.query(FUNNEL.format(schema))] == [
        ("2025-10", "PKH", 4, "0.2500"),
        ("2025-10", "SEMBAKO", 1, "0.2500"),
        ("2025-11", "PKH", 4, "0.2500"),
        ("2025-11", "SEMBAKO", 1, "0.2500"),
    ]
    assert pg.query(f"select cutoff::text from {schema}.dim_cycle order by 1") == [("2025-10-17",), ("2025-11-17",)]
    values = f"select gate, value, lower, passed from {schema}.gate_results where cycle = '2025-11' order by gate"
    assert pg.query(values)[0] == ("decile_balance", 0.13, 0.08, False)
    before = content(pg, schema)
    assert export(settings, pg.url, schema) == Exported({}, {}, ())
    assert content(pg, schema) == before
    pg.query(f"drop schema {schema} cascade")
    export(settings, pg.url, schema)
    assert content(pg, schema) == before
    assert [entry.details["releases"] for entry in entries(settings) if entry.action == "export"] == [first.loaded] * 2

    release(settings, "2025-10", "a family less", families=[("PKH", "F-1", "3201")])
    assert export(settings, pg.url, schema, "2025-11").loaded == {}
    assert export(settings, pg.url, schema, "2025-10").loaded == {"2025-10": "r02"}
    assert [row[:3] for row in pg.query(FUNNEL.format(schema))] == [
        ("2025-10", "PKH", 1),
        ("2025-11", "PKH", 4),
        ("2025-11", "SEMBAKO", 1),
    ]


def test_a_cycle_that_is_released_no_more_is_taken_out(settings: Settings, pg: Server, schema: str) -> None:
    release(settings, "2025-10")
    release(settings, "2025-11")
    export(settings, pg.url, schema)
    index = settings.releases / "current.json"
    known = json.loads(index.read_text())
    del known["cycles"]["2025-10"]
    index.write_text(json.dumps(known))
    assert export(settings, pg.url, schema) == Exported({}, {}, ("2025-10",))
    assert {row[0] for row in pg.query(FUNNEL.format(schema))} == {"2025-11"}


def test_comments_and_a_role_that_only_reads(settings: Settings, pg: Server, schema: str) -> None:
    release(settings, "2025-11")
    export(settings, pg.url, schema)
    about = "select obj_description('{0}.{1}'::regclass), col_description('{0}.{1}'::regclass, 1)"
    for mart in ("cycle_funnel", "gate_results", "dim_cycle"):
        ((table, column),) = pg.query(about.format(schema, mart))
        assert len(table) > 20 and column == "The cycle, YYYY-MM"
    assert pg.query(f"select rolcanlogin, rolsuper from pg_roles where rolname = '{READER}'") == [(False, False)]
    pg.query(f"create role analyst_{schema} login password '{PASSWORD}' in role {READER}")
    reader = pg.url_of(f"analyst_{schema}", PASSWORD)
    assert len(pg.query(FUNNEL.format(schema), reader)) == 2
    for change in ("delete from {}.cycle_funnel", "create table {}.mine (cycle text)", "drop table {}.releases"):
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            pg.query(change.format(schema), reader)
    pg.query(f"create role nobody_{schema} login password '{PASSWORD}'")
    with pytest.raises(psycopg.errors.InsufficientPrivilege):
        pg.query(FUNNEL.format(schema), pg.url_of(f"nobody_{schema}", PASSWORD))


def test_readers_see_one_release_or_the_next(settings: Settings, pg: Server, schema: str, tmp_path: Path) -> None:
    """In another process, two statements in a transaction: what they say belongs together."""
    release(settings, "2025-11")
    export(settings, pg.url, schema)
    stop = tmp_path / "stop"
    reader = subprocess.Popen(
        [sys.executable, "-c", READS, pg.url, schema, str(stop)],
        cwd=PROJECT_ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
    )  # fmt: skip
    try:
        assert reader.stdout is not None and reader.stdout.readline() == "reads\n"
        for families in range(1, 4):
            chosen = [("PKH", f"F-{number}", "3201") for number in range(families)]
            release(settings, "2025-11", "again", families=chosen)
            export(settings, pg.url, schema)
    finally:
        stop.touch()
        output, errors = reader.communicate(timeout=60)
    assert errors == ""
    reads, *seen = output.split()
    assert int(reads) > 20
    assert {"5/2/r01", "3/1/r04"} <= set(seen) <= {"5/2/r01", "1/1/r02", "2/1/r03", "3/1/r04"}


def test_what_fails_half_way_leaves_what_was_there(
    settings: Settings, pg: Server, schema: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The connection is cut after the first marts were loaded."""
    release(settings, "2025-10")
    export(settings, pg.url, schema)
    before = content(pg, schema)
    release(settings, "2025-10", "again", families=[("PKH", "F-1", "3201")])
    release(settings, "2025-11")
    copy = postgres._Schema._copy

    def cut(self: Any, reading: Any, mart: str, relation: str) -> int:
        if mart == "gate_results":
            pg.query("select pg_terminate_backend(pid) from pg_stat_activity where application_name = 'mutakhir'")
        return copy(self, reading, mart, relation)

    monkeypatch.setattr(postgres._Schema, "_copy", cut)
    with pytest.raises(NotExported, match="Nothing was changed"):
        export(settings, pg.url, schema)
    assert content(pg, schema) == before
    monkeypatch.undo()
    assert export(settings, pg.url, schema).loaded == {"2025-10": "r02", "2025-11": "r01"}


def test_exports_at_once_take_turns(settings: Settings, pg: Server, schema: str) -> None:
    release(settings, "2025-11")
    with ThreadPoolExecutor(3) as pool:
        done = list(pool.map(lambda _: export(settings, pg.url, schema).loaded, range(3)))
    assert sorted(map(len, done)) == [0, 0, 1]
    assert len(pg.query(FUNNEL.format(schema))) == 2


def test_releases_that_do_not_verify_are_refused(settings: Settings, pg: Server, schema: str) -> None:
    with pytest.raises(NotExported, match="there is no release"):
        export(settings, pg.url, schema)
    release(settings, "2025-11")
    with pytest.raises(NotExported, match="cycle 2025-12 has no release"):
        export(settings, pg.url, schema, "2025-12")
    folder = settings.releases / "2025-11" / "r01"
    for path, said in (
        (next(folder.glob("decisions/*/*.parquet")), "has other bytes"),
        (folder / "marts" / "cycle_funnel.parquet", "has other bytes"),
        (folder / "manifest.json", "another than current.json says"),
    ):
        good = path.read_bytes()
        path.chmod(0o644)
        path.write_bytes(good + (b"\n" if path.suffix == ".json" else b"x"))
        with pytest.raises(NotDistributed, match=said):
            export(settings, pg.url, schema)
        path.write_bytes(good)
    assert pg.query(f"select 1 from pg_namespace where nspname = '{schema}'") == []


def test_schemas_of_others_are_left_alone(settings: Settings, pg: Server, schema: str) -> None:
    release(settings, "2025-11")
    pg.query(f"create schema {schema}; create table {schema}.cycle_funnel (cycle text)")
    with pytest.raises(NotExported, match="not Mutakhir's"):
        export(settings, pg.url, schema)
    for hostile in (
        'm"; drop schema public; --',
        "pg_catalog",
        "information_schema",
        "",
        "a" * 64,
        "Öffentlich",
        "a\n",
    ):
        with pytest.raises(NotExported, match="lower-case letters"):
            export(settings, pg.url, hostile)
    pg.query(f"drop schema {schema} cascade")
    export(settings, pg.url, schema)
    pg.query(f"alter table {schema}.cycle_funnel alter column listed type numeric")
    release(settings, "2025-12")
    with pytest.raises(NotExported, match=r"cycle_funnel.listed is numeric, and bigint in the release"):
        export(settings, pg.url, schema)


def test_a_wrong_url_ends_with_1_and_its_password_is_nowhere(
    settings: Settings, pg: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    release(settings, "2025-11")
    monkeypatch.setenv("MUTAKHIR_LAKE", str(settings.lake))
    for url in WRONG_URLS:
        given = url.format(wrong="s3cr.et", port=pg.port, password=PASSWORD)
        done = CliRunner().invoke(app, ["export", "postgres", "--url", given])
        assert (done.exit_code, done.stdout) == (1, ""), url
        assert done.stderr.startswith(("refused: PostgreSQL cannot be reached: ", "refused: this is no URL")), url
        said = done.output + repr(done.exception)
        assert not [part for part in ("s3cr", "et@", PASSWORD, "horse") if part in said], url


def test_the_command(settings: Settings, pg: Server, schema: str, monkeypatch: pytest.MonkeyPatch) -> None:
    release(settings, "2025-11")
    monkeypatch.setenv("MUTAKHIR_LAKE", str(settings.lake))
    run = CliRunner().invoke
    assert run(app, ["export", "postgres"]).exit_code == 2
    assert run(app, ["export", "postgres", "--url", pg.url, "--schema", "x; drop"]).exit_code == 2
    done = run(app, ["export", "postgres", "--url", pg.url, "--schema", schema])
    assert (done.exit_code, done.stdout) == (0, f"Loaded: 2025-11 r01\nSchema {schema}: 6 rows of 4 marts\n")
    monkeypatch.setenv("MUTAKHIR_POSTGRES_URL", pg.url)
    monkeypatch.setenv("MUTAKHIR_POSTGRES_SCHEMA", schema)
    assert run(app, ["export", "postgres"]).stdout == f"Schema {schema}: nothing was changed\n"
    assert PASSWORD not in repr(Settings()) + Settings().model_dump_json()


def test_the_asset_is_part_of_publishing_where_a_database_is_named(settings: Settings, pg: Server, schema: str) -> None:
    release(settings, "2025-11")
    steps = {
        named: set(build_defs(settings=settings.model_copy(update=update)).resolve_job_def("publish").graph.node_dict)
        for named, update in ((False, {}), (True, {"postgres_url": SecretStr(pg.url)}))
    }
    assert steps == {False: {"release", "release_report"}, True: {"postgres", "release", "release_report"}}
    for url, succeeds in ((pg.url, True), (pg.url_of("postgres", "s3cr.et"), False)):
        chosen = settings.model_copy(update={"postgres_url": SecretStr(url), "postgres_schema": schema})
        with dg.DagsterInstance.ephemeral() as instance:
            result = (
                build_defs(settings=chosen)
                .resolve_job_def("publish")
                .execute_in_process(
                    instance=instance,
                    partition_key="2025-11",
                    asset_selection=[dg.AssetKey("postgres")],
                    raise_on_error=False,
                )
            )
            logs = str([entry.to_json() for entry in instance.all_logs(result.run_id)])
        assert result.success is succeeds
        assert "s3cr" not in logs and PASSWORD not in logs
    assert len(pg.query(FUNNEL.format(schema))) == 2


def test_going_back_goes_back_there_too(
    settings: Settings, pg: Server, schema: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    for amount in range(3):
        release(settings, "2025-11", "again" if amount else None, amount=amount)
    export(settings, pg.url, schema)
    monkeypatch.setenv("MUTAKHIR_LAKE", str(settings.lake))
    monkeypatch.setenv("MUTAKHIR_POSTGRES_SCHEMA", schema)
    shown = f"select release from {schema}.releases"
    back = ["rollback", "--cycle", "2025-11", "--reason", "counted wrong", "--to"]
    monkeypatch.setenv("MUTAKHIR_POSTGRES_URL", pg.url_of("postgres", "s3cr.et"))
    failed = CliRunner().invoke(app, [*back, "r02"])
    assert failed.exit_code == 1 and "Current release of 2025-11: r02" in failed.stdout
    assert "still shows what was taken back: " in failed.stderr and "mutakhir export postgres" in failed.stderr
    assert "s3cr" not in failed.output and pg.query(shown) == [("r03",)]
    monkeypatch.setenv("MUTAKHIR_POSTGRES_URL", pg.url)
    done = CliRunner().invoke(app, [*back, "r01"])
    assert done.exit_code == 0, done.output
    assert pg.query(shown) == [("r01",)]
