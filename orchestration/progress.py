"""What a shell shows while a run works: the step, how far it is, and nothing that the tools themselves print.

Reads events, changes none.
"""

import os
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, TextColumn, TimeElapsedColumn
from rich.progress import Progress as RichProgress

_PLAIN_EVERY_SECONDS = 10.0
BUILT = "built "
"""How a step begins to say that a part of it is done, a model for example."""


class Progress:
    """Follows a run's events: steps done of all steps, and what the current step last said."""

    def __init__(self, console: Console, steps: int) -> None:
        """``steps`` of the run; on a terminal a bar, else a line for each step."""
        self._console = console
        self._bar = RichProgress(
            TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn(),
            console=console, transient=True, disable=not console.is_terminal,
        )  # fmt: skip
        self._task = self._bar.add_task("starting", total=steps)
        self._started: dict[str, float] = {}
        self._told = 0.0

    def __enter__(self) -> "Progress":
        """Start drawing."""
        self._bar.start()
        return self

    def __exit__(self, *_: object) -> None:
        """Stop drawing."""
        self._bar.stop()

    def __call__(self, entry: Any) -> None:
        """Take one entry of the run's event log."""
        event, step = entry.dagster_event, entry.step_key
        if event is None:
            if step and entry.user_message.startswith(BUILT):  # what else the tools say is in the log
                self._tell(step, entry.user_message)
        elif event.event_type_value == "STEP_START" and step:
            self._started[step] = time.monotonic()
            self._bar.update(self._task, description=step)
        elif event.event_type_value in ("STEP_SUCCESS", "STEP_FAILURE", "STEP_SKIPPED") and step:
            self._bar.advance(self._task)
            seconds = time.monotonic() - self._started.get(step, time.monotonic())
            done = {"STEP_SUCCESS": "done", "STEP_FAILURE": "[red]failed[/]"}.get(
                event.event_type_value, "not executed"
            )
            self._console.print(f"  {step}: {done} in {seconds:.1f} s")

    def _tell(self, step: str, message: str) -> None:
        if self._console.is_terminal:
            self._bar.update(self._task, description=f"{step}: {message}")
        elif time.monotonic() - self._told > _PLAIN_EVERY_SECONDS:
            self._told = time.monotonic()
            self._console.print(f"  {step}: {message}")


@contextmanager
def quiet_output(log: Path) -> Iterator[Console]:
    """Send what tools print (file descriptors 1 and 2) to ``log``; yields a console on the real output."""
    sys.stdout.flush()
    sys.stderr.flush()
    saved = os.dup(1), os.dup(2)
    with log.open("a", encoding="utf-8") as file, os.fdopen(os.dup(1), "w", encoding="utf-8") as real:
        log.chmod(0o600)
        os.dup2(file.fileno(), 1)
        os.dup2(file.fileno(), 2)
        try:
            yield Console(file=real, highlight=False, width=None if real.isatty() else 140)
        finally:
            sys.stdout.flush()
            sys.stderr.flush()
            os.dup2(saved[0], 1)
            os.dup2(saved[1], 2)
            os.close(saved[0])
            os.close(saved[1])
