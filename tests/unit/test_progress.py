"""What a shell shows of a run's events: shares of the usual time, what remains, and no more than that."""

import io
from types import SimpleNamespace
from typing import Any

import pytest
from rich.console import Console

from orchestration import progress
from orchestration.progress import Progress


def event(kind: str, step: str) -> Any:
    return SimpleNamespace(dagster_event=SimpleNamespace(event_type_value=kind), step_key=step, user_message="")


def said(step: str, message: str) -> Any:
    return SimpleNamespace(dagster_event=None, step_key=step, user_message=message)


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> SimpleNamespace:
    now = SimpleNamespace(seconds=100.0)
    monkeypatch.setattr(progress.time, "monotonic", lambda: now.seconds)
    return now


def test_a_line_for_each_step_says_how_much_is_done_and_what_remains(clock: SimpleNamespace) -> None:
    shown = io.StringIO()
    follow = Progress(Console(file=shown, width=200), ["warehouse", "raw__dtsen_keluarga", "candidate"])
    for step, seconds in (("raw__dtsen_keluarga", 2.0), ("warehouse", 82.0), ("candidate", 4.0)):
        follow(event("STEP_START", step))
        clock.seconds += seconds
        follow(event("STEP_SUCCESS", step))
    assert shown.getvalue().splitlines() == [
        "  raw__dtsen_keluarga: done in 2.0 s (2% of the usual time; about 79 s to go)",
        "  warehouse: done in 82.0 s (93% of the usual time; about 7 s to go)",
        "  candidate: done in 4.0 s",
    ]


def test_models_count_by_their_usual_share_and_never_beyond_their_step(clock: SimpleNamespace) -> None:
    shown = io.StringIO()
    follow = Progress(Console(file=shown, width=200), ["warehouse", "candidate"])
    follow(event("STEP_START", "warehouse"))
    clock.seconds += 15
    follow(said("warehouse", "built stg_persons_parsed"))
    assert shown.getvalue() == "  warehouse: built stg_persons_parsed (16% of the usual time; about 78 s to go)\n"
    for number in range(1000):
        follow(said("warehouse", f"built model_{number}"))
    clock.seconds += 15
    follow(said("warehouse", "built the_last"))
    assert shown.getvalue().splitlines()[-1].startswith("  warehouse: built the_last (92% of the usual time")


def test_what_tools_print_is_not_shown(clock: SimpleNamespace) -> None:
    shown = io.StringIO()
    Progress(Console(file=shown), ["warehouse"])(said("warehouse", "Running with dbt"))
    assert shown.getvalue() == ""
