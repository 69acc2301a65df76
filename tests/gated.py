"""A cycle judged without Dagster, dbt or Great Expectations: real ingestion, the compiled models, the limits in force.

Seconds instead of minutes, for tests that need many cycles. What the tools make of the same values is for real runs.
"""

import json
from pathlib import Path

import duckdb

from orchestration.contracts.sources import SOURCES
from orchestration.gates.limits import limits_in_force
from orchestration.gates.verdict import GateLimit
from orchestration.ingest.delivery import DeliveryRefused, ingest_source
from orchestration.settings import Settings
from orchestration.warehouse.build import build_file, prepare_build
from tests.models import Models

#: Gates that say nothing here: data tests, which are dbt's.
NOT_JUDGED = {"dbt_tests"}


def failing(settings: Settings, cycle: str, models: Models) -> set[str]:
    """Ingest and build the cycle; the gates whose value is outside its limits, or delivery_intact."""
    ingested = {}
    for source in SOURCES:
        try:
            ingested[source] = ingest_source(settings, cycle, source)
        except DeliveryRefused:
            return {"delivery_intact"}
    prepare_build(settings, cycle, "a test", ingested)
    with duckdb.connect(config={"threads": 2}) as connection:
        connection.execute(f"ATTACH '{build_file(settings, cycle)}' AS build; USE build")
        models.build(connection)
        found = {
            gate: (float(value), float(value))
            for gate, value in connection.execute("SELECT gate, value FROM gates.gate_values").fetchall()
        }
        for table, key, column in (
            ("evidence_sources", "'rejected_share_' || source", "rejected_share"),
            ("evidence_regencies", "'removal_rate_regency'", "removal_rate"),
            ("evidence_deciles", "'decile_balance'", "share"),
        ):
            query = f"SELECT {key}, min({column}), max({column}) FROM gates.{table} GROUP BY 1"
            found |= {gate: (float(low), float(high)) for gate, low, high in connection.execute(query).fetchall()}
    for source, one in ingested.items():
        share = one.contract.worst.share if one.contract else 0.0
        found[f"contract_{source}"] = (share, share)
    found.setdefault("removal_rate_regency", (0.0, 0.0))  # no regency is large enough to be judged
    found["delivery_intact"] = (0.0, 0.0)
    limits = [limit for limit in limits_in_force(cycle) if limit.gate not in NOT_JUDGED]
    assert {limit.gate for limit in limits} <= found.keys()
    return {limit.gate for limit in limits if not _within(limit, *found[limit.gate])}


def _within(limit: GateLimit, low: float, high: float) -> bool:
    return (limit.lower is None or low >= limit.lower) and (limit.upper is None or high <= limit.upper)


def release(settings: Settings, cycle: str) -> None:
    """Make a release of the cycle's build as far as the next cycle reads one: next list and counted families."""
    folder = settings.releases / cycle / "r01"
    (folder / "marts").mkdir(parents=True)
    (folder / "manifest.json").write_text("{}", "utf-8")
    with duckdb.connect() as connection:
        connection.execute(f"ATTACH '{build_file(settings, cycle)}' AS build (READ_ONLY); USE build")
        for mart in ("dim_cycle", "cycle_funnel"):
            connection.execute(f"COPY marts.{mart} TO '{folder}/marts/{mart}.parquet' (FORMAT parquet)")
        for (programme,) in connection.execute("SELECT DISTINCT programme FROM lists.next_list").fetchall():
            target = folder / "next_list" / f"programme={programme}"
            target.mkdir(parents=True)
            rows = f"SELECT * EXCLUDE (programme, regency_code) FROM lists.next_list WHERE programme = '{programme}'"
            connection.execute(f"COPY ({rows} ORDER BY family_id) TO '{target}/part-0.parquet' (FORMAT parquet)")
    known = {"release": "r01", "manifest_sha256": "0" * 64}
    cycles = {path.name: known for path in settings.releases.iterdir() if path.is_dir()}
    (settings.releases / "current.json").write_text(json.dumps({"newest": cycle, "cycles": cycles}), "utf-8")


def copied(lake: Path, to: Path) -> Settings:
    """Another lake with the same landing zone, raw files and releases, as links."""
    for path in lake.rglob("*"):
        target = to / path.relative_to(lake)
        if path.is_dir():
            target.mkdir(mode=0o700, parents=True, exist_ok=True)
        elif path.relative_to(lake).parts[0] != "build":
            target.hardlink_to(path)
    return Settings(lake=to)
