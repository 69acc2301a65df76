"""Sign-offs: whose count, for which content, and what is said of those that do not."""

import json
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from orchestration.audit import entries
from orchestration.candidate.manifest import Policy, read_manifest
from orchestration.candidate.statement import canonical_json
from orchestration.publish.approvers import ApproversInvalid, entry_text, key_id, read_approvers
from orchestration.publish.keys import KeyUnusable, load_key, new_key, public_text
from orchestration.publish.release import Published, publish
from orchestration.publish.sealed import PublishRefused
from orchestration.publish.signoff import SigningRefused, signature_holds
from orchestration.publish.verify import verify
from orchestration.settings import Settings
from tests.builds import make_candidate, passes
from tests.signing import POLICY, People, people

TODAY = datetime.now(UTC).date()


@pytest.fixture
def signers(tmp_path: Path) -> People:
    known = people(tmp_path)
    make_candidate(known.settings)
    return known


def release(signers: People, reason: str | None = None) -> Published:
    return publish(signers.settings, "2025-11", reason, evaluate=passes)


def refusal(signers: People) -> str:
    with pytest.raises(PublishRefused) as refused:
        release(signers)
    assert not (signers.settings.releases / "current.json").exists()
    return str(refused.value)


def test_two_people_sign_and_the_release_carries_their_signatures(signers: People) -> None:
    given = [signers.sign("Sari", "kemensos"), signers.sign("Budi", "bps")]
    manifest, _ = read_manifest(release(signers).folder)
    assert manifest.signoffs == given
    assert manifest.policy == Policy(roles=["kemensos", "bps"], different_people=True)
    assert all(signature_holds(signoff, canonical_json(manifest.statement)) for signoff in given)
    assert verify(signers.settings) == []
    acts = [(entry.action, entry.details.get("person")) for entry in entries(signers.settings)]
    assert acts == [("sign", "Sari"), ("sign", "Budi"), ("release", None)]


def test_a_missing_role_is_named(signers: People) -> None:
    assert "role kemensos has not signed" in refusal(signers) and "role bps has not signed" in refusal(signers)
    signers.sign("Sari", "kemensos")
    said = refusal(signers)
    assert "role bps has not signed" in said and "kemensos has" not in said and "mutakhir sign" in said


def test_signing_again_changes_nothing(signers: People) -> None:
    once = signers.sign("Sari", "kemensos")
    assert signers.sign("Sari", "kemensos") == once
    assert [entry.action for entry in entries(signers.settings)] == ["sign"]


def test_the_same_cycle_run_again_keeps_its_signatures_and_other_content_needs_new_ones(signers: People) -> None:
    for person, role in (("Sari", "kemensos"), ("Budi", "bps")):
        signers.sign(person, role)
    make_candidate(signers.settings, run_id="run-2", amount=1)
    said = refusal(signers)
    assert said.count("it is over another statement; what it was given for has changed since") == 2
    make_candidate(signers.settings, run_id="run-3")
    assert release(signers).outcome == "published"


def test_one_person_may_not_sign_twice(signers: People) -> None:
    signers.know("Sari", "bps", key="Sari's other key")
    signers.sign("Sari", "kemensos")
    signers.sign("Sari's other key", "bps")
    assert "must be signed by different people; only Sari signed" in refusal(signers)
    signers.write(POLICY.replace("true", "false"))
    assert release(signers).outcome == "published"


def test_of_many_signatures_those_of_different_people_are_chosen(signers: People) -> None:
    signers.know("Sari", "bps", key="Sari's other key")
    for key, role in (("Sari", "kemensos"), ("Sari's other key", "bps"), ("Budi", "bps")):
        signers.sign(key, role)
    manifest, _ = read_manifest(release(signers).folder)
    assert {(signoff.person, signoff.role) for signoff in manifest.signoffs} == {("Sari", "kemensos"), ("Budi", "bps")}


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda known: known.entries.pop("Budi"), "is not among the approvers"),
        (lambda known: known.know("Budi", "auditor"), "of Budi may sign as auditor, not as bps"),
        (
            lambda known: known.know("Budi", "bps", (TODAY - timedelta(9), TODAY - timedelta(1))),
            f"of Budi expired on {TODAY - timedelta(1)}",
        ),
        (
            lambda known: known.know("Budi", "bps", (TODAY + timedelta(1), TODAY + timedelta(9))),
            f"of Budi is valid only from {TODAY + timedelta(1)}",
        ),
        (lambda known: known.know("Rina", "bps", key="Budi"), "the key is another person's"),
    ],
)
def test_approvers_are_asked_again_when_publishing(
    signers: People, change: Callable[[People], object], said: str
) -> None:
    signers.sign("Sari", "kemensos")
    signers.sign("Budi", "bps")
    change(signers)
    signers.write()
    assert said in refusal(signers)


