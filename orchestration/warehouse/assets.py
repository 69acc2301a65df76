"""The one @dbt_assets: the cycle's database, models first and tests after; and what is shown of it elsewhere.

What a model says stands in dbt_project/; how the build file is prepared in build.py.
"""

import json
import os
from collections.abc import Iterator
from itertools import chain
from typing import Any

import dagster as dg
from dagster_dbt import DbtCliInvocation, DbtCliResource, dbt_assets

from orchestration.contracts.sources import SOURCES
from orchestration.ingest.delivery import read_ingested
from orchestration.resources import CYCLES
from orchestration.settings import Settings, private_dir
from orchestration.warehouse.build import BuildBusy, build_file, prepare_build
from orchestration.warehouse.dbt_results import read_row_counts, write_test_results
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
    target = private_dir(settings.build / f"{cycle}.dbt")  # beside the build, so that runs of two cycles do not meet
    counted = target / "row_counts.json"
    counted.unlink(missing_ok=True)
    os.environ.update({**dbt_environment(settings, path), "MUTAKHIR_ROW_COUNTS": str(counted)})
    context.log.info(f"the engine is {settings.engine}")

    built = dbt.cli(["build", "--target", settings.engine], context=context, target_path=target, raise_on_error=False)
    models, tests = _models_and_tests(_told(context, built))
    if on_spark:  # which leaves the build file to us only when it has ended
        tests = iter(list(tests))
    _raise_if_failed(built)
    row_counts = adopt_tables(settings, cycle) if on_spark else read_row_counts(counted)
    for event in models:
        yield _with_row_count(event, row_counts, settings.engine)
    yield from tests  # which run while Dagster notes what was built
    _raise_if_failed(built)
    statuses = write_test_results(settings, cycle, context.run.run_id, target / "tests")
    context.log.info(f"data tests: {statuses}")


def _models_and_tests(events: Iterator[Any]) -> tuple[list[Any], Iterator[Any]]:
    """The events of all models, when the last is built, and those of the tests, which are still to come."""
    models: list[Any] = []
    for event in events:
        if not isinstance(event, dg.Output):
            return models, chain([event], events)
        models.append(event)
    return models, iter(())


def _raise_if_failed(invocation: DbtCliInvocation) -> None:
    if invocation.process.returncode and (error := invocation.get_error()):
        raise error


def _told(context: dg.AssetExecutionContext, invocation: DbtCliInvocation) -> Iterator[Any]:
    """The events of dbt, with a line of progress for each model."""
    for event in invocation.stream():
        if isinstance(event, dg.Output):
            context.log.info(f"built {_model(event)}")
        yield event


def _with_row_count(event: dg.Output[Any], row_counts: dict[str, int], engine_name: str) -> dg.Output[Any]:
    counted = {"dagster/row_count": row_counts[_model(event)]} if _model(event) in row_counts else {}
    return event.with_metadata({**event.metadata, **counted, "engine": engine_name})


def _model(event: dg.Output[Any]) -> str:
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
