"""Retention: what goes, what stays because it is needed, and that a kill, a link or a second call does no harm."""

import json
import os
import shutil
import subprocess
import sys
from datetime import date
from pathlib import Path

import pytest
from click.testing import Result
from typer.testing import CliRunner

from orchestration.audit import chain_problems, entries
from orchestration.cli import app
from orchestration.contracts.sources import SOURCES
from orchestration.cycles import parse_cycle
from orchestration.ingest.delivery import ingest_source
from orchestration.locks import cycle_lock
from orchestration.publish.release import publish
from orchestration.retention.plan import REMOVING, Plan
from orchestration.retention.remove import preview, retain
from orchestration.retention.terms import RetentionRefused, Terms, read_terms
from orchestration.settings import PROJECT_ROOT, Settings
from tests.builds import make_candidate, passes
from tests.killed import DEATH
from tests.landed import EVENTS, REGISTER, deliver, payments, register

pytestmark = pytest.mark.slow

TERMS = read_terms(PROJECT_ROOT / "config" / "retention.toml")
NEWEST = "2026-03"
DEATHS = [{"nik": "1", "jenis_peristiwa": "KEMATIAN", "tanggal_peristiwa": "2020-01-01"}]
LONG_AGO, TODAY = "2020-01", date(2026, 4, 18)


@pytest.fixture
def lake(tmp_path: Path) -> Settings:
    return Settings(lake=tmp_path / "lake")


def release(lake: Settings, cycle: str) -> None:
    make_candidate(lake, cycle)
    publish(lake, cycle, evaluate=passes)


def hold(lake: Settings, source: str, cycle: str, **style: object) -> None:
    """Deliver and ingest, so that landing and raw both have it."""
    rows = {REGISTER: register(2), EVENTS: payments(2), "dukcapil_peristiwa": DEATHS}.get(source)
    if rows is None:
        rows = [{column.name: "1" for column in SOURCES[source].columns}]
    deliver(lake, source, cycle, rows=rows, **style)
    ingest_source(lake, cycle, source)


def months_before(cycle: str, months: int) -> str:
    return parse_cycle(cycle).shift(-months).key


def names(items: tuple) -> list[str]:
    return [item.name for item in items]


def kept(plan: Plan, name: str) -> list[str]:
    return [item.why for item in plan.stays if item.name == name]


def files(root: Path) -> set[str]:
    return {path.relative_to(root).as_posix() for path in root.rglob("*") if not path.is_dir()}


def test_each_layer_goes_by_its_own_term(lake: Settings) -> None:
    """A released cycle that is followed by another; every number of months around each term."""
    for cycle in ("2025-01", NEWEST):
        hold(lake, REGISTER, cycle)
        release(lake, cycle)
        package = lake.packages / cycle / "r01" / "3171"
        package.mkdir(parents=True)
        (package / "list.age").write_text("encrypted")
    (lake.build / "2025-01.dbt" / "models").mkdir(parents=True)
    (lake.build / "2025-01.dbt" / "models" / "dbt.log").write_text("x")
    (lake.candidates / "2025-01.partial").mkdir()
    expected = {
        "landing": "landing/2025-01/register_pengecualian",
        "raw": "raw/register_pengecualian",
        "builds": "build/2025-01",
        "candidates": "candidates/2025-01",
        "packages": "packages/2025-01",
    }
    assert set(expected) == set(TERMS.keep_cycles.model_dump())
    for months in range(1, 20):
        today = parse_cycle("2025-01").shift(months).first_day
        going = {item.layer: item for item in preview(lake, TERMS, today).goes}
        assert {layer: item.name for layer, item in going.items()} == {
            layer: name for layer, name in expected.items() if months > TERMS.of(layer)
        }
        assert all(item.age == months and item.cycle == "2025-01" for item in going.values())
    of_build = {path.name for path in going["builds"].paths}
    assert of_build == {"2025-01.duckdb", "2025-01.json", "2025-01.ingest", "2025-01.dbt"}
    assert {path.name for path in going["candidates"].paths} == {"2025-01", "2025-01.partial"}


