"""The cycle's build file before dbt runs: views over raw files, the region reference, the release before.

Writes no model; what the views mean stands in dbt_project/models/staging/_sources.yml.
"""

import fcntl
import shutil
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa

from orchestration.contracts.code_lists import areas, villages
from orchestration.contracts.sources import SOURCES
from orchestration.cycles import parse_cycle
from orchestration.engine import engine, identifier, literal
from orchestration.ingest.delivery import held_deliveries
from orchestration.ingest.raw_view import raw_select_sql
from orchestration.ingest.records import IngestedSource, RawFile
from orchestration.released import newest_release_before
from orchestration.settings import Settings, private_dir, write_json_atomic
from orchestration.versions import code_version, seeds_digest

_STORAGE = {"storage_compatibility_version": "latest"}
"""A build is read by the version that wrote it alone, and the newest format compresses texts three times as fast."""
_PARSED_AS_THEY_ARE = ("dtsen_keluarga", "dtsen_individu")
"""Sources whose staging models take dates and integers as a file has them: those with a row for each of a nation."""
_LEVELS = {2: "province", 4: "regency", 6: "district", 10: "village"}


class BuildBusy(RuntimeError):
    """A process still writes the build file: dbt outlives a run that is killed, while its lock on the cycle is gone."""


def build_file(settings: Settings, cycle: str) -> Path:
    """The cycle's DuckDB file."""
    return settings.build / f"{cycle}.duckdb"


def prepare_build(settings: Settings, cycle: str, run_id: str, ingested: Mapping[str, IngestedSource]) -> None:
    """Start the cycle's build anew: an empty file with the schemas raw, reference and released, and build/<cycle>.json.

    ``ingested``: every source of the contract by name. The record carries the run's id, by which the candidate knows
    that it reads this run's build. Raises BuildBusy, and KeyError when a source is missing.
    """
    path = build_file(settings, cycle)
    private_dir(path.parent)
    _refuse_busy(path)
    for old in (
        path,
        path.with_name(path.name + ".wal"),
        path.with_suffix(".json"),
        path.with_suffix(".dbt_tests.json"),
    ):
        old.unlink(missing_ok=True)
    shutil.rmtree(path.with_suffix(".spark"), ignore_errors=True)
    with engine(settings, path, config=_STORAGE) as connection:
        path.chmod(0o600)
        for schema in ("raw", "reference", "released"):
            connection.execute(f"CREATE SCHEMA {schema}")
        connection.execute(
            "CREATE TABLE raw.cycle AS SELECT ? AS cycle, CAST(? AS DATE) AS first_day",
            [cycle, parse_cycle(cycle).first_day],
        )
        _register_deliveries(connection, ingested)
        before = raw_select_sql(SOURCES["dtsen_keluarga"], families_before(settings, cycle))
        connection.execute(f"CREATE VIEW raw.dtsen_keluarga_before AS {before}")
        _load_areas(connection)
        _register_release_before(connection, settings, cycle)
    write_json_atomic(
        path.with_suffix(".json"),
        {
            "cycle": cycle,
            "run_id": run_id,
            "code_version": code_version(),
            "seeds_digest": seeds_digest(),
            "deliveries": [
                {
                    "source": source.source,
                    "cycle": delivery.cycle,
                    "batch": delivery.batch,
                    "digest": delivery.digest,
                    "files": [{"name": file.path, "sha256": file.sha256, "rows": file.rows} for file in delivery.files],
                }
                for source in ingested.values()
                for delivery in source.deliveries
            ],
        },
    )


def _refuse_busy(path: Path) -> None:
    """A file that is deleted under its writer would mix two builds: the write-ahead log goes by name."""
    if not path.exists():
        return
    with path.open("rb+") as file:
        try:
            fcntl.lockf(file, fcntl.LOCK_EX | fcntl.LOCK_NB)  # the engine locks what it has open
        except OSError:
            raise BuildBusy(
                f"{path} is still being written, by dbt of a run that was killed: wait until it ends, or stop it"
                f" (fuser {path} names the process), then run again"
            ) from None


