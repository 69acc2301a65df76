"""One lake and its story: the parts that tests look at, and how each is told.

November is delivered and released, delivered again and blocked, delivered again and refused; December is begun, killed
and run again, and published. Each part leaves what it found to the others. Told once, by fixtures (tests/conftest.py).
"""

import os
import shutil
import signal
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass

import psutil

from tests.pipeline.platform import Platform, Tree, failures, tree
from tests.pipeline.tampered import damage, tamper

Done = subprocess.CompletedProcess[str]
NOVEMBER, DECEMBER = "2025-11", "2025-12"


@dataclass(frozen=True)
class Released:
    """November, delivered without anomalies of data."""

    platform: Platform
    run: Done
    unsigned: Done
    publish: Done


@dataclass(frozen=True)
class Blocked:
    """November, delivered beyond the limits of the gates; published in vain, by the command and by the job alone."""

    run: Done
    publish: Done
    job_says: dict[str, str]
    published_before: Tree
    published_after: Tree


@dataclass(frozen=True)
class Refused:
    """November, delivered with damage."""

    run: Done
    before: Tree
    after: Tree


@dataclass(frozen=True)
class Killed:
    """December, killed while dbt builds; before that, a second run was tried."""

    run_id: str
    process_id: int
    second: Done
    status: Done
    verify: Done
    published_before: Tree
    published_after: Tree


@dataclass(frozen=True)
class Recovered:
    """December, run again, published, and published once more."""

    run: Done
    publish: Done
    again: Done
    published: Tree
    published_again: Tree
    verify: Done


def release(platform: Platform) -> Released:
    """November passes and is published, in vain before it is signed."""
    platform.make_keys()
    platform.simulate(NOVEMBER)
    run = platform.mutakhir("run", "--cycle", NOVEMBER)
    unsigned = platform.mutakhir("publish", "--cycle", NOVEMBER)
    platform.sign(NOVEMBER)
    publish = platform.mutakhir("publish", "--cycle", NOVEMBER)
    assert publish.returncode == 0, run.stdout + run.stderr + publish.stderr  # the story has no beginning
    return Released(platform, run, unsigned, publish)


def block(platform: Platform) -> Blocked:
    """November does not pass."""
    before = published(platform)
    with other_deliveries(platform, NOVEMBER):
        tamper(platform.settings.landing, NOVEMBER)
        run = platform.mutakhir("run", "--cycle", NOVEMBER)
        publish = platform.mutakhir("publish", "--cycle", NOVEMBER, "--reason", "a correction")
        job_says = failures(platform.execute("publish", NOVEMBER))
    return Blocked(run, publish, job_says, before, published(platform))


def refuse(platform: Platform) -> Refused:
    """November is not even judged."""
    lake = platform.settings
    kept = (lake.raw, lake.candidates, lake.releases, lake.bi)
    before = tree(*kept)
    with other_deliveries(platform, NOVEMBER):
        damage(lake.landing, NOVEMBER)
        run = platform.mutakhir("run", "--cycle", NOVEMBER)
    return Refused(run, before, tree(*kept))


def kill(platform: Platform) -> Killed:
    """December is run twice at once, and then not at all."""
    before = published(platform)
    platform.simulate(DECEMBER)
    first = platform.start("run", "--cycle", DECEMBER)
    try:
        wait_for_dbt(platform, first)
        os.killpg(first.pid, signal.SIGSTOP)  # it stands still in the middle of dbt until it is killed
        second = platform.mutakhir("run", "--cycle", DECEMBER)
    finally:
        with suppress(ProcessLookupError):
            os.killpg(first.pid, signal.SIGKILL)
        platform.said += first.communicate()
    with platform.instance() as instance:
        run_id = instance.get_runs(limit=1)[0].run_id
    status, verify = platform.mutakhir("status"), platform.mutakhir("verify")
    return Killed(run_id, first.pid, second, status, verify, before, published(platform))


def recover(platform: Platform) -> Recovered:
    """December passes and is published."""
    run = platform.mutakhir("run", "--cycle", DECEMBER)
    platform.sign(DECEMBER)
    publish = platform.mutakhir("publish", "--cycle", DECEMBER)
    before = published(platform)
    again = platform.mutakhir("publish", "--cycle", DECEMBER)
    return Recovered(run, publish, again, before, published(platform), platform.mutakhir("verify"))


def published(platform: Platform) -> Tree:
    """Every byte that others may have read."""
    return tree(platform.settings.releases, platform.settings.bi)


@contextmanager
def other_deliveries(platform: Platform, cycle: str) -> Iterator[None]:
    """A cycle's deliveries may be spoiled; afterwards they are as before."""
    landed, aside = platform.settings.landing / cycle, platform.root / "aside"
    shutil.copytree(landed, aside)
    yield
    shutil.rmtree(landed)
    aside.rename(landed)


def wait_for_dbt(platform: Platform, run: subprocess.Popen[str]) -> None:
    """Until dbt, a child of the run, has built some of the models, but not all."""
    log = platform.settings.build / f"{DECEMBER}.dbt" / "dbt.log"
    while not log.exists() or log.read_bytes().count(b"OK created sql table model") < 6:
        assert run.poll() is None, "the run ended before dbt was in the middle of its work"
        time.sleep(0.1)
    assert any("dbt" in " ".join(child.cmdline()) for child in psutil.Process(run.pid).children())
