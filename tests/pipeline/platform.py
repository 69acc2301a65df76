"""The installed commands over one lake, as people run them in a shell, and what they said; jobs in this process."""

import hashlib
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import dagster as dg

from orchestration.definitions import build_defs
from orchestration.instance import ensure_home
from orchestration.settings import PROJECT_ROOT, Settings

SIGNERS = {"Sari": "kemensos", "Budi": "bps"}
QUIET = {"loggers": {"console": {"config": {"log_level": "CRITICAL"}}}}
Tree = dict[str, str]
"""sha256 of every file below a folder, by path."""


@dataclass
class Platform:
    """A lake and a Dagster instance of their own."""

    root: Path
    said: list[str] = field(default_factory=list)
    alerts: str = ""
    """Who is told of trouble in the commands' runs (MUTAKHIR_ALERTS)."""

    @property
    def settings(self) -> Settings:
        return Settings(lake=self.root / "lake", approvers=self.root / "approvers.toml")

    @property
    def home(self) -> Path:
        return self.root / "home"

    @property
    def environment(self) -> dict[str, str]:
        """Of the commands."""
        settings = self.settings
        own = {"LAKE": settings.lake, "APPROVERS": settings.approvers, "KEYS": self.root / "keys"}
        own_settings = {f"MUTAKHIR_{name}": str(path) for name, path in own.items()} | {"MUTAKHIR_ALERTS": self.alerts}
        return {**os.environ, **own_settings, "DAGSTER_HOME": str(self.home)}

    def start(self, *arguments: str, command: str = "mutakhir") -> subprocess.Popen[str]:
        """Start a command, in a process group of its own."""
        return subprocess.Popen(
            [str(Path(sys.executable).with_name(command)), *arguments],
            cwd=PROJECT_ROOT,
            env=self.environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            start_new_session=True,
        )

    def mutakhir(self, *arguments: str, command: str = "mutakhir") -> subprocess.CompletedProcess[str]:
        """Run a command to its end."""
        process = self.start(*arguments, command=command)
        output, errors = process.communicate(timeout=280)
        self.said += [output, errors]
        return subprocess.CompletedProcess(arguments, process.returncode, output, errors)

    def simulate(self, cycle: str, families: int = 3000) -> None:
        """Have a month delivered, without anomalies of data."""
        size = ["--families", str(families), "--cycle", cycle, "--clean"]
        done = self.mutakhir(*size, command="mutakhir-simulate")
        assert done.returncode == 0, done.stdout + done.stderr

    def make_keys(self) -> None:
        """Two people who may sign, by the policy that is committed."""
        shutil.copyfile(PROJECT_ROOT / "config" / "approvers.toml", self.settings.approvers)
        (self.root / "passphrase").write_text("for these tests alone\n")
        for person, role in SIGNERS.items():
            self.sure("keys", "new", "--add", "--person", person, "--role", role, *self.passphrase)

    def sign(self, cycle: str) -> None:
        """Have the cycle's candidate signed by both."""
        for role in SIGNERS.values():
            self.sure("sign", "--cycle", cycle, "--role", role, *self.passphrase)

    @property
    def passphrase(self) -> list[str]:
        return ["--passphrase-file", str(self.root / "passphrase")]

    def sure(self, *arguments: str) -> None:
        """Run a command that must succeed."""
        done = self.mutakhir(*arguments)
        assert done.returncode == 0, done.stdout + done.stderr

    @contextmanager
    def instance(self) -> Iterator[dg.DagsterInstance]:
        """The instance that the commands record their runs in; nothing of it stays in the environment."""
        before = dict(os.environ)
        os.environ["DAGSTER_HOME"] = str(self.home)
        try:
            ensure_home()
            with dg.DagsterInstance.get() as instance:
                yield instance
        finally:
            os.environ.clear()
            os.environ.update(before)

    def execute(self, job: str, cycle: str) -> dg.ExecuteInProcessResult:
        """Run a job in this process, not by a command."""
        with self.instance() as instance:
            return (
                build_defs(settings=self.settings)
                .resolve_job_def(job)
                .execute_in_process(instance=instance, partition_key=cycle, run_config=QUIET, raise_on_error=False)
            )


def tree(*folders: Path) -> Tree:
    """What lies below the folders; the same before and after: nothing was touched."""
    files = (path for folder in folders for path in sorted(folder.rglob("*")) if path.is_file())
    return {str(path): hashlib.sha256(path.read_bytes()).hexdigest() for path in files}


def failures(result: dg.ExecuteInProcessResult) -> dict[str, str]:
    """What the failed steps of a job said, by step."""
    found = {}
    for event in result.all_events:
        if event.is_step_failure and event.step_key:
            said = event.step_failure_data.user_failure_data
            found[event.step_key] = (said.description if said else event.step_failure_data.error_display_string) or ""
    return found
