"""`mutakhir`: thin commands over the same jobs, recorded in the same Dagster instance.

Decides nothing itself: what a command does stands in the jobs' assets and in the plain modules.
"""

import os
import socket
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from enum import StrEnum
from typing import Annotated, Any
from uuid import uuid4

import psutil
import typer
from rich.console import Console

from orchestration.cycles import cycle_keys, parse_cycle
from orchestration.instance import ensure_home
from orchestration.locks import is_locked, lock_message
from orchestration.released import ReleaseIndexDamaged, current_release
from orchestration.report import tables
from orchestration.settings import Settings, private_dir

app = typer.Typer(
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    help="Runs the monthly update cycle of a social-assistance registry: deliveries, decisions, gates, releases.",
    epilog="Exit codes: 0 done, 1 the work or a gate failed, 2 wrong usage. The lake is $MUTAKHIR_LAKE (./lake).",
)
_WIDTH = None if sys.stdout.isatty() else 140  # a pipe has no width; the tables want one
console = Console(highlight=False, width=_WIDTH)
errors = Console(stderr=True, highlight=False, width=_WIDTH)

_PROCESS_TAG = "mutakhir/process"


class Start(StrEnum):
    """Where a run begins."""

    deliveries = "deliveries"
    gates = "gates"


def _cycle(value: str) -> str:
    settings = Settings()
    try:
        key = parse_cycle(value).key
    except ValueError as error:
        raise typer.BadParameter(str(error)) from error
    if key not in cycle_keys(settings.first_cycle, settings.last_cycle):
        raise typer.BadParameter(f"{key} is outside {settings.first_cycle} to {settings.last_cycle}")
    return key


CycleOption = Annotated[
    str, typer.Option("--cycle", metavar="YYYY-MM", callback=_cycle, help="The month, e.g. 2025-11.")
]


@app.command()
def run(
    cycle: CycleOption,
    start: Annotated[
        Start,
        typer.Option("--from", help="Begin with the deliveries, or judge the candidate again after a changed limit."),
    ] = Start.deliveries,
) -> None:
    """Run a cycle: ingest, build, candidate, gates. The candidate is written even when a gate blocks (exit 1)."""
    settings = Settings()
    problems = _execute(settings, "update_cycle", cycle, only=["gate_verdict"] if start is Start.gates else None)
    judged = not problems or "gate_verdict" in problems
    if judged and (manifest := tables.sealed_manifest(settings, cycle)):
        console.print(tables.gates(manifest))
    if problems:
        raise _failed(problems)
    console.print(f"Candidate: {settings.candidates / cycle}")
    console.print(f"Data docs: {settings.reports / cycle / 'data_docs' / 'index.html'}")
    console.print(f"Cycle {cycle} passed its gates. Next: mutakhir publish --cycle {cycle}")


@app.command()
def publish(
    cycle: CycleOption,
    reason: Annotated[str | None, typer.Option(help="Why a released cycle is released again (a correction).")] = None,
) -> None:
    """Publish a cycle's candidate: verdict and sign-offs again, then the release, current.json and the BI file."""
    settings = Settings()
    config = {"ops": {"release": {"config": {"reason": reason}}}}
    with _readable_releases():
        before = current_release(settings, cycle)
    if problems := _execute(settings, "publish", cycle, config=config):
        raise _failed(problems)
    if before == current_release(settings, cycle):
        console.print(f"The candidate of {cycle} is its current release already: nothing was changed.")
    console.print(f"Release: {current_release(settings, cycle)}")
    console.print(f"Marts for BI: {settings.bi / 'marts.duckdb'}")


@app.command()
def status(
    cycle: Annotated[
        str | None, typer.Option("--cycle", metavar="YYYY-MM", help="Show this cycle's funnel, too.")
    ] = None,
) -> None:
    """Show what has arrived, what is a candidate, and what is released; with --cycle the table of the meeting."""
    settings = Settings()
    with _readable_releases():
        console.print(tables.overview(settings))
        if cycle:
            funnel = tables.funnel(settings, _cycle(cycle))
            if funnel is None:
                nothing = f"cycle {cycle} has no release and no candidate: mutakhir run --cycle {cycle}"
                raise _failed({"status": nothing})
            console.print(funnel)


