"""The commands as people use them: wrong usage ends with 2, work that fails with 1 and a sentence, no traceback."""

import subprocess
import sys
from pathlib import Path

import pytest
from click.testing import Result
from typer.testing import CliRunner

from orchestration.cli import app
from orchestration.publish.release import publish
from orchestration.settings import Settings
from tests.builds import make_candidate, passes

CYCLE = "2025-11"


@pytest.fixture
def settings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Settings:
    """The lake that the commands of this test meet."""
    monkeypatch.setenv("MUTAKHIR_LAKE", str(tmp_path / "lake"))
    monkeypatch.setenv("DAGSTER_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("COLUMNS", "200")
    return Settings()


def mutakhir(*arguments: str) -> Result:
    return CliRunner().invoke(app, arguments)


def release(settings: Settings) -> Path:
    make_candidate(settings, CYCLE)
    return publish(settings, CYCLE, evaluate=passes).folder


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["run"], "Missing option '--cycle'"),
        (["publish"], "Missing option '--cycle'"),
        (["run", "--cycle", "2025-13"], "'2025-13' is not a cycle"),
        (["run", "--cycle", "11/2025"], "'11/2025' is not a cycle"),
        (["publish", "--cycle", "2036-01"], "2036-01 is outside 2025-01 to 2035-12"),
        (["status", "--cycle", "2025-00"], "'2025-00' is not a cycle"),
        (["run", "--cycle", CYCLE, "--families", "9"], "No such option"),
        (["run", "--cycle", CYCLE, "--from", "candidate"], "'candidate' is not one of"),
        (["release", "--cycle", CYCLE], "No such command"),
    ],
)
def test_wrong_usage(settings: Settings, arguments: list[str], words: str) -> None:
    done = mutakhir(*arguments)
    assert done.exit_code == 2
    assert words in done.output
    assert not settings.lake.exists() or not [path for path in settings.lake.rglob("*") if path.is_file()]


def test_status_of_a_lake_that_holds_nothing(settings: Settings) -> None:
    assert mutakhir("status").exit_code == 0
    done = mutakhir("status", "--cycle", CYCLE)
    assert done.exit_code == 1
    assert f"cycle {CYCLE} has no release and no candidate: mutakhir run --cycle {CYCLE}" in done.output


def test_status_shows_what_is_blocked_and_what_is_released(settings: Settings) -> None:
    release(settings)
    make_candidate(settings, "2025-12", passed=False)
    done = mutakhir("status")
    assert done.exit_code == 0
    lines = {line.split("│")[1].strip(): line for line in done.output.splitlines() if line.startswith("│")}
    assert "passed its gates" in lines[CYCLE] and "r01 (newest)" in lines[CYCLE]
    assert "blocked by its gates" in lines["2025-12"] and "r01" not in lines["2025-12"]
    assert "missing: dtsen_keluarga, dtsen_individu, kemensos_penerima" in lines["2025-12"]


def test_verify_ends_with_1_and_names_what_is_not_as_it_was_published(settings: Settings) -> None:
    folder = release(settings)
    done = mutakhir("verify")
    assert (done.exit_code, "is as it was published" in done.stdout) == (0, True)
    changed = folder / "marts" / "removal_reasons.parquet"
    changed.chmod(0o600)
    changed.write_bytes(changed.read_bytes() + b"x")
    done = mutakhir("verify")
    assert done.exit_code == 1
    assert "2025-11/r01: marts/removal_reasons.parquet has other bytes" in done.stderr
    assert "is as it was published" not in done.output


@pytest.mark.parametrize("arguments", [["status"], ["publish", "--cycle", CYCLE], ["verify"]])
def test_a_damaged_index_of_releases_is_told_in_a_sentence(settings: Settings, arguments: list[str]) -> None:
    release(settings)
    (settings.releases / "current.json").write_text("{")
    done = mutakhir(*arguments)
    assert done.exit_code == 1
    assert "current.json" in done.stderr and "is not an index of releases" in done.stderr
    assert done.exception is None or isinstance(done.exception, SystemExit)


@pytest.mark.slow
def test_a_step_that_fails_says_why(settings: Settings) -> None:
    """By its own words where it foresaw it, else by the first cause of the error."""
    done = mutakhir("publish", "--cycle", CYCLE)
    assert (done.exit_code, "not published: cycle 2025-11 has no candidate" in done.stderr) == (1, True)
    done = mutakhir("run", "--cycle", CYCLE, "--from", "gates")
    assert (done.exit_code, "is no candidate: run the cycle 2025-11 from the start" in done.stderr) == (1, True)
    (settings.candidates / CYCLE / "manifest.json").mkdir(parents=True)
    done = mutakhir("publish", "--cycle", CYCLE)
    assert done.exit_code == 1
    assert "release: IsADirectoryError" in done.stderr and "manifest.json" in done.stderr
    assert "Traceback" not in done.output and ".py" not in done.output


@pytest.mark.slow
def test_a_shell_needs_no_other_set_up(tmp_path: Path) -> None:
    """The installed command, with nothing in its environment: the lake and Dagster's home are below where it stands."""
    command = [str(Path(sys.executable).with_name("mutakhir")), "publish", "--cycle", CYCLE]
    done = subprocess.run(
        command, cwd=tmp_path, env={"HOME": str(tmp_path)}, capture_output=True, text=True, timeout=120
    )
    assert done.returncode == 1
    assert f"({tmp_path / 'lake' / 'candidates' / CYCLE}). `mutakhir run --cycle {CYCLE}`" in done.stderr
    assert "Traceback" not in done.stdout + done.stderr
    assert (tmp_path / ".dagster" / "dagster.yaml").is_file()
    assert (tmp_path / ".dagster").stat().st_mode & 0o777 == 0o700
