"""Retention: the committed terms, terms that are none, and the command."""

import json
from pathlib import Path

import pytest
from click.testing import Result
from typer.testing import CliRunner

from orchestration.cli import app
from orchestration.retention.plan import REMOVING
from orchestration.retention.terms import RetentionRefused, Terms, read_terms
from orchestration.settings import PROJECT_ROOT, Settings
from tests.landed import REGISTER
from tests.retained import NEWEST, TERMS, files, hold, release

pytestmark = pytest.mark.slow


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
