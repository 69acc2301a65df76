"""What our processes write is private, whatever the umask they are started with."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from orchestration.settings import PROJECT_ROOT

BEGINNINGS = {
    "Dagster's processes": "import orchestration.definitions",
    "a command": "from typer.testing import CliRunner; from orchestration.cli import app;"
    " assert CliRunner().invoke(app, ['releases']).exit_code == 0",
    "the instance": "import runpy; runpy.run_module('orchestration.instance', run_name='__main__')",
}


@pytest.mark.slow
@pytest.mark.parametrize("beginning", BEGINNINGS)
def test_each_begins_private(beginning: str, tmp_path: Path) -> None:
    command = f"import os; os.umask(0); {BEGINNINGS[beginning]}; print(oct(os.umask(0)))"
    done = subprocess.run(
        [sys.executable, "-c", command],
        cwd=PROJECT_ROOT,
        env={**os.environ, "MUTAKHIR_LAKE": str(tmp_path / "lake"), "DAGSTER_HOME": str(tmp_path / "home")},
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout.split()[-1] == "0o77"
