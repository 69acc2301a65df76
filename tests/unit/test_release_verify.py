"""`mutakhir verify`: one changed byte, file, name or link anywhere in releases/ is found."""

import json
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from orchestration.candidate.manifest import MANIFEST, read_manifest
from orchestration.candidate.statement import statement_of, statement_sha256
from orchestration.publish.release import publish
from orchestration.publish.verify import Problem, verify
from orchestration.settings import Settings, write_json_atomic
from tests.builds import make_candidate, passes


@pytest.fixture(scope="module")
def published(tmp_path_factory: pytest.TempPathFactory) -> Settings:
    """2025-10 r01, 2025-11 r01 and its correction r02."""
    settings = Settings(lake=tmp_path_factory.mktemp("verify") / "lake")
    make_candidate(settings, "2025-10")
    publish(settings, "2025-10", evaluate=passes)
    make_candidate(settings)
    publish(settings, "2025-11", evaluate=passes)
    make_candidate(settings, amount=1)
    publish(settings, "2025-11", "wrong amount", evaluate=passes)
    return settings


@pytest.fixture
def settings(published: Settings, tmp_path: Path) -> Settings:
    """A lake of its own that may be harmed, its folders writable."""
    settings = Settings(lake=tmp_path / "lake")
    shutil.copytree(published.releases, settings.releases)
    shutil.copytree(published.audit, settings.audit)
    for path in (settings.releases, *settings.releases.rglob("*")):
        path.chmod(0o700)
    return settings


def where(settings: Settings) -> set[str]:
    return {problem.where for problem in problems(settings)}


def problems(settings: Settings) -> list[Problem]:
    """Of the releases themselves: that the audit trail knows nothing of a forged one is test_rollback's."""
    return [problem for problem in verify(settings) if problem.where != "audit trail"]


@contextmanager
def flipped(path: Path, position: int) -> Iterator[None]:
    sound = path.read_bytes()
    path.write_bytes(sound[:position] + bytes([sound[position] ^ 1]) + sound[position + 1 :])
    try:
        yield
    finally:
        path.write_bytes(sound)


def test_what_was_published_is_without_problem(settings: Settings, tmp_path: Path) -> None:
    assert verify(settings) == []
    assert verify(Settings(lake=tmp_path / "nothing published")) == []