@dataclass(frozen=True)
class _NumberedFile:
    file_id: int
    source: str
    cycle: str
    digest: str
    file: RawFile


def _numbered_files(ingested: Mapping[str, IngestedSource]) -> list[_NumberedFile]:
    """Files with ids that ascend by source, cycle and bytes of the path: the order in which the first row is kept."""
    found = [
        (name, delivery.cycle, file.path.encode(), delivery.digest, file)
        for name, source in ingested.items()
        for delivery in source.deliveries
        for file in delivery.files
    ]
    found.sort(key=lambda item: item[:3])
    return [
        _NumberedFile(number, name, cycle, digest, file)
        for number, (name, cycle, _, digest, file) in enumerate(found, start=1)
    ]


def files_by_source(ingested: Mapping[str, IngestedSource]) -> dict[str, dict[int, RawFile]]:
    """The files of every source of the contract with their ids. Raises KeyError when a source is missing."""
    if missing := SOURCES.keys() - ingested.keys():
        raise KeyError(f"not ingested: {', '.join(sorted(missing))}")
    files = _numbered_files(ingested)
    return {name: {f.file_id: f.file for f in files if f.source == name} for name in SOURCES}


def families_before(settings: Settings, cycle: str) -> dict[int, RawFile]:
    """The files of families of the cycle before with ids of their own; none when they are not held."""
    return dict(enumerate(held_deliveries(settings, parse_cycle(cycle).shift(-1).key, "dtsen_keluarga"), start=1))


def _register_deliveries(connection: duckdb.DuckDBPyConnection, ingested: Mapping[str, IngestedSource]) -> None:
    files = _numbered_files(ingested)
    connection.execute(
        "CREATE TABLE raw.files (file_id INTEGER, source VARCHAR, delivery_cycle VARCHAR, delivery_digest VARCHAR,"
        " path VARCHAR, decimal_comma BOOLEAN)"
    )
    if files:
        connection.executemany(
            "INSERT INTO raw.files VALUES (?, ?, ?, ?, ?, ?)",
            [(f.file_id, f.source, f.cycle, f.digest, f.file.path, f.file.decimal_comma) for f in files],
        )
    for name, of_source in files_by_source(ingested).items():
        rows = raw_select_sql(SOURCES[name], of_source, natural=name in _PARSED_AS_THEY_ARE)
        connection.execute(f"CREATE VIEW raw.{identifier(name)} AS {rows}")


def _load_areas(connection: duckdb.DuckDBPyConnection) -> None:
    reference: dict[str, str] = {**areas(), **villages()}
    rows: dict[str, list[Any]] = {
        "area_code": list(reference),
        "area_level": [_LEVELS[len(code)] for code in reference],
        "name": list(reference.values()),
    }
    connection.register("areas_of_package", pa.table(rows))
    connection.execute("CREATE TABLE reference.areas AS SELECT * FROM areas_of_package")
    connection.unregister("areas_of_package")


def _register_release_before(connection: duckdb.DuckDBPyConnection, settings: Settings, cycle: str) -> None:
    """Views of the newest release of an earlier cycle; empty tables when there is none."""
    connection.execute("CREATE TABLE released.cycle (cycle VARCHAR, families BIGINT)")
    before = newest_release_before(settings, cycle)
    next_list = sorted((before[1] / "next_list").glob("programme=*/*.parquet")) if before else []
    if before:
        known = literal(before[1] / "marts" / "dim_cycle.parquet")
        connection.execute(f"INSERT INTO released.cycle SELECT cycle, families FROM read_parquet({known})")
    if next_list:
        paths = ", ".join(map(literal, next_list))
        connection.execute(
            "CREATE VIEW released.next_list AS SELECT programme, family_id, status, village_code"
            f" FROM read_parquet([{paths}], hive_partitioning = true, hive_types = {{'programme': VARCHAR}})"
        )
    else:
        connection.execute(
            "CREATE TABLE released.next_list"
            " (programme VARCHAR, family_id VARCHAR, status VARCHAR, village_code VARCHAR)"
        )
