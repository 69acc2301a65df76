"""Assembly only: every asset, check, job, schedule and sensor of the platform, and the resources that they use."""

from typing import Any

import dagster as dg

from orchestration import automation, jobs
from orchestration.candidate import assets as candidate_assets
from orchestration.distribution import assets as distribution_assets
from orchestration.gates import assets as gate_assets
from orchestration.ingest import assets as ingest_assets
from orchestration.publish import assets as publish_assets
from orchestration.report import assets as report_assets
from orchestration.resources import locked_cycle
from orchestration.settings import Settings, private_by_default
from orchestration.warehouse import assets as warehouse_assets
from orchestration.warehouse.project import DBT, PROJECT, DbtCommand


def build_defs(*, settings: Settings | None = None, **resources: Any) -> dg.Definitions:
    """The code location. ``settings`` and ``resources`` replace the ones of the environment, for tests."""
    chosen = settings or Settings()
    assets = dg.load_assets_from_modules(
        [
            ingest_assets,
            warehouse_assets,
            candidate_assets,
            gate_assets,
            publish_assets,
            report_assets,
            distribution_assets,
        ],
        include_specs=True,
    )
    if not chosen.postgres_url:  # a database that nobody named is no part of publishing
        off = distribution_assets.postgres.key
        assets = [asset for asset in assets if not (isinstance(asset, dg.AssetsDefinition) and off in asset.keys)]
    return dg.Definitions(
        assets=assets,
        jobs=[jobs.update_cycle, jobs.publish],
        schedules=[automation.monthly_cycle],
        sensors=[automation.late_deliveries, automation.overdue_deliveries],
        resources={
            "settings": chosen,
            "cycle": locked_cycle(chosen),
            "dbt": DbtCommand(
                project_dir=str(PROJECT.project_dir), profiles_dir=str(PROJECT.project_dir), dbt_executable=DBT
            ),
            **resources,
        },
        executor=jobs.IN_PROCESS,
    )


private_by_default()  # of Dagster's own processes: this module is the first of ours that they load
defs = build_defs()
