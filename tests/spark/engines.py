"""The same models on both engines over the same rows, and every difference: by table, column and row.

Only what the models say is compared here; how Spark reads delivered files and stores tables, in test_cycle.py.
"""

import json
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import duckdb

from tests.deliveries import Row
from tests.models import Models

SESSION = {
    "spark.master": "local[2]",
    "spark.driver.memory": "1500m",
    "spark.sql.shuffle.partitions": "2",  # of sixty families
    "spark.sql.catalogImplementation": "in-memory",
    "spark.sql.session.timeZone": "UTC",
    "spark.sql.caseSensitive": "true",
    "spark.ui.enabled": "false",
    "spark.ui.showConsoleProgress": "false",
    "spark.driver.host": "127.0.0.1",
    "spark.driver.bindAddress": "127.0.0.1",
    "spark.log.level": "ERROR",
}
"""As in dbt_project/profiles.yml, but for a registry that fits a page."""
SHOWN = 5


@contextmanager
def session(folder: Path) -> Iterator[Any]:
    """A Spark that leaves nothing outside the folder."""
    from pyspark.sql import SparkSession

    own = {"spark.sql.warehouse.dir": str(folder / "warehouse"), "spark.local.dir": str(folder)}
    spark = SparkSession.builder.config(map=SESSION | own).getOrCreate()
    try:
        yield spark
    finally:
        spark.stop()


class BothEngines:
    """The models compiled for DuckDB and for Spark."""

    def __init__(self, spark: Any, folder: Path) -> None:
        """``folder`` holds what is compiled and what Spark writes."""
        self._spark, self._folder, self._runs = spark, folder, 0
        self._on_duckdb = Models(folder / "duckdb")
        self._on_spark = Models(folder / "spark", "spark")

    def run(self, rows: Iterable[Row], cycle: str) -> duckdb.DuckDBPyConnection:
        """Build on both: DuckDB's tables are in the database build, Spark's are views in the database spark."""
        connection = self._on_duckdb.run(rows, cycle)
        self._runs += 1
        folder = self._folder / f"run-{self._runs}"
        connection.execute("attach ':memory:' as spark")
        self._hand_over(connection, folder / "delivered")
        for name, relation, code in self._on_spark.statements():
            schema = relation.partition(".")[0]
            self._spark.sql(f"create schema if not exists {schema}")
            self._spark.sql(f"drop table if exists {relation}")
            self._spark.sql(f"create table {relation} using parquet location '{folder / schema / name}' as {code}")
            connection.execute(f"create schema if not exists spark.{schema}")
            connection.execute(
                f"create view spark.{relation} as from read_parquet('{folder / schema / name}/*.parquet')"
            )
        return connection

    def _hand_over(self, connection: duckdb.DuckDBPyConnection, folder: Path) -> None:
        """What was delivered, the reference and the seeds, as Spark's views."""
        folder.mkdir(parents=True)
        tables = connection.execute(
            "select schema_name, table_name from duckdb_tables()"
            " where database_name = 'build' and schema_name in ('raw', 'reference', 'released', 'rules')"
        ).fetchall()
        for schema, table in tables:
            path = folder / f"{schema}.{table}.parquet"
            connection.execute(f"copy build.{schema}.{table} to '{path}' (format parquet)")
            self._spark.sql(f"create schema if not exists {schema}")
            self._spark.sql(f"create or replace view {schema}.{table} as select * from parquet.`{path}`")


def differences(connection: duckdb.DuckDBPyConnection, one: str = "build", other: str = "spark") -> list[str]:
    """Every table of database ``other`` that is not as in ``one``: which columns, and of some rows which values."""
    tables = connection.execute(
        "select schema_name || '.' || view_name from duckdb_views()"
        " where database_name = ? and not internal order by 1", [other]
    ).fetchall()  # fmt: skip
    return [line for (table,) in tables for line in _of_table(connection, table, one, other)]


def _of_table(connection: duckdb.DuckDBPyConnection, table: str, one: str, other: str) -> Iterator[str]:
    columns, others = (
        [name for name, *_ in connection.execute(f"describe {database}.{table}").fetchall()]
        for database in (one, other)
    )
    if columns != others:
        yield f"{table}: columns {columns} in {one}, {others} in {other}"
        return
    texts = ", ".join(f'cast("{name}" as varchar) as "{name}"' for name in columns)
    sides = [
        connection.execute(
            f"select {texts} from {here}.{table} except all select {texts} from {there}.{table} order by all"
        ).fetchall()
        for here, there in ((one, other), (other, one))
    ]
    if any(sides):
        differing = [
            name
            for at, name in enumerate(columns)
            if sorted(str(row[at]) for row in sides[0]) != sorted(str(row[at]) for row in sides[1])
        ]
        yield f"{table}: {len(sides[0])} and {len(sides[1])} rows differ, in {', '.join(differing) or 'their pairing'}"
        for database, rows in ((one, sides[0]), (other, sides[1])):
            for row in rows[:SHOWN]:
                yield f"    {database}: {json.dumps(dict(zip(columns, row, strict=True)))}"