@pytest.mark.slow
@pytest.mark.parametrize("release", ["2025-11/r01", "2025-11/r02"])
def test_one_flipped_byte_in_any_file_of_a_release_is_found(settings: Settings, release: str) -> None:
    folder = settings.releases / release
    files = [path for path in folder.rglob("*") if path.is_file()]
    kinds = {path.relative_to(folder).parts[0] for path in files}
    assert kinds == {"decisions", "evidence", "next_list", "marts", "gate_evidence.json", MANIFEST}
    for path in files:
        size = path.stat().st_size
        for position in (0, size // 2, size - 1) if path.suffix == ".parquet" else range(0, size, size // 8):
            with flipped(path, position):
                assert where(settings), (path.name, position)  # a manifest's is found by what points to it
    assert verify(settings) == []


@pytest.mark.slow
def test_one_flipped_byte_in_current_json_is_found(settings: Settings) -> None:
    path = settings.releases / "current.json"
    for position in range(0, path.stat().st_size, 5):
        with flipped(path, position):
            assert verify(settings), position


def test_missing_extra_renamed_and_linked_files_are_found(settings: Settings) -> None:
    folder = settings.releases / "2025-11/r01"
    part = folder / "decisions/programme=PKH/part-0.parquet"

    def only(what: str) -> None:
        assert verify(settings) == [Problem("2025-11/r01", what)]

    (folder / "marts/more.parquet").write_bytes(b"more")
    only("marts/more.parquet is not in the manifest")
    (folder / "marts/more.parquet").unlink()
    part.rename(settings.lake / "aside")
    only("decisions/programme=PKH/part-0.parquet is missing")
    part.symlink_to(settings.lake / "aside")
    only("decisions/programme=PKH/part-0.parquet is a link")
    part.unlink()
    (settings.lake / "aside").rename(part)
    part.parent.rename(part.parent.with_name("programme=SEMBAKO-2"))
    assert len(verify(settings)) == 2


@pytest.mark.parametrize("release", ["2025-10/r01", "2025-11/r01", "2025-11/r02"])
def test_a_release_that_is_gone_is_found(settings: Settings, release: str) -> None:
    shutil.rmtree(settings.releases / release)
    assert where(settings)


def test_a_release_without_manifest_or_under_another_name_is_found(settings: Settings) -> None:
    cycle = settings.releases / "2025-11"
    (cycle / "r02").rename(cycle / "r03")
    assert where(settings) == {"2025-11/r03", "current.json"}
    (cycle / "r03").rename(cycle / "second")
    assert where(settings) == {"2025-11/second", "current.json"}
    (cycle / "second").rename(cycle / "r02")
    (cycle / "r02" / MANIFEST).unlink()
    assert Problem("2025-11/r02", "manifest.json is missing") in verify(settings)


@pytest.mark.parametrize("index", ["put back", "newest", "cycle forgotten", "other digest", "gone", "no JSON"])
def test_current_json_pointing_elsewhere_is_found(settings: Settings, index: str) -> None:
    path = settings.releases / "current.json"
    content = json.loads(path.read_text())
    current = content["cycles"]["2025-11"]
    match index:
        case "put back":  # to a whole release with its right digest
            current |= {"release": "r01", "manifest_sha256": read_manifest(path.parent / "2025-11/r01")[1]}
        case "newest":
            content["newest"] = "2025-10"
        case "cycle forgotten":
            del content["cycles"]["2025-11"]
            content["newest"] = "2025-10"
        case "other digest":
            current["manifest_sha256"] = "0" * 64
    write_json_atomic(path, content)
    if index == "gone":
        path.unlink()
    if index == "no JSON":
        path.write_text("r02")
    expected = {"put back": "2025-11/r02", "cycle forgotten": "2025-11/r02"}.get(index, "current.json")
    assert expected in where(settings)


def rewrite(settings: Settings, release: str, **changes: object) -> None:
    """Change a manifest, statement included, and point current.json to the new bytes: no digest tells of it."""
    folder = settings.releases / release
    manifest = read_manifest(folder)[0].model_copy(update=changes)
    statement = statement_of(manifest)
    manifest = manifest.model_copy(update={"statement": statement, "statement_sha256": statement_sha256(statement)})
    write_json_atomic(folder / MANIFEST, manifest.model_dump(mode="json"))
    path = settings.releases / "current.json"
    index = json.loads(path.read_text())
    index["cycles"][release[:7]]["manifest_sha256"] = read_manifest(folder)[1]
    write_json_atomic(path, index)


def test_a_release_is_judged_by_more_than_its_digests(settings: Settings) -> None:
    release = "2025-11/r02"
    sound = read_manifest(settings.releases / release)[0]
    assert sound.previous is not None

    def found() -> list[str]:
        assert where(settings) == {release}
        assert any("no entry tells" in problem.what for problem in verify(settings))  # of a manifest with such bytes
        return [problem.what for problem in problems(settings)]

    rewrite(settings, release, passed=False)
    assert found() == ["a blocking gate had failed"]
    failed = [row.model_copy(update={"passed": False}) for row in sound.gate_results]
    rewrite(settings, release, passed=True, gate_results=failed)
    assert found() == ["a blocking gate had failed"]
    rewrite(settings, release, gate_results=sound.gate_results, cycle="2025-12")
    assert found() == ["the manifest is of 2025-12/r02"]
    wrong = {"decisions": sound.data_sets["decisions"].model_copy(update={"content_digest": "1"})}
    rewrite(settings, release, cycle="2025-11", data_sets=sound.data_sets | wrong)
    assert found() == ["decisions has another content digest than in the manifest"]
    columns = {"decisions": sound.data_sets["decisions"].model_copy(update={"columns": ["income"]})}
    rewrite(settings, release, data_sets=sound.data_sets | columns)
    assert found() == ["decisions cannot be read with the columns of the manifest"]
    rewrite(settings, release, data_sets=sound.data_sets, previous=sound.previous.model_copy(update={"release": "r04"}))
    assert found() == ["the release before it, 2025-11/r04, is missing"]
    itself = sound.previous.model_copy(update={"cycle": "2025-10"})
    rewrite(settings, release, previous=itself)
    assert found() == ["the release before it, 2025-10/r01, has another manifest now"]
    rewrite(settings, release, previous=sound.previous)
    assert verify(settings) == []
    later = sound.previous.model_copy(
        update={"manifest_sha256": read_manifest(settings.releases / release)[1], "release": "r02"}
    )
    rewrite(settings, "2025-10/r01", previous=later)
    assert [problem.what for problem in problems(settings)] == [
        "2025-11/r02 does not come before it",
        "the release before it, 2025-10/r01, has another manifest now",
    ]
