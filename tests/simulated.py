"""Helpers of the simulation's tests: deliver into a lake, and query what was delivered."""

import hashlib
from collections.abc import Sequence
from pathlib import Path

import duckdb

from simulation import plan
from simulation.clock import Month
from simulation.defects.catalogue import asked
from simulation.deliveries import SENDERS
from simulation.nation import simulate

NOVEMBER = Month.parse("2025-11")


def deliver(
    lake: Path,
    families: int,
    *,
    cycle: Month = NOVEMBER,
    seed: int = 1,
    clean: bool = False,
    defects: Sequence[str] = (),
    kind: str = "parquet",
) -> Path:
    simulate(plan.Plan(families, cycle, seed, clean, tuple(map(asked, defects))), lake, kind, lambda *_: None)
    return lake


def views(lake: Path, cycle: str = "2025-11", kind: str = "parquet") -> duckdb.DuckDBPyConnection:
    connection = duckdb.connect()
    for source in SENDERS:
        files = f"{lake}/landing/{cycle}/{source}/**/*.{kind}"
        reader = "read_parquet" if kind == "parquet" else "read_csv"
        option = "" if kind == "parquet" else ", all_varchar=true"
        connection.execute(f"CREATE VIEW {source} AS SELECT * FROM {reader}('{files}'{option})")
    return connection


def number(connection: duckdb.DuckDBPyConnection, query: str) -> float:
    row = connection.execute(query).fetchone()
    assert row is not None
    return float(row[0])


def digests(lake: Path) -> dict[str, str]:
    files = (path for path in sorted((lake / "landing").rglob("*")) if path.is_file())
    return {str(path.relative_to(lake)): hashlib.sha256(path.read_bytes()).hexdigest() for path in files}
