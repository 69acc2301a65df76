"""The one @dbt_assets: the cycle's database, models first and tests after; and what is shown of it elsewhere.

What a model says stands in dbt_project/; how the build file is prepared in build.py.
"""

import json
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import dagster as dg
from dagster_dbt import DbtCliInvocation, DbtCliResource, dbt_assets

from orchestration.contracts.sources import SOURCES
from orchestration.engine import engine
from orchestration.ingest.delivery import read_ingested
from orchestration.resources import CYCLES
from orchestration.settings import Settings
from orchestration.warehouse.build import BuildBusy, build_file, prepare_build
from orchestration.warehouse.dbt_results import write_test_results
from orchestration.warehouse.project import PROJECT, Translator, dbt_environment, ensure_manifest
from orchestration.warehouse.room import NoRoom, require_room
from orchestration.warehouse.spark import NoSpark, adopt_tables, prepare_spark, require_spark, spark_environment


@dbt_assets(
    name="warehouse",
    manifest=ensure_manifest(),
    project=PROJECT,
    partitions_def=CYCLES,
    dagster_dbt_translator=Translator(),
)
def warehouse(
    context: dg.AssetExecutionContext,
    dbt: DbtCliResource,
    settings: dg.ResourceParam[Settings],
    cycle: dg.ResourceParam[str],
) -> Iterator[Any]:
    """Build the cycle whole: every model before any test, so that a failing test never hides the candidate."""
    path = build_file(settings, cycle)
    ingested = {name: read_ingested(settings, cycle, name) for name in SOURCES}
    on_spark = settings.engine == "spark"
    try:
        if on_spark:
            require_spark()
        require_room(settings, cycle, ingested.values())
        prepare_build(settings, cycle, context.run.run_id, ingested)
    except (BuildBusy, NoRoom, NoSpark) as refused:
        raise dg.Failure(description=str(refused), allow_retries=False) from refused
    if on_spark:
        prepare_spark(settings, cycle, ingested)
        os.environ.update(spark_environment(settings, cycle, ingested.values()))
    os.environ.update(dbt_environment(settings, path))
    context.log.info(f"the engine is {settings.engine}")

    models = dbt.cli(
        [
            "build",
            "--target",
            settings.engine,
            "--exclude-resource-type",
            "test",
            "--exclude-resource-type",
            "unit_test",
        ],  # fmt: skip
        context=context,
        target_path=_target(settings, cycle, "models"),
    )
    events = list(_told(context, models))
    row_counts = adopt_tables(settings, cycle) if on_spark else _row_counts(settings, path)
    tests = dbt.cli(  # starts while Dagster notes what was built
        ["test", "--target", settings.engine, "--exclude-resource-type", "unit_test"],
        context=context,
        target_path=_target(settings, cycle, "tests"),
        raise_on_error=False,
    )
    for event in events:
        yield _with_row_count(event, row_counts, settings.engine)

    yield from _told(context, tests)
    statuses = write_test_results(
        settings, cycle, context.run.run_id, tests.get_artifact("manifest.json"), tests.get_artifact("run_results.json")
    )
    context.log.info(f"data tests: {statuses}")


def _target(settings: Settings, cycle: str, step: str) -> Path:
    """Where dbt leaves its artifacts: beside the build, so that runs of two cycles do not meet."""
    return settings.build / f"{cycle}.dbt" / step


def _told(context: dg.AssetExecutionContext, invocation: DbtCliInvocation) -> Iterator[Any]:
    """The events of a dbt command, with a line of progress for each model."""
    for event in invocation.stream():
        if isinstance(event, dg.Output | dg.AssetMaterialization):
            context.log.info(f"built {_model(event)}")
        yield event


def _row_counts(settings: Settings, path: Path) -> dict[str, int]:
    """Rows of every table that the models made, by name, from the catalogue; views have none."""
    tables = "SELECT table_name, estimated_size FROM duckdb_tables() WHERE schema_name NOT IN ('raw', 'released')"
    with engine(settings, path, read_only=True) as connection:
        return dict(connection.execute(tables).fetchall())


def _with_row_count(event: Any, row_counts: dict[str, int], engine_name: str) -> Any:
    if not isinstance(event, dg.Output):
        return event
    counted = {"dagster/row_count": row_counts[_model(event)]} if _model(event) in row_counts else {}
    return event.with_metadata({**event.metadata, **counted, "engine": engine_name})


def _model(event: dg.Output[Any] | dg.AssetMaterialization) -> str:
    return str(event.metadata["unique_id"].value).rsplit(".", 1)[-1]


def _dashboards() -> list[dg.AssetSpec]:
    """dbt's exposures of type dashboard, where lineage ends; the platform makes none of them (dashboards/)."""
    manifest = json.loads(ensure_manifest().read_bytes())
    return [
        dg.AssetSpec(
            ["dashboards", exposure["name"].removesuffix("_dashboard")],
            deps=[
                dg.AssetKey([node["schema"], node["name"]])
                for node in map(manifest["nodes"].get, exposure["depends_on"]["nodes"])
            ]
            + [dg.AssetKey(name) for name in exposure["meta"].get("assets", [])],  # marts that no model makes
            group_name="dashboards",
            description=exposure["description"],
            metadata={"url": dg.MetadataValue.url(exposure["url"]), "shown to": exposure["owner"]["name"]},
            owners=["team:data-engineering"],
            kinds={"superset"},
        )
        for exposure in manifest["exposures"].values()
        if exposure["type"] == "dashboard"
    ]


dashboards = _dashboards()
