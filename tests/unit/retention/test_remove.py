"""Retention: removing is recorded, whole, and harmed by no kill, link or second call."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from orchestration.audit import chain_problems, entries
from orchestration.retention.plan import REMOVING
from orchestration.retention.remove import preview, retain
from orchestration.retention.terms import RetentionRefused
from orchestration.settings import PROJECT_ROOT, Settings
from tests.killed import DEATH
from tests.landed import REGISTER
from tests.retained import LONG_AGO, NEWEST, TERMS, TODAY, files, hold, kept, release

pytestmark = pytest.mark.slow


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