@pytest.mark.parametrize("field", ["signature", "public_key", "document_sha256", "person", "role"])
def test_a_sign_off_that_was_edited_does_not_count(signers: People, field: str) -> None:
    signers.sign("Sari", "kemensos")
    signers.sign("Budi", "bps")
    (path,) = (signers.settings.signoffs / "2025-11").glob("*-bps-*.json")
    content = json.loads(path.read_text())
    other = public_text(Ed25519PrivateKey.generate())
    content[field] = {"signature": other * 2, "public_key": other, "role": "kemensos", "person": "Sari"}.get(field, "0")
    path.write_text(json.dumps(content))
    assert "role bps has not signed" in refusal(signers)
    path.write_text("{")
    assert "role bps has not signed" in refusal(signers)


def test_a_signature_of_another_cycle_does_not_count(signers: People) -> None:
    make_candidate(signers.settings, "2025-12")
    signers.sign("Sari", "kemensos")
    december = signers.sign("Budi", "bps", "2025-12")
    folder = signers.settings.signoffs / "2025-11"
    (folder / "stolen-bps.json").write_text(december.model_dump_json())
    assert "it is over another statement" in refusal(signers)


def test_who_may_not_sign_is_told_so(signers: People) -> None:
    with pytest.raises(SigningRefused, match="of Sari may sign as kemensos, not as bps"):
        signers.sign("Sari", "bps")
    signers.keys["Stranger"] = Ed25519PrivateKey.generate()
    with pytest.raises(SigningRefused, match="is not among the approvers"):
        signers.sign("Stranger", "bps")
    assert not signers.settings.signoffs.exists()
    assert list(entries(signers.settings)) == []


def test_nobody_signs_what_the_gates_blocked_or_what_was_touched(signers: People) -> None:
    make_candidate(signers.settings, passed=False)
    with pytest.raises(PublishRefused, match="the gates blocked this candidate"):
        signers.sign("Sari", "kemensos")
    make_candidate(signers.settings)
    part = next((signers.settings.candidates / "2025-11").glob("decisions/*/*.parquet"))
    part.write_bytes(part.read_bytes() + b"x")
    with pytest.raises(PublishRefused, match="not what was sealed"):
        signers.sign("Sari", "kemensos")


def test_verify_checks_the_signatures_of_a_release_by_the_keys_of_its_day(signers: People) -> None:
    signers.sign("Sari", "kemensos")
    signers.sign("Budi", "bps")
    release(signers)
    signers.know("Budi", "bps", (date(2020, 1, 1), TODAY - timedelta(1)))
    assert any("expired" in problem.what for problem in verify(signers.settings))
    signers.know("Budi", "bps", (TODAY, TODAY))
    assert verify(signers.settings) == []
    signers.settings.approvers.unlink()
    assert ["is missing" in problem.what for problem in verify(signers.settings)] == [True]


@pytest.mark.parametrize(
    "text",
    [
        "",
        "[policy]\nroles = 1",
        POLICY + entry_text("A", "bps", "short", date(2026, 1, 1), date(2026, 12, 31)),
        POLICY + entry_text("A", "bps", "A" * 43 + "=", date(2026, 1, 2), date(2026, 1, 1)),
        POLICY + 2 * entry_text("A", "bps", "A" * 43 + "=", date(2026, 1, 1), date(2026, 1, 1)),
        POLICY + "policies = 1",
    ],
)
def test_approvers_that_cannot_be_used_publish_nothing(signers: People, text: str) -> None:
    signers.settings.approvers.write_text(text)
    with pytest.raises(ApproversInvalid):
        read_approvers(signers.settings.approvers)
    assert str(signers.settings.approvers) in refusal(signers)


def test_the_committed_policy_asks_for_two_people() -> None:
    committed = read_approvers(Settings.model_fields["approvers"].default)
    assert (committed.policy.roles, committed.policy.different_people) == (["kemensos", "bps"], True)
    assert committed.approver == []


def test_a_key_is_kept_encrypted_and_private(tmp_path: Path) -> None:
    path = tmp_path / "keys" / "bps.pem"
    public = new_key(path, "correct horse battery")
    assert (path.stat().st_mode & 0o777, path.parent.stat().st_mode & 0o777) == (0o600, 0o700)
    assert b"ENCRYPTED PRIVATE KEY" in path.read_bytes()
    assert public_text(load_key(path, "correct horse battery")) == public
    assert len(key_id(public)) == 16
    for usage, why in (
        (lambda: load_key(path, "wrong horse battery"), "passphrase is wrong"),
        (lambda: load_key(tmp_path / "none.pem", "x"), "there is no key"),
        (lambda: new_key(path, "correct horse battery"), "exists"),
        (lambda: new_key(tmp_path / "other.pem", "short"), "too short"),
    ):
        with pytest.raises(KeyUnusable, match=why):
            usage()
    assert public_text(load_key(path, "correct horse battery")) == public
