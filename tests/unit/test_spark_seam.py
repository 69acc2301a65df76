"""The seam to Spark without Spark: what it is handed, what the build file shows of what it stored, what is missing."""

import sys
from pathlib import Path

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from orchestration.contracts.sources import SOURCES
from orchestration.ingest.records import IngestedSource
from orchestration.settings import Settings
from orchestration.warehouse.build import build_file, prepare_build
from orchestration.warehouse.spark import (
    NoSpark,
    adopt_tables,
    prepare_spark,
    require_java,
    require_spark,
    spark_environment,
    spark_folder,
)
from orchestration.warehouse.spark_sources import spark_path

CYCLE = "2025-11"


@pytest.fixture
def prepared(tmp_path: Path) -> Settings:
    """A cycle in which nothing was delivered, ready for Spark."""
    settings = Settings(lake=tmp_path / "lake", engine="spark", memory_limit="3GiB", threads=3)
    absent = {
        name: IngestedSource(source=name, cycle=CYCLE, deliveries=(), warnings=(), absent=True, contract=None)
        for name in SOURCES
    }
    prepare_build(settings, CYCLE, "run", absent)
    prepare_spark(settings, CYCLE, absent)
    return settings


def statements(settings: Settings) -> list[str]:
    table = pq.read_table(spark_folder(settings, CYCLE) / "sources.parquet").to_pylist()
    return [str(row["statement"]) for row in sorted(table, key=lambda row: row["number"])]


def store(settings: Settings) -> None:
    """As Spark stores a table: files in a folder, and that it is whole."""
    folder = spark_folder(settings, CYCLE) / "lists" / "decisions"
    folder.mkdir(parents=True)
    for number in range(2):
        pq.write_table(pa.table({"family_id": ["F-1", "F-2"]}), folder / f"part-{number}.snappy.parquet")
    (folder / "_SUCCESS").touch()
    half = spark_folder(settings, CYCLE) / "lists" / "next_list"
    half.mkdir()
    pq.write_table(pa.table({"family_id": ["F-1"]}), half / "part-0.snappy.parquet")


def test_every_source_is_opened_by_a_statement_and_nobody_else_reads_the_files(prepared: Settings) -> None:
    opened = {said.split()[4] for said in statements(prepared) if said.startswith("create or replace view")}
    others = {"raw.cycle", "raw.files", "raw.dtsen_keluarga_before", "reference.areas", "released.cycle"}
    assert opened == {f"raw.{name}" for name in SOURCES} | others | {"released.next_list"}
    assert spark_folder(prepared, CYCLE).stat().st_mode & 0o777 == 0o700
    assert all(path.stat().st_mode & 0o777 == 0o600 for path in spark_folder(prepared, CYCLE).iterdir())


def test_what_is_stored_whole_is_a_relation_of_the_build(prepared: Settings) -> None:
    store(prepared)
    assert adopt_tables(prepared, CYCLE) == {"decisions": 4}
    with duckdb.connect(str(build_file(prepared, CYCLE)), read_only=True) as connection:
        assert connection.execute("select count(*) from lists.decisions").fetchall() == [(4,)]
        assert connection.execute("select count(*) from raw.dtsen_keluarga").fetchall() == [(0,)]


def test_a_new_build_begins_without_the_tables_of_the_old(prepared: Settings) -> None:
    store(prepared)
    test_a_new_build = {name: IngestedSource(source=name, cycle=CYCLE, deliveries=(), warnings=(), absent=True,
                                             contract=None) for name in SOURCES}  # fmt: skip
    prepare_build(prepared, CYCLE, "again", test_a_new_build)
    assert not spark_folder(prepared, CYCLE).exists()


def test_the_session_has_the_bounds_of_the_settings(prepared: Settings) -> None:
    told = spark_environment(prepared, CYCLE, [])
    assert told["MUTAKHIR_SPARK_MEMORY"] == "3072m"
    assert told["MUTAKHIR_SPARK_PARTITIONS"] == "6"


def test_a_path_is_no_pattern() -> None:
    assert spark_path(Path("/a [1]/{b}`c.parquet")) == r"parquet.`/a \[1\]/\{b\}``c.parquet`"


def test_what_is_not_installed_is_named_with_what_to_do(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "pyspark", None)
    with pytest.raises(NoSpark, match=r"pyspark.* cannot be imported.*`make spark`"):
        require_spark()


def test_java_must_be_there_and_new_enough(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("JAVA_HOME", raising=False)
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(NoSpark, match="no java on the PATH: install Java 17"):
        require_java()
    java = tmp_path / "java"
    for said, refused in (('openjdk version "11.0.2"', "is Java 11"), ('java version "1.8.0_292"', "is Java 8")):
        java.write_text(f"#!/bin/sh\necho '{said}' >&2\n")
        java.chmod(0o700)
        with pytest.raises(NoSpark, match=f"{refused}: Spark needs 17"):
            require_java()
    java.write_text("#!/bin/sh\necho 'openjdk version \"17.0.15\" 2025-04-15' >&2\n")
    require_java()
    monkeypatch.setenv("JAVA_HOME", str(tmp_path / "gone"))
    with pytest.raises(NoSpark, match="holds no bin/java"):
        require_java()
