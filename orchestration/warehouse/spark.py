"""The seam to Spark: what it needs before dbt runs, and its tables as those of the build file afterwards.

Candidate, gates and all that follow read the build file and do not know who computed it. Where Spark looks and writes
stands in dbt_project/macros/spark.sql; how its session is set up, in profiles.yml. Starts no Spark itself.
"""

import os
import re
import shutil
import subprocess
from collections.abc import Iterable, Mapping
from importlib.util import find_spec
from pathlib import Path

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq

from orchestration.contracts.sources import SOURCES
from orchestration.engine import engine, identifier, literal
from orchestration.ingest.records import IngestedSource
from orchestration.settings import Settings, private_dir
from orchestration.warehouse.build import build_file, families_before, files_by_source
from orchestration.warehouse.room import memory_bytes, raw_bytes
from orchestration.warehouse.spark_sources import spark_path, spark_select_sql

JAVA = 17
"""The oldest Java that PySpark 4 runs on."""
_PARTITION_BYTES = 16_000_000
"""Raw Parquet of one task after a shuffle: in memory it takes ten times as much."""
_TABLES = ("raw.cycle", "raw.files", "reference.areas", "released.cycle", "released.next_list")
"""What the build file holds itself; the other sources are views over raw files."""


class NoSpark(RuntimeError):
    """Spark cannot run here; the message says what is missing and what to do."""


def require_spark() -> None:
    """Raise NoSpark unless PySpark, dbt's adapter for it and Java are here."""
    if missing := [name for name in ("pyspark", "dbt.adapters.spark") if not _is_installed(name)]:
        raise NoSpark(
            f"{' and '.join(missing)} cannot be imported: Spark is no part of the usual installation."
            " `make spark` installs it into .venv-spark; then run .venv-spark/bin/mutakhir"
        )
    require_java()


def require_java() -> None:
    """Raise NoSpark unless JAVA_HOME, else the PATH, leads to a Java that is new enough."""
    home = os.environ.get("JAVA_HOME")
    java = shutil.which("java", path=f"{home}/bin" if home else None)
    if java is None:
        where = f"JAVA_HOME ({home}) holds no bin/java" if home else "there is no java on the PATH"
        raise NoSpark(f"{where}: install Java {JAVA} (Debian: openjdk-{JAVA}-jre-headless), or set JAVA_HOME")
    said = subprocess.run([java, "-version"], capture_output=True, text=True, check=False).stderr
    version = re.search(r'version "(?:1\.)?(\d+)', said)
    if not version or int(version[1]) < JAVA:
        raise NoSpark(f"{java} is Java {version[1] if version else 'of no known version'}: Spark needs {JAVA} or newer")


def _is_installed(module: str) -> bool:
    try:
        return find_spec(module) is not None
    except ModuleNotFoundError:
        return False


def spark_folder(settings: Settings, cycle: str) -> Path:
    """Where all that Spark reads and writes of a cycle lies, beside the build file."""
    return settings.build / f"{cycle}.spark"


def prepare_spark(settings: Settings, cycle: str, ingested: Mapping[str, IngestedSource]) -> None:
    """Make the cycle's folder from the build file just prepared: its tables as Parquet, and sources.parquet."""
    folder = private_dir(spark_folder(settings, cycle))
    relations = {}
    with engine(settings, build_file(settings, cycle), read_only=True) as connection:
        for table in _TABLES:
            path = folder / f"{table}.parquet"
            connection.execute(f"COPY (FROM {table}) TO {literal(path)} (FORMAT parquet)")
            path.chmod(0o600)
            relations[table] = f"select * from {spark_path(path)}"
    files = files_by_source(ingested)
    relations |= {f"raw.{name}": spark_select_sql(source, files[name]) for name, source in SOURCES.items()}
    relations["raw.dtsen_keluarga_before"] = spark_select_sql(
        SOURCES["dtsen_keluarga"], families_before(settings, cycle)
    )
    schemas = sorted({table.partition(".")[0] for table in relations})
    _write_statements(
        folder,
        [f"create schema if not exists {schema}" for schema in schemas]
        + [f"create or replace view {table} as {select}" for table, select in relations.items()],
    )


def spark_environment(settings: Settings, cycle: str, ingested: Iterable[IngestedSource]) -> dict[str, str]:
    """Environment by which profiles.yml and the macros find the folder, and the session its bounds."""
    partitions = max(2 * settings.threads, raw_bytes(ingested) // _PARTITION_BYTES)
    return {
        "MUTAKHIR_SPARK_FOLDER": str(spark_folder(settings, cycle)),
        "MUTAKHIR_SPARK_MEMORY": f"{int(memory_bytes(settings)) >> 20}m",
        "MUTAKHIR_SPARK_PARTITIONS": str(partitions),
    }


def adopt_tables(settings: Settings, cycle: str) -> dict[str, int]:
    """Make every table that Spark stored a view of the build file; return the rows of each, by name."""
    folder = spark_folder(settings, cycle)
    stored = sorted(path.parent for path in folder.glob("*/*/_SUCCESS"))
    rows = {}
    with engine(settings, build_file(settings, cycle)) as connection:
        for table in stored:
            schema, files = table.parent.name, literal(table / "*.parquet")
            connection.execute(f"CREATE SCHEMA IF NOT EXISTS {identifier(schema)}")
            connection.execute(
                f"CREATE OR REPLACE VIEW {identifier(schema)}.{identifier(table.name)} AS FROM read_parquet({files})"
            )
            rows[table.name] = _rows(connection, files)
    return rows


def _rows(connection: duckdb.DuckDBPyConnection, files: str) -> int:
    (rows,) = connection.execute(f"SELECT sum(num_rows) FROM parquet_file_metadata({files})").fetchone() or (0,)
    return int(rows)


def _write_statements(folder: Path, statements: list[str]) -> None:
    path, beside = folder / "sources.parquet", folder / ".sources.parquet"
    pq.write_table(pa.table({"number": range(len(statements)), "statement": statements}), beside)
    beside.chmod(0o600)
    beside.replace(path)
