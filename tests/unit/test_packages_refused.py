"""Regency packages that are not made: no key, another build, totals that differ, and keys that cannot be used."""

import json
import shutil
from pathlib import Path

import duckdb
import pytest
from typer.testing import CliRunner

from orchestration.cli import app
from orchestration.distribution.families import NotDistributed
from orchestration.distribution.keys import KeysUnfit, read_keys
from orchestration.distribution.packages import make_packages
from orchestration.locks import CycleLocked, cycle_lock
from orchestration.settings import Settings
from tests.regencies import (
    BANDUNG,
    CYCLE,
    GARUT,
    Office,
    make_release,
    write_keys,
)

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    lake = tmp_path_factory.mktemp("template") / "lake"
    make_release(Settings(lake=lake))
    return lake


@pytest.fixture
def office() -> Office:
    return Office()


@pytest.fixture
def settings(tmp_path: Path, office: Office, template: Path) -> Settings:
    lake = shutil.copytree(template, tmp_path / "lake")
    return Settings(lake=lake, regency_keys=write_keys(tmp_path / "keys.toml", {GARUT: office}))


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ("update cycle_funnel set held = held + 1 where programme = 'PKH'", "PKH: held is not that of cycle_funnel"),
        ("update cycle_funnel set payable_amount_idr = 0", "payable_amount_idr is not that of cycle_funnel"),
        ("delete from cycle_funnel where programme = 'BLTS_KESRA'", "BLTS_KESRA: listed is not that"),
        ("update verification_progress set on_work_list = 8", "the work list is not that of verification_progress"),
    ],
)
def test_totals_that_do_not_add_up_are_refused(
    settings: Settings, monkeypatch: pytest.MonkeyPatch, change: str, words: str
) -> None:
    from orchestration.distribution import packages

    view = packages.view_release

    def changed(connection: duckdb.DuckDBPyConnection, *rest: object) -> None:
        view(connection, *rest)  # type: ignore[arg-type]
        for mart in ("cycle_funnel", "verification_progress"):
            connection.execute(
                f"create table copied as from {mart}; drop view {mart}; alter table copied rename to {mart}"
            )
        connection.execute(change)

    monkeypatch.setattr(packages, "view_release", changed)
    with pytest.raises(NotDistributed, match=words):
        make_packages(settings, CYCLE)
    assert not settings.packages.exists()


def test_a_regency_without_a_key_is_named_and_the_others_are_made(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MUTAKHIR_LAKE", str(settings.lake))
    monkeypatch.setenv("MUTAKHIR_REGENCY_KEYS", str(settings.regency_keys))
    done = CliRunner().invoke(app, ["packages", "--cycle", CYCLE])
    assert done.exit_code == 1
    assert f"not made, no key in {settings.regency_keys}: {BANDUNG}" in done.stderr.replace("\n", "")
    assert "3205 Kabupaten Garut: work list 9" in done.stdout
    assert "because their area is not known: 1 decisions" in done.stdout
    assert (settings.packages / CYCLE / "r01" / "3205.xlsx.age").is_file()
    assert CliRunner().invoke(app, ["packages", "--cycle", CYCLE, "--regency", GARUT]).exit_code == 0
    wrong = CliRunner().invoke(app, ["packages", "--cycle", CYCLE, "--regency", "9999"])
    assert (wrong.exit_code, "9999 is no regency" in wrong.output) == (2, True)


@pytest.mark.parametrize("key", ["code_version", "seeds_digest", "deliveries", "run again", "no file", "no table"])
def test_names_come_from_the_build_of_the_release_alone(settings: Settings, key: str) -> None:
    path = settings.build / f"{CYCLE}.json"
    record = json.loads(path.read_text())
    if key == "deliveries":
        record[key][0]["digest"] = "other"
    elif key == "no table":
        with duckdb.connect(str(path.with_suffix(".duckdb"))) as connection:
            connection.execute("drop table staging.stg_persons")
    else:
        record[key] = "other"
    path.write_text(json.dumps(record))
    if key == "no file":
        path.unlink()
    if key == "run again":  # another run of the same deliveries, code and seeds is the same build
        assert make_packages(settings, CYCLE).made
        return
    with pytest.raises(NotDistributed, match="mutakhir run --cycle 2025-11"):
        make_packages(settings, CYCLE)
    assert not settings.packages.exists()


def test_not_while_a_run_works_on_the_cycle(settings: Settings) -> None:
    with cycle_lock(settings, CYCLE, "a run"), pytest.raises(CycleLocked, match="run a run"):
        make_packages(settings, CYCLE)


def test_no_release_no_package(settings: Settings) -> None:
    with pytest.raises(NotDistributed, match="cycle 2025-12 has no release"):
        make_packages(settings, "2025-12")
    with pytest.raises(NotDistributed, match="has no family in regency 1101"):
        make_packages(settings, CYCLE, ["1101"])
    part = settings.releases / CYCLE / "r01" / "decisions" / "programme=PKH" / "part-0.parquet"
    part.chmod(0o600)
    part.write_bytes(part.read_bytes() + b"x")
    with pytest.raises(NotDistributed, match="has other bytes than when it was sealed"):
        make_packages(settings, CYCLE)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("[regencies", "cannot be read as TOML"),
        ("regencies = 3", "is no table"),
        ('[regencies]\n9999 = "age1x"', "'9999' is no regency"),
        ('[regencies]\n3205 = "age1x"', "a key of 3205 is no age recipient"),
        ('[regencies]\n3205 = "AGE-SECRET-KEY-1"', "a key of 3205 is no age recipient"),
        ("[regencies]\n3205 = []", "3205 has no key"),
        ("[regencies]\n3205 = [1]", "a key of 3205 is no age recipient"),
        ('[regencies]\n3205 = "SAME"\n3273 = "SAME"', "3273 has a key of 3205; each regency needs its own"),
    ],
)
def test_keys_that_cannot_be_used(tmp_path: Path, text: str, words: str) -> None:
    path = tmp_path / "keys.toml"
    path.write_text(text.replace("SAME", Office().recipient))
    with pytest.raises(KeysUnfit, match=words):
        read_keys(Settings(lake=tmp_path, regency_keys=path))


def test_the_committed_file_of_keys_can_be_read_and_is_empty() -> None:
    assert read_keys(Settings()) == {}
