"""Signing as people do it in a shell: keys, signatures, going back, the trail; every refusal a sentence and exit 1."""

from pathlib import Path

import pytest
from click.testing import Result
from typer.testing import CliRunner

from orchestration.audit import trail_path
from orchestration.cli import app
from orchestration.publish.approvers import read_approvers
from orchestration.publish.release import publish
from orchestration.settings import Settings
from tests.builds import make_candidate, passes
from tests.signing import POLICY

CYCLE = "2025-11"


@pytest.fixture
def settings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Settings:
    """A lake with a candidate, approvers without anyone, and a passphrase."""
    for name, path in (
        ("LAKE", "lake"),
        ("APPROVERS", "approvers.toml"),
        ("KEYS", "keys"),
        ("PASSPHRASE_FILE", "pass"),
    ):
        monkeypatch.setenv(f"MUTAKHIR_{name}", str(tmp_path / path))
    monkeypatch.setenv("COLUMNS", "200")
    (tmp_path / "approvers.toml").write_text(POLICY)
    (tmp_path / "pass").write_text("correct horse battery\nnot this line\n")
    make_candidate(Settings())
    return Settings()


def mutakhir(*arguments: str, typed: str | None = None) -> Result:
    return CliRunner().invoke(app, arguments, input=typed)


def new_key(person: str, role: str, *more: str, typed: str | None = None) -> Result:
    return mutakhir("keys", "new", "--person", person, "--role", role, *more, typed=typed)


def sign(role: str, *more: str, typed: str | None = None) -> Result:
    return mutakhir("sign", "--cycle", CYCLE, "--role", role, *more, typed=typed)


def test_from_keys_to_a_release_and_back(settings: Settings) -> None:
    for person, role in (("Sari", "kemensos"), ("Budi", "bps")):
        assert new_key(person, role, "--add").exit_code == 0
    assert [approver.person for approver in read_approvers(settings.approvers).approver] == ["Sari", "Budi"]
    assert "Sari" in mutakhir("keys", "list").output
    first = sign("kemensos")
    assert first.exit_code == 0 and "Still missing: role bps has not signed" in first.output
    assert f"All signed. Next: mutakhir publish --cycle {CYCLE}" in sign("bps").output
    publish(settings, CYCLE, evaluate=passes)
    make_candidate(settings, amount=1)
    shown = mutakhir("diff", "--cycle", CYCLE)
    assert shown.exit_code == 0 and f"against release {CYCLE}/r01" in shown.output
    assert sign("kemensos").exit_code == sign("bps").exit_code == 0
    publish(settings, CYCLE, "wrong amount", evaluate=passes)
    for role in ("kemensos", "bps"):
        assert sign(role, "--rollback", "r01").exit_code == 0
    back = mutakhir("rollback", "--cycle", CYCLE, "--to", "r01", "--reason", "counted wrong")
    assert back.exit_code == 0 and "Current release of 2025-11: r01" in back.output
    listed = mutakhir("releases").output
    assert "2025-11/r02" in listed and "wrong amount" in listed and "Sari (kemensos), Budi (bps)" in listed
    assert mutakhir("verify").exit_code == mutakhir("audit", "verify").exit_code == 0
    assert "counted wrong" in mutakhir("audit", "show", "--action", "rollback").output
    assert len(mutakhir("audit", "show", "--json").output.splitlines()) == 9


def test_an_entry_is_shown_when_it_is_not_added(settings: Settings, tmp_path: Path) -> None:
    shown = new_key('Sari "S" Dewi', "kemensos").output
    assert read_approvers(settings.approvers).approver == []
    settings.approvers.write_text(POLICY + shown[shown.index("[[approver]]") :])
    assert [approver.person for approver in read_approvers(settings.approvers).approver] == ['Sari "S" Dewi']


def test_a_passphrase_is_asked_for_and_not_shown(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("MUTAKHIR_PASSPHRASE_FILE")
    secret = "a phrase to be typed"
    assert new_key("Sari", "kemensos", "--add", typed=f"{secret}\n{secret}\n").exit_code == 0
    done = sign("kemensos", typed=f"{secret}\n")
    assert done.exit_code == 0 and secret not in done.output
    refused = sign("kemensos", typed="something else\n")
    assert refused.exit_code == 1 and "passphrase is wrong" in refused.output


def test_what_is_refused_says_why(settings: Settings, tmp_path: Path) -> None:
    assert "there is no key at" in sign("kemensos").output
    new_key("Sari", "kemensos", "--add")
    assert "may sign as kemensos, not as bps" in sign("bps", "--key", str(tmp_path / "keys" / "kemensos.pem")).output
    assert "exists; name another file" in new_key("Sari", "kemensos", "--add").output
    assert "has no candidate" in mutakhir("sign", "--cycle", "2025-12", "--role", "kemensos").output
    assert "no release to go back from" in sign("kemensos", "--rollback", "r01").output
    assert mutakhir("diff", "--cycle", "2025-12").exit_code == 1
    trail_path(settings).parent.mkdir(exist_ok=True)
    trail_path(settings).write_text("{}\n")
    broken = mutakhir("audit", "verify")
    assert broken.exit_code == 1 and "line 1 is no entry" in broken.output
    settings.approvers.write_text("nothing")
    assert "cannot be used" in mutakhir("keys", "list").output
    assert "cannot be used" in sign("kemensos").output
