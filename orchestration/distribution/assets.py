"""What leaves the house as assets: regency packages, which are made when they are asked for, and PostgreSQL's marts.

What packages hold and how they are made stands in packages.py, how PostgreSQL is filled in postgres.py.
"""

import dagster as dg

from orchestration.distribution.families import NotDistributed
from orchestration.distribution.keys import KeysUnfit
from orchestration.distribution.packages import make_packages
from orchestration.distribution.postgres import export
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


@dg.asset(
    key="postgres",
    deps=["release"],
    group_name="publish",
    partitions_def=CYCLES,
    description="The marts of every current release in PostgreSQL (where MUTAKHIR_POSTGRES_URL is set).",
    owners=["team:data-engineering"],
    kinds={"postgres"},
)
def postgres(settings: dg.ResourceParam[Settings], cycle: dg.ResourceParam[str]) -> dg.MaterializeResult[None]:
    """Load what PostgreSQL does not show yet. The release stands, whatever happens here."""
    assert settings.postgres_url is not None  # else the asset is not there (definitions.py)
    try:
        exported = export(settings, settings.postgres_url.get_secret_value(), settings.postgres_schema)
    except NotDistributed as refused:
        raise dg.Failure(
            description=f"released, but not loaded into PostgreSQL: {refused}. Then: mutakhir export postgres",
            allow_retries=False,
        ) from None
    return dg.MaterializeResult(
        metadata={
            "dagster/row_count": sum(exported.rows.values()),
            "releases": dict(exported.loaded),
            "schema": settings.postgres_schema,
        }
    )
