"""A job run in this process and recorded in the same Dagster instance as the web page's, with progress on the terminal.

What a job does stands in its assets; which commands run one, in cli/.
"""

import os
import socket
from typing import Any
from uuid import uuid4

import psutil
from rich.console import Console

from orchestration.instance import InstanceUnusable, ensure_home
from orchestration.locks import is_locked, lock_message
from orchestration.settings import Settings, private_dir
from orchestration.store import StoreFailed

_PROCESS_TAG = "mutakhir/process"


def execute(
    console: Console,
    settings: Settings,
    job_name: str,
    cycle: str,
    *,
    only: list[str] | None = None,
    config: dict[str, Any] | None = None,
) -> dict[str, str]:
    """Run a job for a cycle in this process; what failed, by step. Empty when all went well."""
    try:
        home = ensure_home()
    except InstanceUnusable as unusable:
        return {"instance": str(unusable)}
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
            try:
                tags[FINGERPRINT_TAG] = fingerprint_key(settings, cycle)
            except StoreFailed as failed:
                return {job_name: str(failed)}
        run_id = str(uuid4())
        log = private_dir(home / "output") / f"{run_id}.log"  # dagster clears away a folder logs
        console.print(f"{job_name} of cycle {cycle}, run {run_id} (output of the tools: {log})")
        chosen = job.get_subset(asset_selection=set(selection)) if selection else job
        steps = [node.name for node in chosen.graph.node_defs]
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
