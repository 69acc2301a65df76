"""The cycle report as assets: of the candidate once its gates are judged, of the release once it is published.

What the page shows stands in content.py, how it is made in page.py. A report that cannot be made is a failed asset; the
candidate is sealed and the release current by then, and neither waits for it.
"""

import dagster as dg

from orchestration.publish.sealed import PublishRefused
from orchestration.released import ReleaseIndexDamaged, current_release
from orchestration.report.editions import NothingToReport
from orchestration.report.page import write_report
from orchestration.resources import CYCLES
from orchestration.settings import Settings

LAST = {"dagster/priority": "-1"}
"""Among the steps that may begin, one with a lower priority waits for the others (the runs work in one process)."""


@dg.asset(
    key="cycle_report",
    deps=["candidate"],  # not gate_verdict, or a cycle that its gates block would have none: it is LAST instead
    group_name="report",
    partitions_def=CYCLES,
    op_tags=LAST,
    description="The page for the meeting that decides, of the candidate, passed or blocked: reports/<cycle>/.",
    owners=["team:data-engineering"],
    kinds={"html"},
)
def cycle_report(
    context: dg.AssetExecutionContext, settings: dg.ResourceParam[Settings], cycle: dg.ResourceParam[str]
) -> dg.MaterializeResult[None]:
    """Report the candidate that the gates have just sealed."""
    return _written(settings, cycle, None)


@dg.asset(
    key="release_report",
    deps=["release"],
    group_name="report",
    partitions_def=CYCLES,
    description="The same page of the cycle's current release, with its signatures, under its number.",
    owners=["team:data-engineering"],
    kinds={"html"},
)
def release_report(
    context: dg.AssetExecutionContext, settings: dg.ResourceParam[Settings], cycle: dg.ResourceParam[str]
) -> dg.MaterializeResult[None]:
    """Report what was published."""
    released = current_release(settings, cycle)
    if released is None:
        raise dg.Failure(description=f"cycle {cycle} has no release", allow_retries=False)
    return _written(settings, cycle, released.name)


def _written(settings: Settings, cycle: str, release: str | None) -> dg.MaterializeResult[None]:
    try:
        path = write_report(settings, cycle, release)
    except (NothingToReport, PublishRefused, ReleaseIndexDamaged) as refused:
        raise dg.Failure(description=f"no report was made: {refused}", allow_retries=False) from refused
    return dg.MaterializeResult(
        metadata={
            "report": dg.MetadataValue.url(path.as_uri()),
            "path": dg.MetadataValue.path(str(path)),
            "bytes": path.stat().st_size,
        }
    )
