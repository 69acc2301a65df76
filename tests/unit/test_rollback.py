"""Going back to an earlier release: signed, told, without loss, and not undone by publishing again."""

from pathlib import Path

import duckdb
import pytest

from orchestration.audit import entries
from orchestration.candidate.manifest import read_manifest
from orchestration.publish.release import Published, publish
from orchestration.publish.rollback import rollback, rollback_act
from orchestration.publish.sealed import PublishRefused
from orchestration.publish.verify import verify
from orchestration.released import current_release
from orchestration.settings import Settings, write_json_atomic
from tests.builds import make_candidate, passes
from tests.signing import People, people

pytestmark = pytest.mark.slow

CYCLE = "2025-11"


@pytest.fixture
def signers(tmp_path: Path) -> People:
    """r01, and r02 that corrects it."""
    known = people(tmp_path)
    make_candidate(known.settings)
    signed_release(known)
    make_candidate(known.settings, amount=1)
    signed_release(known, "wrong amount")
    return known


def signed_release(signers: People, reason: str | None = None) -> Published:
    signers.sign("Sari", "kemensos")
    signers.sign("Budi", "bps")
    return publish(signers.settings, CYCLE, reason, evaluate=passes)


def sign_rollback(signers: People, to: str) -> None:
    act = rollback_act(signers.settings, CYCLE, to)
    signers.sign("Sari", "kemensos", document=act)
    signers.sign("Budi", "bps", document=act)


def current(settings: Settings) -> str:
    folder = current_release(settings, CYCLE)
    assert folder
    return folder.name


def test_an_earlier_release_becomes_current_again(signers: People) -> None:
    sign_rollback(signers, "r01")
    rollback(signers.settings, CYCLE, "r01", "r02 counted wrong")
    assert current(signers.settings) == "r01"
    assert (signers.settings.releases / CYCLE / "r02" / "manifest.json").is_file()
    with duckdb.connect(str(signers.settings.bi / "marts.duckdb"), read_only=True) as bi:
        assert bi.sql("select release from about.releases").fetchall() == [("r01",)]
    assert verify(signers.settings) == []
    told = list(entries(signers.settings))[-1]
    assert (told.action, told.details["release"], told.details["reason"]) == ("rollback", "r01", "r02 counted wrong")


def test_it_takes_the_signatures_of_the_policy_over_this_very_act(signers: People) -> None:
    with pytest.raises(PublishRefused, match="role kemensos has not signed.*--rollback r01"):
        rollback(signers.settings, CYCLE, "r01", "no")
    signers.sign("Sari", "kemensos", document=rollback_act(signers.settings, CYCLE, "r01"))
    with pytest.raises(PublishRefused, match="role bps has not signed"):
        rollback(signers.settings, CYCLE, "r01", "no")
    assert current(signers.settings) == "r02"


def test_signatures_for_one_rollback_serve_for_no_other(signers: People) -> None:
    sign_rollback(signers, "r01")
    make_candidate(signers.settings, amount=2)
    signed_release(signers, "another amount")
    for to in ("r01", "r02"):
        with pytest.raises(PublishRefused, match="has not signed"):
            rollback(signers.settings, CYCLE, to, "no")
    assert current(signers.settings) == "r03"


def test_what_was_taken_back_needs_new_signatures_and_a_new_number(signers: People) -> None:
    sign_rollback(signers, "r01")
    rollback(signers.settings, CYCLE, "r01", "r02 counted wrong")
    with pytest.raises(PublishRefused, match="role kemensos has not signed"):
        publish(signers.settings, CYCLE, "wrong amount", evaluate=passes)
    assert current(signers.settings) == "r01"
    again = signed_release(signers, "wrong amount")
    assert (again.release, again.outcome) == ("r03", "published")
    previous = read_manifest(again.folder)[0].previous
    assert previous and previous.release == "r01"
    assert verify(signers.settings) == []


def test_going_back_twice(signers: People) -> None:
    make_candidate(signers.settings, amount=2)
    signed_release(signers, "another amount")
    for to in ("r02", "r01"):
        sign_rollback(signers, to)
        rollback(signers.settings, CYCLE, to, "back")
        assert current(signers.settings) == to
        assert verify(signers.settings) == []


@pytest.mark.parametrize(
    ("to", "why"), [("r02", "current release of 2025-11 already"), ("r07", "has no release r07"), ("..", "no release")]
)
def test_there_must_be_an_earlier_release(signers: People, to: str, why: str) -> None:
    with pytest.raises(PublishRefused, match=why):
        rollback_act(signers.settings, CYCLE, to)
    with pytest.raises(PublishRefused, match="no release to go back from"):
        rollback_act(signers.settings, "2025-10", "r01")


def test_a_release_that_is_no_longer_whole_is_not_gone_back_to(signers: People) -> None:
    sign_rollback(signers, "r01")
    part = next((signers.settings.releases / CYCLE / "r01").glob("decisions/*/*.parquet"))
    part.chmod(0o600)
    part.write_bytes(part.read_bytes() + b"x")
    with pytest.raises(PublishRefused, match="not as it was published"):
        rollback(signers.settings, CYCLE, "r01", "no")
    assert current(signers.settings) == "r02"


def test_going_back_by_hand_is_found(signers: People) -> None:
    path = signers.settings.releases / "current.json"
    first, second = (
        {"release": name, "manifest_sha256": read_manifest(signers.settings.releases / CYCLE / name)[1]}
        for name in ("r01", "r02")
    )
    write_json_atomic(path, {"newest": CYCLE, "cycles": {CYCLE: {**first, "rolled_back": second}}})
    assert [problem.what for problem in verify(signers.settings)] == ["no entry tells that 2025-11 went back to r01"]
