"""The jobs: what runs together. When they run stands in automation.py.

Every step of a run works in one process, which holds the lock on the cycle.
"""

import dagster as dg

from orchestration.hooks import alert_on_failure, alert_on_warnings

IN_PROCESS = dg.in_process_executor

update_cycle = dg.define_asset_job(
    "update_cycle",
    selection=dg.AssetSelection.all()
    - dg.AssetSelection.groups("publish", "distribution")
    - dg.AssetSelection.assets("release_report"),
    executor_def=IN_PROCESS,
    description="Deliveries to gates: ingest, build, candidate, verdict, report. A blocking gate still leaves both.",
    tags={"mutakhir/step": "update"},
    hooks={alert_on_failure, alert_on_warnings},
)

publish = dg.define_asset_job(
    "publish",
    selection=dg.AssetSelection.groups("publish") | dg.AssetSelection.assets("release_report"),
    executor_def=IN_PROCESS,
    description="Verdict and sign-offs again, then the release, the BI file and the release's report.",
    tags={"mutakhir/step": "publish"},
)