@app.command()
def verify() -> None:
    """Read every digest and link of every release again; exit 1 when anything is not as it was published."""
    from orchestration.publish.verify import verify as verify_releases

    settings = Settings()
    with console.status("reading every release"):
        problems = verify_releases(settings)
    for problem in problems:
        errors.print(f"[red]{problem.where}[/]: {problem.what}")
    if problems:
        raise typer.Exit(1)
    console.print(f"Every release in {settings.releases} is as it was published.")


@contextmanager
def _readable_releases() -> Iterator[None]:
    """An index of releases that is damaged ends the command with a sentence."""
    try:
        yield
    except ReleaseIndexDamaged as damaged:
        raise _failed({"releases": str(damaged)}) from None


def _failed(problems: dict[str, str]) -> typer.Exit:
    for step, message in problems.items():
        errors.print(f"{step}: {message}", soft_wrap=True, markup=False, style="red")
    return typer.Exit(1)


def _execute(
    settings: Settings,
    job_name: str,
    cycle: str,
    *,
    only: list[str] | None = None,
    config: dict[str, Any] | None = None,
) -> dict[str, str]:
    """Run a job for a cycle in this process; what failed, by step. Empty when all went well."""
    home = ensure_home()
    with console.status("starting"):
        import dagster as dg

        from orchestration.automation import FINGERPRINT_TAG, fingerprint_key
        from orchestration.definitions import build_defs
        from orchestration.progress import Progress, quiet_output

        job = build_defs(settings=settings).resolve_job_def(job_name)
    selection = [dg.AssetKey(key) for key in only] if only else None
    whole_cycle = job_name == "update_cycle" and not only
    with dg.DagsterInstance.get() as instance:
        if is_locked(settings, cycle):
            return {job_name: lock_message(settings, cycle)}
        _close_dead_runs(instance, cycle)
        tags = {_PROCESS_TAG: f"{socket.gethostname()}:{os.getpid()}"}
        if whole_cycle:
            tags[FINGERPRINT_TAG] = fingerprint_key(settings, cycle)
        run_id = str(uuid4())
        log = private_dir(home / "output") / f"{run_id}.log"  # dagster clears away a folder logs
        console.print(f"{job_name} of cycle {cycle}, run {run_id} (output of the tools: {log})")
        steps = len(
            job.get_subset(asset_selection=set(selection)).graph.node_defs if selection else job.graph.node_defs
        )
        with quiet_output(log) as output, Progress(output, steps) as progress:
            instance.add_event_listener(run_id, progress)
            result = job.execute_in_process(
                instance=instance,
                partition_key=cycle,
                run_id=run_id,
                tags=tags,
                asset_selection=selection,
                run_config={**(config or {}), "loggers": {"console": {"config": {"log_level": "CRITICAL"}}}},
                raise_on_error=False,
            )
        return _problems(result)


def _problems(result: Any) -> dict[str, str]:
    """What failed, by step: the words of the stage itself where it gave some, else the error's first cause."""
    problems = {}
    for event in result.all_events:
        if event.is_step_failure:
            data = event.step_failure_data
            said = data.user_failure_data.description if data.user_failure_data else None
            problems[event.step_key] = said or _first_cause(data.error)
        elif event.is_run_failure and not problems:
            problems["run"] = _first_cause(event.job_failure_data.error)
    return problems


def _first_cause(error: Any) -> str:
    if error is None:
        return "failed; the log named above says more"
    while error.cause:
        error = error.cause
    return str(error.message).strip()


def _close_dead_runs(instance: Any, cycle: str) -> None:
    """Runs of a command here that are recorded as working though their process is gone: say so in the record."""
    import dagster as dg

    working = [dg.DagsterRunStatus.STARTED, dg.DagsterRunStatus.STARTING]
    for record in instance.get_run_records(dg.RunsFilter(statuses=working, tags={"dagster/partition": cycle})):
        host, _, process = record.dagster_run.tags.get(_PROCESS_TAG, "").partition(":")
        if host == socket.gethostname() and not psutil.pid_exists(int(process)):
            instance.report_run_failed(
                record.dagster_run, "the process died before the run ended; nothing was published by it"
            )


if __name__ == "__main__":
    app()
