"""The candidate as an asset: what would be published, written from this run's build; the gates seal it.

What it holds stands in datasets.py, how it is written in write.py.
"""

import dagster as dg

from orchestration.candidate.write import BuildOfAnotherRun, BuildUnfit, write_candidate
from orchestration.resources import CYCLES
from orchestration.settings import Settings


@dg.asset(
    key="candidate",
    deps=[
        dg.AssetKey(["lists", "decisions"]),
        dg.AssetKey(["lists", "waiting_list"]),
        dg.AssetKey(["lists", "next_list"]),
        dg.AssetKey(["lists", "decision_evidence"]),
        *(
            dg.AssetKey(["marts", mart])
            for mart in (
                "cycle_funnel",
                "removal_reasons",
                "decile_coverage",
                "targeting_accuracy",
                "delivery_quality",
                "verification_progress",
                "list_drift",
                "dim_area",
                "dim_programme",
                "dim_criterion",
                "dim_cycle",
            )
        ),
    ],
    group_name="candidate",
    partitions_def=CYCLES,
    description="What would be published: decisions, waiting list, next list, evidence and marts, not yet sealed.",
    owners=["team:data-engineering"],
    kinds={"parquet"},
)
def candidate(
    context: dg.AssetExecutionContext, settings: dg.ResourceParam[Settings], cycle: dg.ResourceParam[str]
) -> dg.MaterializeResult[None]:
    """Write candidates/<cycle>; refuse a build that another run made."""
    try:
        written = write_candidate(settings, cycle, context.run.run_id)
    except (BuildOfAnotherRun, BuildUnfit) as refused:
        raise dg.Failure(description=str(refused), allow_retries=False) from refused
    return dg.MaterializeResult(
        metadata={
            "dagster/row_count": written.rows["decisions"],
            "rows": dict(written.rows),
            "engine": settings.engine,
            "folder": dg.MetadataValue.path(str(written.folder)),
        }
    )
