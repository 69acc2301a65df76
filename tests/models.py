"""The dbt models on an in-memory DuckDB, without files, ingestion or Dagster: a whole registry in about a second.

For tests of the rules over many small registries. dbt compiles the models once; their SQL is what a cycle runs.
"""

import csv
import graphlib
import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa

from orchestration.contracts.code_lists import areas, villages
from orchestration.contracts.sources import SOURCES
from orchestration.settings import DBT_PROJECT_DIR, SEEDS_DIR
from tests.deliveries import Row

DATA_SETS = {
    "decisions": "lists.decisions",
    "waiting_list": "lists.waiting_list",
    "next_list": "lists.next_list",
    "evidence": "lists.decision_evidence",
}
LEVELS = {2: "province", 4: "regency", 6: "district", 10: "village"}


class Models:
    """Compiled models, in the order in which they build."""

    def __init__(self, target: Path, engine: str = "duckdb") -> None:
        """Compile the project into ``target``, for an engine."""
        environment = {**os.environ, "MUTAKHIR_BUILD_FILE": ":memory:", "DO_NOT_TRACK": "1"}
        command = [Path(sys.executable).with_name("dbt"), "--quiet", "compile", "--target-path", str(target)]
        folders = ["--project-dir", str(DBT_PROJECT_DIR), "--profiles-dir", str(DBT_PROJECT_DIR)]
        unconnected = ["--target", engine, "--no-populate-cache", "--no-introspect"]
        subprocess.run([*command, *folders, *unconnected], env=environment, check=True)
        nodes: dict[str, Any] = json.loads((target / "manifest.json").read_text())["nodes"]
        self._models = {key: node for key, node in nodes.items() if node["resource_type"] == "model"}
        self._seeds = [node for node in nodes.values() if node["resource_type"] == "seed"]
        graph = {key: set(node["depends_on"]["nodes"]) & set(self._models) for key, node in self._models.items()}
        self._order = list(graphlib.TopologicalSorter(graph).static_order())
        self._areas = pa.table(
            {
                "area_code": (reference := list({**areas(), **villages()})),
                "area_level": [LEVELS[len(code)] for code in reference],
                "name": reference,
            }
        )

    def statements(self) -> Iterator[tuple[str, str, str]]:
        """Name, relation and SQL of every model, in the order in which they build."""
        for node in map(self._models.__getitem__, self._order):
            yield node["name"], node["relation_name"], node["compiled_code"]

    def run(
        self, rows: Iterable[Row], cycle: str, before: Callable[[duckdb.DuckDBPyConnection], None] | None = None
    ) -> duckdb.DuckDBPyConnection:
        """Build every model from delivered rows, whose tables ``before`` may change; the connection holds all."""
        connection = duckdb.connect(config={"threads": 2})
        connection.execute("attach ':memory:' as build; use build")
        for schema in ("raw", "reference", "released"):
            connection.execute(f"create schema {schema}")
        self._load_rows(connection, list(rows), cycle)
        if before:
            before(connection)
        self.build(connection)
        return connection

    def build(self, connection: duckdb.DuckDBPyConnection, run: Callable[[str, str], object] | None = None) -> None:
        """Seeds and every model over what is delivered there; ``run``, if given, runs each model's statement."""
        for schema in sorted({"rules", *(node["schema"] for node in self._models.values())}):
            connection.execute(f"create schema {schema}")
        self._load_seeds(connection)
        for key in self._order:
            node = self._models[key]
            kind = "view" if node["config"]["materialized"] == "view" else "table"
            statement = f"create {kind} {node['relation_name']} as {node['compiled_code']}"
            if run:
                run(node["name"], statement)
            else:
                connection.execute(statement)

    def _load_seeds(self, connection: duckdb.DuckDBPyConnection) -> None:
        for node in self._seeds:
            with (SEEDS_DIR / f"{node['name']}.csv").open(encoding="utf-8", newline="") as file:
                records = [{k: v or None for k, v in record.items()} for record in csv.DictReader(file)]
            types = node["config"]["column_types"]
            table = pa.Table.from_pylist(records, schema=pa.schema([(column, pa.string()) for column in records[0]]))
            connection.register("seed", table)
            columns = ", ".join(f"cast({name} as {types.get(name, 'varchar')}) as {name}" for name in records[0])
            connection.execute(f"create table {node['relation_name']} as select {columns} from seed")
            connection.unregister("seed")

    def _load_rows(self, connection: duckdb.DuckDBPyConnection, rows: list[Row], cycle: str) -> None:
        connection.execute(
            "create table raw.cycle as select ? as cycle, cast(? as date) as first_day", [cycle, f"{cycle}-01"]
        )
        connection.register("area_rows", self._areas)
        connection.execute("create table reference.areas as select * from area_rows")
        connection.execute("create table released.cycle (cycle varchar, families bigint)")
        connection.execute(
            "create table released.next_list"
            " (programme varchar, family_id varchar, status varchar, village_code varchar)"
        )
        keys = sorted({(row.source, row.cycle, row.path.encode()) for row in rows})
        ids = {key: number for number, key in enumerate(keys, start=1)}
        comma = {(row.source, row.cycle, row.path.encode()): row.decimal_comma for row in rows}
        files = [
            {"file_id": ids[key], "source": key[0], "delivery_cycle": key[1], "delivery_digest": f"digest {ids[key]}",
             "path": key[2].decode(), "decimal_comma": comma[key]}
            for key in keys
        ]  # fmt: skip
        schema = pa.schema(
            [("file_id", pa.int32()), ("source", pa.string()), ("delivery_cycle", pa.string()),
             ("delivery_digest", pa.string()), ("path", pa.string()), ("decimal_comma", pa.bool_())]
        )  # fmt: skip
        _create(connection, "raw.files", pa.Table.from_pylist(files, schema=schema))
        for name, source in SOURCES.items():
            lookback = source.earlier_cycles
            records = [
                {"file_id": ids[row.source, row.cycle, row.path.encode()], "row_number": row.number,
                 "unparsable": "a record" if row.unparsable else None, **row.values}
                for row in rows
                if row.source == name and row.cycle in _counting(cycle, lookback, row.cycle)
            ]  # fmt: skip
            columns = [("file_id", pa.int32()), ("row_number", pa.int64()), ("unparsable", pa.string())]
            fields = pa.schema([*columns, *((column, pa.string()) for column in source.column_names)])
            _create(connection, f"raw.{name}", pa.Table.from_pylist(records, schema=fields))
        connection.execute("create table raw.dtsen_keluarga_before as from raw.dtsen_keluarga limit 0")


def _create(connection: duckdb.DuckDBPyConnection, name: str, table: pa.Table) -> None:
    connection.register("arrow_rows", table)
    connection.execute(f"create table {name} as select * from arrow_rows")
    connection.unregister("arrow_rows")


def _counting(cycle: str, lookback: int | None, delivered: str) -> set[str]:
    """The delivery's own cycle, when it is near enough to count; lookback None counts every earlier cycle."""
    months = lambda key: int(key[:4]) * 12 + int(key[5:])  # noqa: E731
    back = months(cycle) - months(delivered)
    return {delivered} if back == 0 or (back > 0 and (lookback is None or back <= lookback)) else set()


def tables(connection: duckdb.DuckDBPyConnection) -> dict[str, list[dict[str, Any]]]:
    """The release's data sets as rows; helper columns included."""
    found = {}
    for name, relation in DATA_SETS.items():
        cursor = connection.execute(f"select * from {relation}")
        columns = [column[0] for column in cursor.description or []]
        found[name] = [dict(zip(columns, row, strict=True)) for row in cursor.fetchall()]
    return found