def test_apply_removes_what_the_preview_said_and_nothing_else(lake: Settings) -> None:
    for cycle in ("2025-01", NEWEST):
        hold(lake, REGISTER, cycle)
        release(lake, cycle)
        (lake.reports / cycle).mkdir(parents=True)
        (lake.reports / cycle / "index.html").write_text("shares")
        (lake.signoffs / cycle).mkdir(parents=True)
        (lake.signoffs / cycle / "one.json").write_text("{}")
    before = files(lake.lake)
    promised = preview(lake, TERMS, TODAY)
    assert files(lake.lake) == before, "a preview changes nothing"
    done = retain(lake, TERMS, TODAY)
    assert done.plan == promised and done.finished == 0
    gone = before - files(lake.lake)
    assert {path.split("/")[0] for path in gone} == {"landing", "raw", "build", "candidates"}
    assert all("2025-01" in path or path.startswith("raw/") for path in gone)
    assert len([path for path in gone if path.startswith("raw/")]) == 2, "one delivery, and its content.json"
    assert not (lake.landing / "2025-01").exists() and (lake.landing / NEWEST).is_dir()
    assert not list(lake.lake.rglob(REMOVING))


def test_each_removal_stands_in_the_audit_trail_with_what_identifies_it(lake: Settings) -> None:
    hold(lake, REGISTER, "2025-01", batches=2)
    release(lake, "2025-01")
    release(lake, NEWEST)
    digests = sorted(os.listdir(lake.raw / REGISTER))
    retain(lake, TERMS, TODAY)
    acts = {act.details["layer"]: act for act in entries(lake) if act.action == "retain"}
    assert sorted(acts) == ["builds", "candidates", "landing", "raw"] and chain_problems(lake, {}) == []
    assert {act.cycle for act in acts.values()} == {"2025-01"}
    assert acts["landing"].details["path"] == "landing/2025-01/register_pengecualian"
    assert sorted(acts["landing"].details["digests"]) == sorted(acts["raw"].details["digests"]) == digests
    assert acts["landing"].details["files"] == 4 and acts["landing"].details["bytes"] > 0
    assert len(acts["candidates"].details["digests"]) == 1


def test_a_second_call_does_nothing(lake: Settings) -> None:
    hold(lake, REGISTER, "2025-01")
    release(lake, "2025-01")
    release(lake, NEWEST)
    retain(lake, TERMS, TODAY)
    acts, left = len(list(entries(lake))), files(lake.lake)
    again = retain(lake, TERMS, TODAY)
    assert (again.plan.goes, again.finished) == ((), 0)
    assert len(list(entries(lake))) == acts and files(lake.lake) == left


# What is still needed


def test_deaths_stay_for_ever_in_landing_and_raw(lake: Settings) -> None:
    hold(lake, "dukcapil_peristiwa", "2025-01")
    release(lake, NEWEST)
    plan = preview(lake, TERMS, date(2035, 1, 1))
    why = ["the rules read every dukcapil_peristiwa there ever was"]
    assert kept(plan, "landing/2025-01/dukcapil_peristiwa") == kept(plan, "raw/dukcapil_peristiwa") == why
    assert not [name for name in names(plan.goes) if "dukcapil" in name]


@pytest.mark.parametrize("source", [name for name, source in SOURCES.items() if source.earlier_cycles])
def test_events_stay_as_long_as_the_oldest_cycle_that_may_run_reads_them(lake: Settings, source: str) -> None:
    reach = SOURCES[source].earlier_cycles
    within, beyond = months_before(NEWEST, reach), months_before(NEWEST, reach + 1)
    for cycle in (within, beyond):
        (lake.landing / cycle / source).mkdir(parents=True)
        (lake.landing / cycle / source / "delivery.json").write_text("{}")
        release(lake, cycle)
    release(lake, NEWEST)
    plan = preview(lake, TERMS, date(2027, 6, 1))
    assert f"landing/{beyond}/{source}" in names(plan.goes)
    assert kept(plan, f"landing/{within}/{source}") == [
        f"the rules read {reach} months back, and {NEWEST} may still be run"
    ]


