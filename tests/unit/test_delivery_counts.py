"""Which deliveries count: what has arrived, batches, earlier cycles of events, and what a schedule may know of it."""

from pathlib import Path

import duckdb
import pytest

from orchestration.contracts.sources import SOURCES
from orchestration.ingest.delivery import deliveries_ready, ingest_source
from orchestration.ingest.raw_view import raw_select_sql
from orchestration.settings import Settings
from tests.deliveries import Style, write_delivery, write_landing
from tests.landed import (
    CYCLE,
    EVENTS,
    REGISTER,
    cut,
    deliver,
    folder,
    held_folders,
    payments,
    refused,
    register,
    stated,
)


@pytest.fixture
def lake(tmp_path: Path) -> Settings:
    return Settings(lake=tmp_path / "lake")


def test_a_required_source_that_has_not_arrived_is_refused(lake: Settings) -> None:
    for prepare in (lambda: None, lambda: folder(lake).mkdir(parents=True)):
        prepare()
        assert refused(lake) == [f"landing/{CYCLE}/{REGISTER}: has not arrived: there is no delivery.json"]
    deliver(lake)
    (folder(lake) / "delivery.json").unlink()
    assert "has data files but no delivery.json" in refused(lake)[1]


def test_an_optional_source_that_has_not_arrived_is_empty_with_a_warning(lake: Settings) -> None:
    ingested = ingest_source(lake, CYCLE, EVENTS)
    assert (ingested.absent, ingested.deliveries, ingested.contract) == (True, (), None)
    assert ingested.warnings == (f"{CYCLE}/{EVENTS}: was not delivered and is empty in this cycle",)


def test_batches_add_up_and_one_without_delivery_json_has_not_arrived(lake: Settings) -> None:
    write_delivery(folder(lake), REGISTER, CYCLE, register(1), Style())
    for batch, rows in (("B", 2), ("a/deep/down", 3), ("é", 4)):
        write_delivery(folder(lake) / batch, REGISTER, CYCLE, register(rows), Style())
    write_delivery(folder(lake) / "late", REGISTER, CYCLE, register(9), Style())
    (folder(lake) / "late" / "delivery.json").unlink()
    (folder(lake) / "linked").symlink_to(folder(lake) / "B")
    ingested = ingest_source(lake, CYCLE, REGISTER)
    assert [(file.path, file.rows) for file in ingested.own_files] == [
        ("B/part-01.csv", 2),
        ("a/deep/down/part-01.csv", 3),
        ("part-01.csv", 1),
        ("é/part-01.csv", 4),
    ]
    assert ingested.warnings == (
        f"{CYCLE}/{REGISTER}/late: has data files but no delivery.json: it has not arrived and does not count",
        f"{CYCLE}/{REGISTER}/linked: is a symbolic link to a folder and is not followed",
    )


def test_two_batches_of_the_same_content_both_count(lake: Settings) -> None:
    for batch in ("one", "two"):
        write_delivery(folder(lake) / batch, REGISTER, CYCLE, register(2), Style(fmt="parquet"))
    ingested = ingest_source(lake, CYCLE, REGISTER)
    assert [file.path for file in ingested.own_files] == ["one/part-01.parquet", "two/part-01.parquet"]
    assert len({delivery.digest for delivery in ingested.deliveries}) == len(held_folders(lake)) == 1
    assert ingested.contract is not None and ingested.contract.rows == 4
    sql = raw_select_sql(SOURCES[REGISTER], dict(enumerate(ingested.own_files)))
    with duckdb.connect() as connection:
        found = connection.execute(f"SELECT file_id, row_number FROM ({sql}) ORDER BY ALL").fetchall()
    assert found == [(0, 1), (0, 2), (1, 1), (1, 2)]


def test_columns_beyond_the_contract_are_reported(lake: Settings) -> None:
    deliver(lake, rows=[{**row, "catatan": "x"} for row in register(1)])
    ingested = ingest_source(lake, CYCLE, REGISTER)
    assert ingested.deliveries[0].extra_columns == ("catatan",)
    assert ingested.warnings == (f"{CYCLE}/{REGISTER}: columns that the contract does not know are ignored: 'catatan'",)


