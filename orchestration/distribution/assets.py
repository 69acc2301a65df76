"""The regency packages of a release as an asset, to be materialised when they are asked for; no job includes it.

What they hold and how they are made stands in packages.py.
"""

import dagster as dg

from orchestration.distribution.families import NotDistributed
from orchestration.distribution.keys import KeysUnfit
from orchestration.distribution.packages import make_packages
from orchestration.locks import CycleLocked
from orchestration.resources import CYCLES
from orchestration.settings import Settings


class PackagesConfig(dg.Config):
    """For which regencies, by code; for all of the release where none is named."""

    regencies: list[str] = []


@dg.asset(
    key="packages",
    deps=["release"],
    group_name="distribution",
    partitions_def=CYCLES,
    description="Lists and work list of each regency that has a key, encrypted to it (age); on request.",
    owners=["team:data-engineering"],
    kinds={"excel", "parquet"},
)
def packages(
    context: dg.AssetExecutionContext, config: PackagesConfig, settings: dg.ResourceParam[Settings]
) -> dg.MaterializeResult[None]:
    """Make the packages; fail, after the others are made, when a regency has no key.

    The lock on the cycle is taken by what reads the build, not for the whole run: hence no resource ``cycle``.
    """
    try:
        made = make_packages(settings, context.partition_key, config.regencies)
    except (NotDistributed, KeysUnfit, CycleLocked) as refused:
        raise dg.Failure(description=str(refused), allow_retries=False) from refused
    if made.without_key:
        codes = ", ".join(made.without_key)
        raise dg.Failure(
            description=f"{len(made.made)} packages are made; no key in {settings.regency_keys} for {codes}",
            allow_retries=False,
        )
    return dg.MaterializeResult(
        metadata={"packages": len(made.made), "folder": dg.MetadataValue.path(str(made.folder))}
    )
