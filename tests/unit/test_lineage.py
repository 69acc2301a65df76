"""Lineage in Dagster from landing to dashboards. What a single asset does is tested where it is made."""

import json

import dagster as dg

from orchestration.definitions import defs
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
        assert shown.parent_keys == marts
        assert shown.metadata["url"].value == exposure["url"]
    assert not [key for key in graph.get_all_asset_keys() if key.path[0] == "landing" and graph.get(key).parent_keys]
