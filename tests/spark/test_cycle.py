"""A cycle run by the commands, once on each engine: the same statement, and in Dagster the same assets.

Delivered as agencies do: the golden case as CSV and Parquet, in batches; simulated nations with every defect that a
delivery can have and still be read.
"""

import json
import os
import subprocess
import sys
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import dagster as dg
import duckdb
import pyarrow.parquet as pq
import pytest

from orchestration.candidate.manifest import read_manifest
from orchestration.engine import literal
from orchestration.settings import DBT_PROJECT_DIR, PROJECT_ROOT, Settings
from orchestration.warehouse.build import build_file
from orchestration.warehouse.spark import spark_folder
from simulation.defects.catalogue import DEFECTS
from tests.deliveries import Style, write_delivery
from tests.golden import loader
from tests.simulated import deliver
from tests.spark.engines import differences

pytestmark = [pytest.mark.spark, pytest.mark.timeout(3600)]

FORMS = {"csv": Style(delimiter=";", bom=True), "parquet": Style("parquet", files_per_source=2, shuffle_seed=1)}
ENGINES = ("duckdb", "spark")


@dataclass(frozen=True)
class Told:
    """What a run left: the sealed statement, dbt's word on each data test, Dagster's materializations with metadata."""

    statement: dict[str, Any]
    tests: dict[str, str]
    assets: dict[str, dict[str, Any]]


def run(lake: Path, cycle: str, engine: str) -> Told:
    """Run a cycle by the command, from an empty build; the gates may block it."""
    settings, home = Settings(lake=lake), lake.parent / f"home-{engine}"
    environment = {
        **os.environ,
        "MUTAKHIR_LAKE": str(lake),
        "DAGSTER_HOME": str(home),
        "MUTAKHIR_MEMORY_LIMIT": "2500MB",
    }
    command = [str(Path(sys.executable).with_name("mutakhir")), "run", "--cycle", cycle, "--engine", engine]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    assert "Candidate" in done.stdout or "gate_verdict" in done.stderr, done.stdout + done.stderr
    manifest, _ = read_manifest(settings.candidates / cycle)
    tested = json.loads((settings.build / f"{cycle}.dbt_tests.json").read_text())["tests"]
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("DAGSTER_HOME", str(home))
        with dg.DagsterInstance.get() as instance:
            record = instance.get_run_records(limit=1)[0]
            entries = instance.all_logs(record.dagster_run.run_id, of_type=dg.DagsterEventType.ASSET_MATERIALIZATION)
            made = [entry.asset_materialization for entry in entries if entry.asset_materialization]
    assets = {
        event.asset_key.to_user_string(): {name: value.value for name, value in event.metadata.items()}
        for event in made
    }
    return Told(dict(manifest.statement), {test["name"]: test["status"] for test in tested}, assets)


def both_engines(lake: Path, cycle: str) -> dict[str, Told]:
    """The cycle on each engine; where the contents differ, the test fails with tables, columns and rows."""
    told = {}
    for engine in ENGINES:
        told[engine] = run(lake, cycle, engine)
        if engine == "duckdb":
            build_file(Settings(lake=lake), cycle).rename(lake / "duckdb.build")
    one, other = (told[engine].statement for engine in ENGINES)
    if one["data_sets"] != other["data_sets"]:
        with duckdb.connect(config={"memory_limit": "2GB"}) as connection:
            connection.execute(f"attach {literal(lake / 'duckdb.build')} as build (read_only)")
            connection.execute(f"attach {literal(build_file(Settings(lake=lake), cycle))} as spark (read_only)")
            pytest.fail("\n".join(differences(connection)) or "the digests differ, no cell does")
    assert one == other
    return told


@pytest.fixture(scope="module")
def golden(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, dict[str, Told]]:
    """The golden case on both engines; the lake holds Spark's build."""
    lake = tmp_path_factory.mktemp("golden") / "a lake's"
    for cycle, sources in loader.load().deliveries.items():
        for source, rows in sources.items():
            for number, (batch, style) in enumerate(FORMS.items()):
                folder = lake / "landing" / cycle / source / batch
                write_delivery(folder, source, cycle, rows[number :: len(FORMS)], style)
    return lake, both_engines(lake, loader.CYCLE)


