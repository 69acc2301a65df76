"""What a shell shows while a run works: the step, its share of the usual time, what remains; nothing that tools print.

Reads events, changes none.
"""

import os
import sys
import time
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.progress import BarColumn, TaskProgressColumn, TextColumn, TimeElapsedColumn, TimeRemainingColumn
from rich.progress import Progress as RichProgress

_PLAIN_EVERY_SECONDS = 10.0
BUILT = "built "
"""How a step begins to say that a part of it is done, a model for example."""
USUAL = {
    "raw__dtsen_individu": 4.2,
    "raw__dtsen_keluarga": 2.1,
    "raw__kemensos_penerima": 0.8,
    "warehouse": 77.1,
    "candidate": 6.3,
    "gate_verdict": 4.5,
}
"""Usual share of a cycle's time by step, in percent, measured at 10 million families (benchmarks); of others 0.5."""
USUAL_OF_MODELS = {
    "stg_persons_parsed": 13.5,
    "members": 7.0,
    "families": 4.5,
    "evidence": 4.4,
    "stg_families_parsed": 3.6,
    "listed_decisions": 3.0,
    "candidates": 2.7,
}
"""The same of the models that take longest; every other takes 0.3. What is left are dbt's tests."""


class Progress:
    """Follows a run's events: how much of the usual time is done, and what the current step last said."""

    def __init__(self, console: Console, steps: Collection[str]) -> None:
        """``steps`` of the run, by name; on a terminal a bar, else a line for each step."""
        self._console = console
        self._bar = RichProgress(
            TextColumn("{task.description}"), BarColumn(), TaskProgressColumn(),
            TimeElapsedColumn(), TextColumn("elapsed,"), TimeRemainingColumn(), TextColumn("to go"),
            console=console, transient=True, disable=not console.is_terminal,
        )  # fmt: skip
        self._total = sum(map(_usual, steps))
        self._task = self._bar.add_task("starting", total=self._total)
        self._begun = time.monotonic()
        self._started: dict[str, float] = {}
        self._done: dict[str, float] = {}
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
                part = USUAL_OF_MODELS.get(entry.user_message.removeprefix(BUILT), 0.3)
                self._advance(step, min(_usual(step), self._done.get(step, 0.0) + part))
                self._tell(step, entry.user_message)
        elif event.event_type_value == "STEP_START" and step:
            self._started[step] = time.monotonic()
            self._bar.update(self._task, description=step)
        elif event.event_type_value in ("STEP_SUCCESS", "STEP_FAILURE", "STEP_SKIPPED") and step:
            self._advance(step, _usual(step))
            seconds = time.monotonic() - self._started.get(step, time.monotonic())
            done = {"STEP_SUCCESS": "done", "STEP_FAILURE": "[red]failed[/]"}.get(
                event.event_type_value, "not executed"
            )
            self._console.print(f"  {step}: {done} in {seconds:.1f} s{self._standing()}")

    def _advance(self, step: str, done: float) -> None:
        self._done[step] = done
        self._bar.update(self._task, completed=sum(self._done.values()))

    def _standing(self) -> str:
        """How much of the usual time is done, and what remains at this pace; on a terminal the bar says it."""
        share = sum(self._done.values()) / self._total
        if self._console.is_terminal or share >= 1:
            return ""
        left = (time.monotonic() - self._begun) * (1 - share) / share
        return f" ({share:.0%} of the usual time; about {left:.0f} s to go)"

    def _tell(self, step: str, message: str) -> None:
        if self._console.is_terminal:
            self._bar.update(self._task, description=f"{step}: {message}")
        elif time.monotonic() - self._told > _PLAIN_EVERY_SECONDS:
            self._told = time.monotonic()
            self._console.print(f"  {step}: {message}{self._standing()}")


def _usual(step: str) -> float:
    return USUAL.get(step, 0.5)


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
