"""Publishing: what is refused, what a release is, numbers and links, and doing it twice."""

import json
import stat
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from filelock import FileLock

from orchestration.candidate.digests import file_sha256
from orchestration.candidate.manifest import GATE_EVIDENCE, MANIFEST, Policy, Previous, read_manifest
from orchestration.candidate.seal import unseal
from orchestration.candidate.statement import statement_sha256
from orchestration.candidate.write import ORIGIN, candidate_folder, write_candidate
from orchestration.publish import release as release_module
from orchestration.publish.release import Published, publish
from orchestration.publish.sealed import PublishRefused
from orchestration.publish.verify import verify
from orchestration.released import current_release, read_index
from orchestration.settings import Settings, write_json_atomic
from tests.builds import blocks, make_build, make_candidate, passes

PART = "decisions/programme=PKH/part-0.parquet"


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return Settings(lake=tmp_path / "lake")


def release(settings: Settings, cycle: str = "2025-11", reason: str | None = None) -> Published:
    return publish(settings, cycle, reason, evaluate=passes)


def everything(settings: Settings) -> dict[str, str]:
    """Every file of releases and bi with its digest, the lock aside."""
    return {
        path.relative_to(settings.lake).as_posix(): file_sha256(path)
        for folder in (settings.releases, settings.bi)
        for path in folder.rglob("*")
        if path.is_file() and path.name != ".lock"
    }


def test_a_release_is_the_candidate_with_a_number(settings: Settings) -> None:
    candidate = make_candidate(settings)
    published = release(settings)
    assert (published.release, published.outcome) == ("r01", "published")
    assert published.folder == settings.releases / "2025-11/r01" == current_release(settings, "2025-11")
    manifest, sha256 = read_manifest(published.folder)
    assert sha256 == published.manifest_sha256 == file_sha256(published.folder / MANIFEST)
    changed = {"release": "r01", "created_at": manifest.created_at, "policy": Policy(roles=[])}
    assert manifest == candidate.model_copy(update=changed)
    assert datetime.now(UTC) - datetime.fromisoformat(manifest.created_at) < timedelta(minutes=5)
    names = {path.relative_to(published.folder).as_posix() for path in published.folder.rglob("*") if path.is_file()}
    assert names == set(candidate.all_files()) | {MANIFEST}
    assert {PART, GATE_EVIDENCE, "marts/gate_results.parquet"} <= names and ORIGIN not in names
    assert verify(settings) == []


def test_current_json_names_the_newest_cycle_and_the_current_release_of_each(settings: Settings) -> None:
    digests = {}
    for cycle in ("2025-12", "2025-10"):
        make_candidate(settings, cycle)
        digests[cycle] = release(settings, cycle).manifest_sha256
    assert json.loads((settings.releases / "current.json").read_text()) == {
        "newest": "2025-12",
        "cycles": {cycle: {"release": "r01", "manifest_sha256": digest} for cycle, digest in digests.items()},
    }


def test_a_release_is_read_only_and_shares_no_file_with_the_candidate(settings: Settings) -> None:
    make_candidate(settings)
    folder = release(settings).folder
    for path in (folder, *folder.rglob("*")):
        assert stat.S_IMODE(path.stat().st_mode) == (0o500 if path.is_dir() else 0o400), path
    candidate = candidate_folder(settings, "2025-11")
    assert (folder / PART).stat().st_ino != (candidate / PART).stat().st_ino
    (candidate / PART).write_bytes(b"overwritten")
    assert verify(settings) == []


def test_publishing_what_is_already_current_does_nothing_and_says_so(settings: Settings) -> None:
    make_candidate(settings)
    first = release(settings)
    before = everything(settings)
    again = release(settings)
    assert (again.outcome, again.release, again.manifest_sha256) == ("already current", "r01", first.manifest_sha256)
    make_candidate(settings, run_id="run-2")  # the same content by another run
    assert release(settings, reason="not needed").outcome == "already current"
    assert everything(settings) == before


def test_a_correction_is_the_next_number_with_its_reason_and_the_release_before_stays(settings: Settings) -> None:
    make_candidate(settings)
    first = release(settings)
    bytes_of_first = {path: file_sha256(path) for path in first.folder.rglob("*") if path.is_file()}
    make_candidate(settings, amount=1)
    second = release(settings, reason="  wrong amount ")
    manifest, _ = read_manifest(second.folder)
    assert (second.release, second.outcome, manifest.reason) == ("r02", "published", "wrong amount")
    assert manifest.previous == Previous(cycle="2025-11", release="r01", manifest_sha256=first.manifest_sha256)
    assert current_release(settings, "2025-11") == second.folder
    assert {path: file_sha256(path) for path in bytes_of_first} == bytes_of_first
    make_candidate(settings)
    third = release(settings, reason="back to the first content")
    assert third.release == "r03"
    assert verify(settings) == []


def test_the_first_release_of_a_cycle_links_to_the_newest_cycle_before_it(settings: Settings) -> None:
    for cycle in ("2025-09", "2025-12"):
        make_candidate(settings, cycle)
        release(settings, cycle)
    september = read_index(settings).cycles["2025-09"]  # type: ignore[union-attr]
    make_candidate(settings, "2025-11")
    manifest, _ = read_manifest(release(settings).folder)
    assert manifest.previous == Previous(cycle="2025-09", release="r01", manifest_sha256=september.manifest_sha256)
    assert read_manifest(settings.releases / "2025-09/r01")[0].previous is None
    index = read_index(settings)
    assert index is not None and index.newest == "2025-12"
    assert verify(settings) == []


