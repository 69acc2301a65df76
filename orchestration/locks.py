"""The lock on a cycle: one run at a time works on a cycle's build and candidate, whoever starts it.

The lock belongs to the process and goes with it, also when it is killed.
"""

import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

from filelock import FileLock, Timeout

from orchestration.settings import Settings, private_dir


class CycleLocked(RuntimeError):
    """Another run holds the cycle; the message says which."""


def _paths(settings: Settings, cycle: str) -> tuple[Path, Path]:
    folder = private_dir(settings.build)
    return folder / f"{cycle}.lock", folder / f"{cycle}.lock.json"


@contextmanager
def cycle_lock(settings: Settings, cycle: str, run_id: str) -> Iterator[None]:
    """Hold the cycle for ``run_id``; raises CycleLocked at once when another process or run has it."""
    path, holder = _paths(settings, cycle)
    lock = FileLock(path, mode=0o600)
    try:
        lock.acquire(timeout=0)
    except Timeout:
        raise CycleLocked(lock_message(settings, cycle)) from None
    try:
        holder.write_text(
            json.dumps({"run_id": run_id, "pid": os.getpid(), "since": datetime.now(UTC).isoformat(timespec="seconds")})
        )
        yield
    finally:
        holder.unlink(missing_ok=True)
        lock.release()


def is_locked(settings: Settings, cycle: str) -> bool:
    """Whether a living process holds the cycle."""
    try:
        with FileLock(_paths(settings, cycle)[0], mode=0o600).acquire(timeout=0):
            return False
    except Timeout:
        return True


def lock_message(settings: Settings, cycle: str) -> str:
    """Who holds the cycle, and what to do."""
    holder = _described(_paths(settings, cycle)[1])
    return f"cycle {cycle} is being worked on by {holder}; wait for it, or stop it first"


def _described(holder: Path) -> str:
    try:
        held = json.loads(holder.read_text())
        return f"run {held['run_id']} (process {held['pid']}, since {held['since']})"
    except (OSError, ValueError, KeyError):
        return "another run"