def test_the_newest_released_cycle_keeps_everything(lake: Settings) -> None:
    hold(lake, REGISTER, NEWEST)
    release(lake, NEWEST)
    plan = preview(lake, TERMS, date(2035, 1, 1))
    assert plan.goes == ()
    assert {item.layer for item in plan.stays} == {"landing", "raw", "builds", "candidates"}
    assert {item.why for item in plan.stays} == {f"{NEWEST} is the newest released cycle"}


def test_families_of_the_cycle_before_stay_for_the_gate_that_compares(lake: Settings) -> None:
    for months in (0, 1, 2):
        cycle = months_before(NEWEST, months)
        for source in ("dtsen_keluarga", "dtsen_individu"):
            (lake.landing / cycle / source).mkdir(parents=True)
        release(lake, cycle)
    plan = preview(lake, TERMS, date(2030, 1, 1))
    assert kept(plan, "landing/2026-02/dtsen_keluarga") == [f"the gate decile_jump compares {NEWEST} with it"]
    assert {"landing/2026-02/dtsen_individu", "landing/2026-01/dtsen_keluarga"} <= set(names(plan.goes))
    longer = TERMS.model_copy(update={"exempt": TERMS.exempt.model_copy(update={"compared_cycles": 2})})
    assert kept(preview(lake, longer, date(2030, 1, 1)), "landing/2026-01/dtsen_keluarga")


def test_a_cycle_without_release_stays_until_its_own_limit(lake: Settings) -> None:
    hold(lake, REGISTER, NEWEST)
    limit = TERMS.exempt.unreleased_cycles
    for months, goes in ((limit, False), (limit + 1, True)):
        strict = TERMS.model_copy(update={"keep_cycles": TERMS.keep_cycles.model_copy(update={"landing": 0, "raw": 0})})
        plan = preview(lake, strict, parse_cycle(NEWEST).shift(months).first_day)
        assert (f"landing/{NEWEST}/{REGISTER}" in names(plan.goes)) is goes
        assert bool(kept(plan, f"landing/{NEWEST}/{REGISTER}")) is not goes


def test_what_a_run_works_on_stays_and_what_it_reads(lake: Settings) -> None:
    for cycle in ("2025-01", "2025-06"):
        hold(lake, EVENTS, cycle)
        release(lake, cycle)
    release(lake, NEWEST)
    assert {"landing/2025-01/hasil_salur", "build/2025-06"} <= set(names(preview(lake, TERMS, TODAY).goes))
    with cycle_lock(lake, "2025-06", "a run"):
        done = retain(lake, TERMS, TODAY)
    assert kept(done.plan, "build/2025-06") == ["2025-06 is being worked on"]
    assert kept(done.plan, "landing/2025-01/hasil_salur") == [
        "the rules read 6 months back, and 2025-06 may still be run"
    ]
    assert (lake.build / "2025-06.duckdb").exists() and not (lake.build / "2023-01.duckdb").exists()
    assert ingest_source(lake, "2025-06", EVENTS).warnings == ()


