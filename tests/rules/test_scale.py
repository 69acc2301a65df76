"""Digests depend on neither threads nor memory, and no model reads more than it must or multiplies rows.

No timing: what grows with the nation shows in rows and scans at 300,000 families as it would at 95 million. That file
splits and the order of rows change nothing either is shown by the golden case in its other forms (tests/pipeline).
"""

import json
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import duckdb
import pytest

from orchestration.candidate.datasets import LISTS
from orchestration.candidate.digests import content_digest
from orchestration.contracts.sources import SOURCES
from orchestration.ingest.delivery import ingest_source
from orchestration.settings import Settings
from orchestration.warehouse.build import build_file, prepare_build
from tests.models import Models
from tests.simulated import deliver

CYCLE = "2025-11"
FAMILIES = 300_000
READERS = {"stg_persons_parsed": 12, "stg_families_parsed": 6}
"""Scans of the largest tables, over all models; each costs some seconds for every ten million families."""
MOST_MEMORY = 700_000_000
MEMBERS_MEMORY = "65MB"
"""Enough for the members of these families where the engine can spill what it gathers. With a form of the payee that
it cannot, 80 MB were too little here, and 10 GB for a nation."""


@dataclass(frozen=True)
class Built:
    """What a build of the nation left: digests of the lists, and what its plans read."""

    digests: dict[str, tuple[int, str]]
    scans: Counter[str]
    widest: dict[str, int]
    memory: dict[str, int]
    spilled: bool


@pytest.fixture(scope="module")
def nation(tmp_path_factory: pytest.TempPathFactory) -> Settings:
    """A nation delivered and ingested, ready to be built."""
    settings = Settings(lake=deliver(tmp_path_factory.mktemp("lake"), FAMILIES))
    ingested = {source: ingest_source(settings, CYCLE, source) for source in SOURCES}
    prepare_build(settings, CYCLE, "a test", ingested)
    return settings


def build(settings: Settings, models: Models, folder: Path, *, threads: int, memory: str, watched: bool) -> Built:
    """Build all models with those bounds, in a file of its own; watched: by their plans, after running them."""
    spill = folder / "spilled"
    config: dict[str, Any] = {"threads": threads, "memory_limit": memory, "temp_directory": str(spill)}
    scans: Counter[str] = Counter()
    widest: dict[str, int] = {}
    memory_of: dict[str, int] = {}
    with duckdb.connect(config=config | {"preserve_insertion_order": False}) as connection:
        path = folder / "build.duckdb"
        path.write_bytes(build_file(settings, CYCLE).read_bytes())
        connection.execute(f"attach '{path}' as build; use build")

        def watch(name: str, statement: str) -> None:
            if statement.startswith("create view"):
                connection.execute(statement)
                return
            plan = connection.execute(f"explain (analyze, format json) {statement}").fetchall()
            executed = json.loads(plan[0][1])
            memory_of[name] = executed["system_peak_buffer_memory"]
            operators = list(_operators(executed))
            scans.update(_scanned(operator) for operator in operators)
            widest[name] = max(operator.get("operator_cardinality", 0) for operator in operators)

        def bound(name: str, statement: str) -> None:
            connection.execute(f"set memory_limit = '{MEMBERS_MEMORY if name == 'members' else memory}'")
            connection.execute(statement)

        models.build(connection, watch if watched else bound)
        digests = {}
        for data_set in LISTS:
            found = content_digest(connection, f"build.{data_set.table}", data_set.columns)
            digests[data_set.name] = found.rows, found.value
        return Built(digests, scans, widest, memory_of, spill.exists())


def _operators(node: dict[str, Any]) -> Any:
    yield node
    for child in node.get("children", []):
        yield from _operators(child)


def _scanned(operator: dict[str, Any]) -> str:
    """The table, or the source by the folder of its files, that an operator scans."""
    told = operator.get("extra_info", {})
    if "READ_PARQUET" in operator.get("operator_type", "") or told.get("Function") == "READ_PARQUET":
        return next((name for name in SOURCES if f"/{name}/" in json.dumps(told)), "parquet")
    return str(told.get("Table", "")).rpartition(".")[2]


@pytest.fixture(scope="module")
def usual(nation: Settings, models: Models, tmp_path_factory: pytest.TempPathFactory) -> Built:
    return build(nation, models, tmp_path_factory.mktemp("usual"), threads=2, memory="4GB", watched=True)


def test_threads_and_memory_change_no_digest(nation: Settings, models: Models, usual: Built, tmp_path: Path) -> None:
    narrow = build(nation, models, tmp_path, threads=1, memory="120MB", watched=False)
    assert narrow.spilled
    assert not usual.spilled
    assert all(rows for rows, _ in usual.digests.values())
    assert narrow.digests == usual.digests


def test_no_model_needs_much_memory(usual: Built) -> None:
    """Of the engine's buffers, those that keep what was read lately included."""
    assert {name: size for name, size in usual.memory.items() if size > MOST_MEMORY} == {}


def test_every_source_is_read_once(usual: Built) -> None:
    assert {source: usual.scans[source] for source in SOURCES} == dict.fromkeys(SOURCES, 1)


def test_the_largest_tables_are_read_no_more_often_than_known(usual: Built) -> None:
    assert {table: usual.scans[table] for table in READERS} == READERS


def test_no_model_multiplies_rows(nation: Settings, usual: Built) -> None:
    """At most every row of persons, and all delivered rows where rows are counted."""
    with duckdb.connect(str(build_file(nation, CYCLE)), read_only=True) as connection:
        delivered = {
            source: connection.execute(f"select count(*) from raw.{source}").fetchall()[0][0] for source in SOURCES
        }
    limits = dict.fromkeys(usual.widest, delivered["dtsen_individu"]) | {"stg_row_counts": sum(delivered.values())}
    assert {name: rows for name, rows in usual.widest.items() if rows > limits[name]} == {}
