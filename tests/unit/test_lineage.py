"""Lineage in Dagster from landing to dashboards. What a single asset does is tested where it is made."""

import json
import re

import dagster as dg
import yaml

from orchestration.definitions import defs
from orchestration.settings import PROJECT_ROOT
from orchestration.warehouse.project import ensure_manifest


def test_lineage_ends_at_the_dashboards_that_dbt_names() -> None:
    graph = defs.resolve_asset_graph()
    manifest = json.loads(ensure_manifest().read_bytes())
    named = {e["name"]: e for e in manifest["exposures"].values() if e["type"] == "dashboard"}
    assert len(named) == 4
    for name, exposure in named.items():
        shown = graph.get(dg.AssetKey(["dashboards", name.removesuffix("_dashboard")]))
        marts = {dg.AssetKey(["marts", node.rsplit(".", 1)[-1]]) for node in exposure["depends_on"]["nodes"]}
        assert shown.is_external
        assert shown.parent_keys - {dg.AssetKey("gate_verdict")} == marts
        assert shown.metadata["url"].value == exposure["url"]
    assert not [key for key in graph.get_all_asset_keys() if key.path[0] == "landing" and graph.get(key).parent_keys]


def test_a_dashboard_comes_after_every_mart_that_its_datasets_read() -> None:
    bundle = PROJECT_ROOT / "dashboards" / "bundle"
    datasets = [yaml.safe_load(path.read_text()) for path in bundle.glob("datasets/*/*.yaml")]
    read = {
        dataset["uuid"]: set(re.findall(r"(?:from|join) ([a-z_]+)", dataset.get("sql") or "")) - {"mart"}
        or {dataset["table_name"]}
        for dataset in datasets
    }
    charts = [yaml.safe_load(path.read_text()) for path in bundle.glob("charts/*.yaml")]
    of_chart = {chart["uuid"]: read[chart["dataset_uuid"]] for chart in charts}
    dashboards = sorted(bundle.glob("dashboards/*.yaml"))
    assert len(dashboards) == 4
    for path in dashboards:
        cells = [cell for cell in yaml.safe_load(path.read_text())["position"].values() if isinstance(cell, dict)]
        marts = set().union(*(of_chart[cell["meta"]["uuid"]] for cell in cells if cell.get("type") == "CHART"))
        keys = {dg.AssetKey("gate_verdict" if mart == "gate_results" else ["marts", mart]) for mart in marts}
        assert defs.resolve_asset_graph().get(dg.AssetKey(["dashboards", path.stem])).parent_keys == keys, path.stem
