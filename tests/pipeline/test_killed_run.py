"""Two runs of one cycle at once, and a run that is killed in the middle of dbt."""

import dagster as dg
import pytest

from tests.pipeline.platform import Platform
from tests.pipeline.story import DECEMBER, NOVEMBER, Killed, Recovered

pytestmark = pytest.mark.pipeline


def test_a_second_run_is_refused_and_told_which_is_the_first(killed: Killed) -> None:
    assert killed.second.returncode == 1
    assert f"cycle {DECEMBER} is being worked on by run {killed.run_id}" in killed.second.stderr
    assert f"(process {killed.process_id}, since " in killed.second.stderr
    assert "built" not in killed.second.stdout and "raw__" not in killed.second.stdout


def test_what_is_published_survives_a_killed_run(killed: Killed) -> None:
    assert killed.published_after == killed.published_before
    assert (killed.verify.returncode, killed.verify.stderr) == (0, "")
    assert killed.status.returncode == 0
    lines = {line.split("│")[1].strip(): line for line in killed.status.stdout.splitlines() if line.startswith("│")}
    assert "r01 (newest)" in lines[NOVEMBER]
    assert [cell.strip() for cell in lines[DECEMBER].split("│")[2:5]] == ["complete", "", ""]


def test_the_next_run_succeeds(recovered: Recovered) -> None:
    assert (recovered.run.returncode, recovered.run.stderr) == (0, "")
    assert recovered.publish.returncode == 0


def test_the_killed_run_is_recorded_as_failed(platform: Platform, killed: Killed, recovered: Recovered) -> None:
    """It cannot say so itself; the refused one never became a run."""
    with platform.instance() as instance:
        runs = instance.get_runs(dg.RunsFilter(tags={"dagster/partition": DECEMBER}, job_name="update_cycle"))
        statuses = {run.run_id: run.status for run in runs}
        events = [entry.dagster_event for entry in instance.all_logs(killed.run_id)]
    assert statuses.pop(killed.run_id) is dg.DagsterRunStatus.FAILURE
    assert list(statuses.values()) == [dg.DagsterRunStatus.SUCCESS]
    assert events[-1] is not None and "the process died before the run ended" in str(events[-1].message)