def remove_candidate(settings: Settings) -> None:
    candidate_folder(settings, "2025-11").rename(settings.lake / "elsewhere")


def take_the_seal_off(settings: Settings) -> None:
    unseal(settings, "2025-11")


def write_again(settings: Settings) -> None:
    make_build(settings, run_id="run-2")
    write_candidate(settings, "2025-11", "run-2")


def flip_a_byte(settings: Settings) -> None:
    path = candidate_folder(settings, "2025-11") / PART
    path.write_bytes(path.read_bytes()[:-1] + b"!")


def remove_a_file(settings: Settings) -> None:
    (candidate_folder(settings, "2025-11") / PART).unlink()


def add_a_file(settings: Settings) -> None:
    (candidate_folder(settings, "2025-11") / "decisions/programme=PKH/part-1.parquet").write_bytes(b"more")


def change_the_evidence(settings: Settings) -> None:
    write_json_atomic(candidate_folder(settings, "2025-11") / GATE_EVIDENCE, {"hold_rate": 0.0})


def change_manifest(key: str, value: object) -> Callable[[Settings], None]:
    def change(settings: Settings) -> None:
        path = candidate_folder(settings, "2025-11") / MANIFEST
        write_json_atomic(path, json.loads(path.read_text()) | {key: value})

    return change


def change_digest_and_statement(settings: Settings) -> None:
    """Whoever changes a content digest consistently all over the manifest still meets the rows."""
    path = candidate_folder(settings, "2025-11") / MANIFEST
    manifest = json.loads(path.read_text())
    for part in (manifest, manifest["statement"]):
        part["data_sets"]["decisions"]["content_digest"] = "1"
    manifest["statement_sha256"] = statement_sha256(manifest["statement"])
    write_json_atomic(path, manifest)


def break_manifest(settings: Settings) -> None:
    (candidate_folder(settings, "2025-11") / MANIFEST).write_text("{}")


@pytest.mark.parametrize(
    ("harm", "message"),
    [
        (remove_candidate, "has no candidate"),
        (take_the_seal_off, "not sealed"),
        (write_again, "not sealed"),
        (flip_a_byte, f"{PART} has other bytes"),
        (remove_a_file, f"{PART} is missing"),
        (add_a_file, "part-1.parquet is not in the manifest"),
        (change_the_evidence, f"{GATE_EVIDENCE} has other bytes"),
        (change_manifest("code_version", "another"), "the statement is not what the manifest says"),
        (change_manifest("statement_sha256", "another"), "sha256"),
        (change_manifest("cycle", "2025-10"), "another cycle"),
        (change_digest_and_statement, "decisions has another content digest"),
        (break_manifest, "is not a manifest"),
    ],
)
@pytest.mark.parametrize("released_before", [False, True])
def test_an_unsound_candidate_is_refused_and_the_current_release_untouched(
    settings: Settings, harm: Callable[[Settings], None], message: str, released_before: bool
) -> None:
    if released_before:
        make_candidate(settings, amount=1)
        release(settings)
    make_candidate(settings)
    before = everything(settings)
    harm(settings)
    with pytest.raises(PublishRefused, match=message) as refused:
        release(settings, reason="a correction")
    assert "mutakhir run --cycle 2025-11" in str(refused.value)
    assert everything(settings) == before


def test_a_blocked_candidate_is_refused(settings: Settings) -> None:
    make_candidate(settings, passed=False)
    with pytest.raises(PublishRefused, match="gates blocked this candidate. as measured"):
        release(settings)
    assert everything(settings) == {}


def test_the_verdict_is_evaluated_again(settings: Settings) -> None:
    make_candidate(settings)
    with pytest.raises(PublishRefused, match="judged again, block this candidate. hold_rate is 2.5 %"):
        publish(settings, "2025-11", evaluate=blocks)
    assert everything(settings) == {}


@pytest.mark.parametrize("reason", [None, "", "  "])
def test_a_correction_needs_a_reason(settings: Settings, reason: str | None) -> None:
    make_candidate(settings)
    release(settings)
    before = everything(settings)
    make_candidate(settings, amount=1)
    with pytest.raises(PublishRefused, match="no reason is given.*--reason"):
        release(settings, reason=reason)
    assert everything(settings) == before


def test_two_publishings_do_not_run_at_once(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    make_candidate(settings)
    settings.releases.mkdir()
    monkeypatch.setattr(release_module, "_LOCK_SECONDS", 0.1)
    with FileLock(settings.releases / ".lock"), pytest.raises(PublishRefused, match="another publishing"):
        release(settings)
    assert release(settings).outcome == "published"


def test_nothing_is_published_over_a_damaged_index_or_current_release(settings: Settings) -> None:
    make_candidate(settings)
    folder = release(settings).folder
    make_candidate(settings, amount=1)
    index = settings.releases / "current.json"
    sound = index.read_bytes()
    index.write_text("{}")
    with pytest.raises(PublishRefused, match=r"current\.json"):
        release(settings, reason="a correction")
    index.write_bytes(sound)
    manifest = folder / MANIFEST
    manifest.chmod(0o600)
    manifest.write_bytes(manifest.read_bytes().replace(b'"reason": null', b'"reason": "x" '))
    with pytest.raises(PublishRefused, match="mutakhir verify"):
        release(settings, reason="a correction")
    assert sorted(path.name for path in folder.parent.iterdir()) == ["r01"]