def test_a_delivery_of_no_rows_or_no_files_has_arrived(lake: Settings) -> None:
    deliver(lake, rows=[])
    ingested = ingest_source(lake, CYCLE, REGISTER)
    assert ingested.contract is not None and (ingested.contract.rows, ingested.contract.passed) == (0, True)
    stated(folder(lake), files=[])
    (folder(lake) / "part-01.csv").unlink()
    ingested = ingest_source(lake, CYCLE, REGISTER)
    assert (ingested.absent, ingested.own_files) == (False, [])


# Earlier cycles


def counted(lake: Settings, source: str, cycle: str = CYCLE) -> list[str]:
    return [delivery.cycle for delivery in ingest_source(lake, cycle, source).deliveries]


def test_a_snapshot_is_of_its_cycle_alone(lake: Settings) -> None:
    for cycle in ("2025-10", CYCLE, "2025-12"):
        deliver(lake, cycle=cycle)
    assert counted(lake, REGISTER) == [CYCLE]


@pytest.mark.parametrize(
    ("source", "first"),
    [(EVENTS, "2025-05"), ("verifikasi_lapangan", "2024-10"), ("sanggahan", "2024-10"), ("usulan", "2024-10")],
)
def test_events_count_so_many_cycles_back(lake: Settings, source: str, first: str) -> None:
    for cycle in ("2019-01", "2024-09", "2024-10", "2025-04", "2025-05", "2025-10", CYCLE, "2025-12", "2025-1"):
        deliver(lake, source, cycle, rows=[])
    (lake.landing / "notes.txt").write_text("x")
    expected = [cycle for cycle in ("2024-10", "2025-04", "2025-05", "2025-10", CYCLE) if cycle >= first]
    assert counted(lake, source) == expected


def test_civil_registry_events_count_however_old(lake: Settings) -> None:
    for cycle in ("1999-12", "2025-10", "2025-12"):
        deliver(lake, "dukcapil_peristiwa", cycle, rows=[])
    ingested = ingest_source(lake, CYCLE, "dukcapil_peristiwa")
    assert [delivery.cycle for delivery in ingested.deliveries] == ["1999-12", "2025-10"]
    assert ingested.absent and ingested.contract is None


def test_an_earlier_refused_batch_is_a_warning_and_does_not_count_alone(lake: Settings) -> None:
    deliver(lake, EVENTS, "2025-10", rows=payments(4), batches=2)
    deliver(lake, EVENTS, "2025-09")
    deliver(lake, EVENTS)
    cut(folder(lake, EVENTS, "2025-10") / "batch-001" / "part-01.csv")
    stated(folder(lake, EVENTS, "2025-09"), contract_version=9)
    ingested = ingest_source(lake, CYCLE, EVENTS)
    assert [(delivery.cycle, delivery.batch) for delivery in ingested.deliveries] == [
        ("2025-10", "batch-002"),
        (CYCLE, ""),
    ]
    assert [warning.split(":")[0] for warning in ingested.warnings] == [
        f"2025-09/{EVENTS}",
        f"2025-10/{EVENTS}/batch-001",
    ]
    assert all("is refused and does not count" in warning for warning in ingested.warnings)
    assert len(held_folders(lake, EVENTS)) == 2
    assert ingested.contract is not None and ingested.contract.rows == 3


# What has arrived, for schedules


def test_readiness_names_what_is_missing_and_changes_with_every_delivery(lake: Settings) -> None:
    required = [name for name, source in SOURCES.items() if source.required]
    missing, empty = deliveries_ready(lake, CYCLE)
    assert missing == required
    seen = {empty}

    def changed() -> bool:
        missing_now, fingerprint = deliveries_ready(lake, CYCLE)
        new = fingerprint not in seen
        seen.add(fingerprint)
        assert missing_now == [name for name in required if not (folder(lake, name)).exists()]
        return new

    write_landing({name: [] for name in required}, lake.lake, CYCLE)
    assert changed() and not changed()
    deliver(lake, EVENTS)
    assert changed()
    deliver(lake, EVENTS, "2025-10")
    assert changed()
    write_delivery(folder(lake, EVENTS) / "batch", EVENTS, CYCLE, payments(1), Style())
    assert changed()
    stated(folder(lake), sender="another")
    assert changed()
    deliver(lake, EVENTS, "2025-04")  # too old
    deliver(lake, EVENTS, "2025-12")  # not yet
    deliver(lake, REGISTER, "2025-10")  # a snapshot of another cycle
    (folder(lake) / "part-01.csv").write_text("data files are not read")
    assert not changed()