def test_while_it_removes_no_run_can_begin(lake: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    """A run of a cycle that loses its deliveries is told who has the cycle, in the middle of the removal."""
    from orchestration.locks import is_locked, lock_message
    from orchestration.retention import remove

    release(lake, "2025-01")
    release(lake, NEWEST)
    seen = []

    def watching(*arguments: object) -> None:
        seen.append((is_locked(lake, "2025-01"), is_locked(lake, NEWEST), lock_message(lake, "2025-01")))
        original(*arguments)

    original = remove._remove
    monkeypatch.setattr(remove, "_remove", watching)
    retain(lake, TERMS, TODAY)
    assert seen and all(entry[:2] == (True, True) and "run retain" in entry[2] for entry in seen)


def test_rows_without_a_cycle_go_by_the_month_they_were_made_in(lake: Settings) -> None:
    """Of an ingest or an engine that was killed."""
    partial, spilled = lake.raw / REGISTER / "ab.partial", lake.build / ".tmp" / "duckdb_temp_storage-0.tmp"
    for path, when in ((partial, (2024, 3)), (spilled, (2026, 3))):
        path.parent.mkdir(parents=True, exist_ok=True)
        path.mkdir() if path is partial else path.write_text("rows")
        made = date(*when, 15).toordinal() * 86400 - date(1970, 1, 1).toordinal() * 86400
        os.utime(path, (made, made))
    assert [(item.name, item.cycle) for item in preview(lake, TERMS, TODAY).goes] == [(f"raw/{REGISTER}", "2024-03")]
    retain(lake, TERMS, date(2026, 7, 1))
    assert not partial.exists() and not spilled.exists()


# Nothing outside the lake


def test_a_layer_that_is_a_link_is_refused(lake: Settings, tmp_path: Path) -> None:
    elsewhere = tmp_path / "elsewhere" / "2020-01" / REGISTER
    elsewhere.mkdir(parents=True)
    lake.lake.mkdir()
    lake.landing.symlink_to(tmp_path / "elsewhere")
    for act in (preview, retain):
        with pytest.raises(RetentionRefused, match="landing is a symbolic link"):
            act(lake, TERMS, TODAY)
    assert elsewhere.is_dir()


@pytest.mark.parametrize(
    "link", ["landing/2020-01", f"landing/2020-01/{REGISTER}", f"raw/{REGISTER}", "build/2020-01.dbt"]
)
def test_a_link_is_neither_followed_nor_removed(lake: Settings, tmp_path: Path, link: str) -> None:
    outside = tmp_path / "outside" / "delivery"
    outside.mkdir(parents=True)
    os.utime(outside, (0, 0))
    place = lake.lake / link
    place.parent.mkdir(parents=True)
    place.symlink_to(outside.parent)
    os.utime(place, (0, 0), follow_symlinks=False)
    done = retain(lake, TERMS, TODAY)
    assert done.plan.goes == () and kept(done.plan, link.removesuffix(".dbt")) == [
        "is a symbolic link, which is not followed"
    ]
    assert place.is_symlink() and outside.is_dir()


def test_a_link_inside_goes_and_what_it_points_to_stays(lake: Settings, tmp_path: Path) -> None:
    release(lake, NEWEST)
    (lake.landing / LONG_AGO / REGISTER).mkdir(parents=True)
    outside = tmp_path / "outside.csv"
    outside.write_text("mine")
    (lake.landing / LONG_AGO / REGISTER / "x.csv").symlink_to(outside)
    (lake.landing / LONG_AGO / REGISTER / "batch").symlink_to(tmp_path)
    retain(lake, TERMS, TODAY)
    assert not (lake.landing / LONG_AGO).exists() and outside.read_text() == "mine"


def test_a_link_that_is_put_in_the_way_meanwhile_stops_it(
    lake: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Agencies may write in landing: the folder of the cycle is exchanged between the look and the rename."""
    from orchestration.retention import remove

    release(lake, NEWEST)
    (lake.landing / LONG_AGO / REGISTER).mkdir(parents=True)
    outside = tmp_path / "outside" / REGISTER
    outside.mkdir(parents=True)

    def exchange(settings: Settings, *arguments: object, **details: object) -> None:
        shutil.rmtree(lake.landing / LONG_AGO)
        (lake.landing / LONG_AGO).symlink_to(outside.parent)

    monkeypatch.setattr(remove, "record", exchange)
    with pytest.raises(RetentionRefused, match="cannot be removed"):
        retain(lake, TERMS, TODAY)
    assert outside.is_dir()


def test_a_candidate_whose_manifest_is_a_link_goes_all_the_same(lake: Settings, tmp_path: Path) -> None:
    release(lake, NEWEST)
    (lake.candidates / LONG_AGO).mkdir()
    (tmp_path / "mine.json").write_text("{}")
    (lake.candidates / LONG_AGO / "manifest.json").symlink_to(tmp_path / "mine.json")
    retain(lake, TERMS, TODAY)
    assert not (lake.candidates / LONG_AGO).exists() and (tmp_path / "mine.json").exists()


# Kills and damage

KILLED = """
import os
from datetime import date
from pathlib import Path
from orchestration.retention.remove import retain
from orchestration.retention.terms import read_terms
from orchestration.settings import PROJECT_ROOT, Settings

event, at, seen = sys.argv[2], int(sys.argv[3]), 0
def hook(name, arguments):
    global seen
    if name == event:
        seen += 1
        if seen == at:
            os._exit(137)
sys.addaudithook(hook)
retain(Settings(lake=Path(sys.argv[1])), read_terms(PROJECT_ROOT / "config" / "retention.toml"), date(2026, 4, 18))
"""


@pytest.mark.slow
@pytest.mark.parametrize(("event", "steps"), [("os.rename", 4), ("shutil.rmtree", 3), ("os.rmdir", 3)])
def test_a_killed_removal_is_finished_by_the_next(lake: Settings, tmp_path: Path, event: str, steps: int) -> None:
    """Killed before its first, second ... step: what is gone was recorded, and the next call leaves nothing over."""
    hold(lake, REGISTER, "2025-01", batches=2)
    release(lake, "2025-01")
    hold(lake, REGISTER, NEWEST)
    release(lake, NEWEST)
    whole = files(lake.lake)
    for at in range(1, steps + 1):
        copy = Settings(lake=shutil.copytree(lake.lake, tmp_path / f"{event}-{at}"))
        command = [sys.executable, "-c", f"import sys\n{KILLED}", str(copy.lake), event, str(at)]
        done = subprocess.run(command, cwd=PROJECT_ROOT, capture_output=True, text=True, check=False)
        assert done.returncode == DEATH, done.stderr
        recorded = {act.details["layer"] for act in entries(copy) if act.action == "retain"}
        folder_of = {"build": "builds"}
        gone = {path.split("/")[0] for path in whole - files(copy.lake)}
        assert {folder_of.get(name, name) for name in gone} <= recorded
        retain(copy, TERMS, TODAY)
        assert not list(copy.lake.rglob(REMOVING)) and preview(copy, TERMS, TODAY).goes == ()
        left = {path for path in files(copy.lake) if not path.startswith(("audit/", "build/"))}
        retain(clean := Settings(lake=shutil.copytree(lake.lake, tmp_path / f"{event}-{at}-whole")), TERMS, TODAY)
        assert left == {path for path in files(clean.lake) if not path.startswith(("audit/", "build/"))}


def test_releases_without_their_index_stop_it(lake: Settings) -> None:
    """Otherwise every cycle would count as unreleased, and go."""
    release(lake, "2025-01")
    (lake.releases / "current.json").unlink()
    with pytest.raises(RetentionRefused, match="restore it"):
        retain(lake, TERMS, TODAY)


def test_a_damaged_trail_stops_it_before_anything_goes(lake: Settings) -> None:
    from orchestration.audit import TrailDamaged, trail_path

    hold(lake, REGISTER, "2025-01")
    release(lake, NEWEST)
    trail_path(lake).write_text("x\n")
    before = files(lake.lake)
    with pytest.raises(TrailDamaged):
        retain(lake, TERMS, TODAY)
    assert before <= files(lake.lake)


# The terms

SPOILED = {
    "an unknown key": (lambda terms: terms["keep_cycles"].update(releases=1), "keep_cycles.releases: Extra inputs"),
    "an unknown table": (lambda terms: terms.update(reports={}), "reports: Extra inputs"),
    "a layer that is missing": (lambda terms: terms["keep_cycles"].pop("raw"), "keep_cycles.raw: Field required"),
    "a negative term": (lambda terms: terms["keep_cycles"].update(raw=-1), "keep_cycles.raw: Input should be"),
    "a text": (lambda terms: terms["keep_cycles"].update(raw="3"), "keep_cycles.raw: Input should be a valid integer"),
    "nothing to compare": (lambda terms: terms["exempt"].update(compared_cycles=0), "exempt.compared_cycles: Input"),
}


@pytest.mark.parametrize("case", SPOILED)
def test_terms_that_are_none_are_refused(tmp_path: Path, case: str) -> None:
    spoil, message = SPOILED[case]
    terms = TERMS.model_dump()
    spoil(terms)
    lines = [
        f"[{name}]\n" + "\n".join(f"{k} = {json.dumps(v)}" for k, v in part.items()) for name, part in terms.items()
    ]
    (tmp_path / "retention.toml").write_text("\n".join(lines))
    with pytest.raises(RetentionRefused, match=message):
        read_terms(tmp_path / "retention.toml")


@pytest.mark.parametrize("content", [b"[keep", b"\xff\xfe", None])
def test_terms_that_cannot_be_read_are_refused(tmp_path: Path, content: bytes | None) -> None:
    if content is not None:
        (tmp_path / "retention.toml").write_bytes(content)
    with pytest.raises(RetentionRefused, match="retention.toml cannot be read"):
        read_terms(tmp_path / "retention.toml")


# The command


@pytest.fixture
def shell(lake: Settings, monkeypatch: pytest.MonkeyPatch) -> Settings:
    monkeypatch.setenv("MUTAKHIR_LAKE", str(lake.lake))
    monkeypatch.setattr("orchestration.cli.shell.console.width", 200)
    return lake


def mutakhir(*arguments: str) -> Result:
    return CliRunner().invoke(app, ["retain", *arguments])


def test_the_command_shows_first_and_removes_when_told(shell: Settings) -> None:
    hold(shell, REGISTER, "2025-01")
    hold(shell, "dukcapil_peristiwa", "2025-01")
    release(shell, "2025-01")
    release(shell, NEWEST)
    before = files(shell.lake)
    looked = mutakhir("--today", "2026-04-18")
    assert looked.exit_code == 0 and files(shell.lake) == before
    assert "landing/2025-01/register_pengecualian" in looked.output
    assert "the rules read every dukcapil_peristiwa there ever was" in looked.output
    assert "Nothing was changed. To remove it: mutakhir retain --apply" in looked.output
    done = mutakhir("--today", "2026-04-18", "--apply")
    assert done.exit_code == 0 and "Removed: 4 of the above" in done.output
    assert not (shell.landing / "2025-01" / REGISTER).exists()
    again = mutakhir("--today", "2026-04-18", "--apply")
    assert again.exit_code == 0 and "Nothing has to go: nothing was changed." in again.output


def test_the_command_says_what_a_killed_call_left_and_finishes_it(shell: Settings) -> None:
    left = shell.landing / REMOVING / "0123"
    left.mkdir(parents=True)
    (left / "delivery.json").write_text("{}")
    looked = mutakhir()
    assert "finish what an earlier call had begun with (1): mutakhir retain --apply" in looked.output and left.is_dir()
    assert "Removed: 0 of the above, and what an earlier call had begun with (1)" in mutakhir("--apply").output
    assert not left.parent.exists() and "nothing was changed" in mutakhir("--apply").output


def test_a_day_to_come_is_not_applied(shell: Settings) -> None:
    hold(shell, REGISTER, NEWEST)
    assert mutakhir("--today", "2099-01-01").exit_code == 0
    refused = mutakhir("--today", "2099-01-01", "--apply")
    assert refused.exit_code == 2 and (shell.landing / NEWEST / REGISTER).is_dir()


def test_what_is_refused_ends_with_a_sentence(shell: Settings, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("MUTAKHIR_RETENTION", str(tmp_path / "none.toml"))
    done = mutakhir()
    assert done.exit_code == 1 and "none.toml cannot be read" in done.output and "Traceback" not in done.output


def test_terms_are_what_is_committed() -> None:
    assert isinstance(TERMS, Terms) and Settings().retention == PROJECT_ROOT / "config" / "retention.toml"
