"""The release as an asset: the verdict and the sign-offs again, whoever starts it, then the release and the BI file.

How a release is written stands in release.py.
"""

import dagster as dg

from orchestration.gates.evidence import evaluate_candidate
from orchestration.publish.release import publish
from orchestration.publish.sealed import PublishRefused
from orchestration.resources import CYCLES
from orchestration.settings import Settings


class PublishConfig(dg.Config):
    """Why a cycle that was released already is released again; not needed for its first release."""

    reason: str | None = None


@dg.asset(
    key="release",
    deps=["gate_verdict"],
    group_name="publish",
    partitions_def=CYCLES,
    description="The cycle's current release and bi/marts.duckdb, by atomic renames, if the verdict passes again.",
    owners=["team:data-engineering"],
    kinds={"parquet", "duckdb"},
)
def release(
    context: dg.AssetExecutionContext,
    config: PublishConfig,
    settings: dg.ResourceParam[Settings],
    cycle: dg.ResourceParam[str],
) -> dg.MaterializeResult[None]:
    """Publish the cycle's sealed candidate, or say why not."""
    try:
        published = publish(settings, cycle, config.reason, evaluate=evaluate_candidate)
    except PublishRefused as refused:
        raise dg.Failure(description=f"not published: {refused}", allow_retries=False) from refused
    return dg.MaterializeResult(
        metadata={
            "release": published.release,
            "outcome": published.outcome,
            "manifest_sha256": published.manifest_sha256,
            "folder": dg.MetadataValue.path(str(published.folder)),
            "manifest": dg.MetadataValue.path(str(published.folder / "manifest.json")),
            "reports": dg.MetadataValue.path(str(settings.reports / cycle)),
            "bi": dg.MetadataValue.path(str(settings.bi / "marts.duckdb")),
            **({"store": settings.publish_url} if settings.publish_url else {}),
        }
    )