def test_the_golden_case_has_one_statement_and_every_data_test_one_end(golden: tuple[Path, dict[str, Told]]) -> None:
    """Decisions, waiting list, next list, evidence, every mart and the gates' results: digests and values."""
    one, other = (golden[1][engine] for engine in ENGINES)
    assert {"decisions", "waiting_list", "next_list", "evidence", "marts/gate_results"} <= set(
        one.statement["data_sets"]
    )
    assert len(one.statement["data_sets"]) == 16
    assert one.tests == other.tests
    assert Counter(one.tests.values())["pass"] > 80


def test_dagster_shows_the_same_assets_with_their_rows_and_the_engine(golden: tuple[Path, dict[str, Told]]) -> None:
    one, other = (golden[1][engine].assets for engine in ENGINES)
    assert set(one) == set(other)
    for asset in ("lists/decided_families", "candidate"):
        assert (one[asset]["engine"], other[asset]["engine"]) == ENGINES
    counted = {name: told["dagster/row_count"] for name, told in one.items() if "dagster/row_count" in told}
    assert len(counted) > 60
    assert {name: other[name]["dagster/row_count"] for name in counted} == counted


def test_what_spark_stored_is_its_owner_s_alone_and_lies_in_the_lake(golden: tuple[Path, dict[str, Told]]) -> None:
    folder = spark_folder(Settings(lake=golden[0]), loader.CYCLE)
    found = list(folder.rglob("*"))
    assert any(path.suffix == ".parquet" for path in found)
    assert not [path for path in found if path.stat().st_mode & 0o077]
    strays = ("metastore_db", "derby.log", "spark-warehouse")
    left = [name for where in (PROJECT_ROOT, DBT_PROJECT_DIR) for name in strays if (where / name).exists()]
    assert not left


def test_rejected_rows_keep_their_texts(golden: tuple[Path, dict[str, Told]]) -> None:
    """Not published, and so not in the digests: what was delivered of a rejected row, as JSON."""
    with duckdb.connect(config={"memory_limit": "1GB"}) as connection:
        connection.execute(f"attach {literal(golden[0] / 'duckdb.build')} as build (read_only)")
        original = connection.execute("select original from build.staging.stg_rejected_rows order by 1").fetchall()
    stored = spark_folder(Settings(lake=golden[0]), loader.CYCLE) / "staging" / "stg_rejected_rows"
    rows = [row["original"] for path in stored.glob("*.parquet") for row in pq.ParquetFile(path).read().to_pylist()]
    parsed = [sorted(map(_read, texts)) for texts in ([text for (text,) in original], rows)]
    assert parsed[0] and parsed[0] == parsed[1]


def _read(text: str) -> str:
    """JSON in one spelling; an unparsable record is no JSON."""
    try:
        return json.dumps(json.loads(text), sort_keys=True)
    except ValueError:
        return text


def with_all_defects(lake: Path, families: int, kind: str) -> Path:
    """Deliver a nation with every defect of values and rows, of CSV or of any file."""
    names = [
        name
        for name, defect in DEFECTS.items()
        if "delivery_intact" not in defect.trips and defect.needs == ("csv" if kind == "csv" else "")
    ]
    return deliver(lake, families, defects=names, kind=kind)


@pytest.mark.parametrize("kind", ["parquet", pytest.param("csv", marks=pytest.mark.exhaustive)])
def test_twenty_thousand_families_with_all_defects(tmp_path: Path, kind: str) -> None:
    both_engines(with_all_defects(tmp_path / "lake", 20_000, kind), "2025-11")


@pytest.mark.exhaustive
def test_three_hundred_thousand_families_with_all_defects(tmp_path: Path) -> None:
    both_engines(with_all_defects(tmp_path / "lake", 300_000, "parquet"), "2025-11")
