"""Publishing killed at steps on disk: the current release stays whole and current, the next publishing finishes."""

from pathlib import Path

import duckdb
import pytest

from orchestration.candidate.manifest import read_manifest
from orchestration.publish.bi import bi_path
from orchestration.publish.release import publish
from orchestration.publish.verify import verify
from orchestration.released import current_release
from orchestration.settings import Settings
from tests.builds import copies, make_candidate, passes, run_killed

pytestmark = pytest.mark.slow

REASON = "wrong amount"


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    """A lake with r01, and a sealed candidate of other content."""
    settings = Settings(lake=tmp_path / "lake")
    make_candidate(settings)
    publish(settings, "2025-11", evaluate=passes)
    make_candidate(settings, amount=1)
    return settings


def shown(settings: Settings) -> str:
    """The release that the BI file shows."""
    with duckdb.connect(str(bi_path(settings)), read_only=True) as connection:
        row = connection.execute("select release from about.releases").fetchone()
    assert row is not None
    return str(row[0])


def sound(settings: Settings) -> str:
    """The current release's name, after a look that it and everything before it is whole."""
    folder = current_release(settings, "2025-11")
    assert folder is not None
    assert [problem for problem in verify(settings) if "newer than current.json" not in problem.what] == []
    return folder.name


@pytest.mark.parametrize(
    ("event", "steps"),
    [
        ("os.rename", (1, 2, 3, 4)),  # the manifest in r02.partial, r02, current.json, the BI file
        ("shutil.copyfile", (1, 7)),
        ("os.chmod", (9, 28)),  # between copies, and while the release is made read-only
    ],
)
def test_a_kill_leaves_the_current_release_and_the_next_publishing_finishes(
    settings: Settings, event: str, steps: tuple[int, ...]
) -> None:
    lakes = copies(settings)
    for at in steps:
        lake = next(lakes)
        assert run_killed(lake, "publish", REASON, event, at)
        assert sound(lake) == ("r02" if (event, at) == ("os.rename", 4) else "r01")
        assert shown(lake) == "r01"
        finished = publish(lake, "2025-11", REASON, evaluate=passes)
        assert (finished.release, read_manifest(finished.folder)[0].reason) == ("r02", REASON)
        assert sound(lake) == shown(lake) == "r02"
        assert verify(lake) == []
        assert sorted(path.name for path in (lake.releases / "2025-11").iterdir()) == ["r01", "r02"]
    if event == "os.rename":
        assert not run_killed(next(lakes), "publish", REASON, event, len(steps) + 1), "a rename more: add it above"


def test_a_finished_folder_that_was_never_current_is_adopted_not_written_again(settings: Settings) -> None:
    assert run_killed(settings, "publish", REASON, "os.rename", 3)
    folder = settings.releases / "2025-11/r02"
    manifest = read_manifest(folder)
    assert [problem.where for problem in verify(settings)] == ["2025-11/r02"]
    finished = publish(settings, "2025-11", REASON, evaluate=passes)
    assert (finished.outcome, finished.release) == ("finished", "r02")
    assert read_manifest(folder) == manifest


@pytest.mark.parametrize("change", ["content", "reason", "bytes"])
def test_a_folder_of_something_else_is_not_adopted(settings: Settings, change: str) -> None:
    assert run_killed(settings, "publish", REASON, "os.rename", 3)
    if change == "content":
        make_candidate(settings, amount=2)
    if change == "bytes":
        file = settings.releases / "2025-11/r02/gate_evidence.json"
        file.chmod(0o600)
        file.write_text("{}")
    reason = "another reason" if change == "reason" else REASON
    finished = publish(settings, "2025-11", reason, evaluate=passes)
    assert (finished.outcome, finished.release) == ("published", "r03")
    manifest, _ = read_manifest(finished.folder)
    assert manifest.previous is not None and manifest.previous.release == "r01"
    assert len(verify(settings)) == (1 if change == "bytes" else 0)


def test_killed_before_the_very_first_release_is_current(tmp_path: Path) -> None:
    settings = Settings(lake=tmp_path / "lake")
    make_candidate(settings)
    assert run_killed(settings, "publish", "", "os.rename", 3)
    assert current_release(settings, "2025-11") is None
    finished = publish(settings, "2025-11", evaluate=passes)
    assert (finished.outcome, finished.release) == ("finished", "r01")
    assert verify(settings) == [] and shown(settings) == "r01"
