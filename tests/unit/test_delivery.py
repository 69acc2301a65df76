"""What is held of an accepted delivery: recorded, private, linked or converted, used again, made anew when spoilt."""

import hashlib
import json
import multiprocessing
import os
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor
from pathlib import Path

import duckdb
import pytest
from filelock import FileLock

from orchestration.contracts.sources import SOURCES
from orchestration.ingest.delivery import DeliveryRefused, held_deliveries, ingest_source, read_ingested, record_path
from orchestration.ingest.raw_view import raw_select_sql
from orchestration.settings import Settings
from tests.landed import CYCLE, REGISTER, SECRET, deliver, folder, held_folders, register


@pytest.fixture
def lake(tmp_path: Path) -> Settings:
    return Settings(lake=tmp_path / "lake")


@pytest.mark.parametrize(
    "style",
    [
        {"fmt": "parquet"},
        {"fmt": "parquet", "files_per_source": 3, "shuffle_seed": 1},
        {"fmt": "csv"},
        {"fmt": "csv", "delimiter": ";", "crlf": True, "bom": True, "gz": True, "files_per_source": 2, "batches": 2},
    ],
    ids=["parquet", "parquets", "csv", "batches"],
)
def test_what_was_delivered_is_held_and_recorded(lake: Settings, style) -> None:
    deliver(lake, **style)
    ingested = ingest_source(lake, CYCLE, REGISTER)
    assert read_ingested(lake, CYCLE, REGISTER) == ingested
    assert (ingested.source, ingested.cycle, ingested.absent, ingested.warnings) == (REGISTER, CYCLE, False, ())
    assert ingested.contract is not None and ingested.contract.passed and ingested.contract.rows == 4
    assert sum(file.rows for file in ingested.own_files) == 4
    for delivery in ingested.deliveries:
        statement = json.loads((folder(lake) / delivery.batch / "delivery.json").read_text())
        listed = sorted([file["name"], file["sha256"], file["rows"]] for file in statement["files"])
        said = {"source": REGISTER, "cycle": CYCLE, "contract_version": 1, "files": listed}
        canonical = json.dumps(said, sort_keys=True, separators=(",", ":")).encode()
        assert delivery.digest == hashlib.sha256(canonical).hexdigest()
        for file in delivery.files:
            landed = folder(lake) / file.path
            assert hashlib.sha256(landed.read_bytes()).hexdigest() == file.sha256
            assert file.raw_path.parent == lake.raw / REGISTER / delivery.digest
            assert file.is_csv is (style["fmt"] == "csv") and file.decimal_comma is (style.get("delimiter") == ";")
            assert file.raw_path.samefile(landed) is not file.is_csv
    assert held_folders(lake) == sorted({delivery.digest for delivery in ingested.deliveries})


def test_what_is_held_is_for_its_owner_alone(lake: Settings) -> None:
    deliver(lake)
    file = ingest_source(lake, CYCLE, REGISTER).own_files[0].raw_path
    private = [file, file.with_name("content.json"), record_path(lake, CYCLE, REGISTER)]
    assert [path.stat().st_mode & 0o777 for path in private] == [0o600] * 3
    folders = [lake.raw, lake.raw / REGISTER, file.parent, record_path(lake, CYCLE, REGISTER).parent]
    assert [path.stat().st_mode & 0o777 for path in folders] == [0o700] * 4


def test_across_file_systems_parquet_is_copied(lake: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    deliver(lake, fmt="parquet")

    def refuse(*_: object, **__: object) -> None:
        raise OSError(18, "Invalid cross-device link")

    monkeypatch.setattr(os, "link", refuse)
    for _ in range(2):  # made, then used again
        file = ingest_source(lake, CYCLE, REGISTER).own_files[0]
        landed = folder(lake) / file.path
        assert not file.raw_path.samefile(landed) and file.raw_path.read_bytes() == landed.read_bytes()
        assert file.raw_path.stat().st_mode & 0o777 == 0o600
    file.raw_path.write_bytes(b"damaged")
    file = ingest_source(lake, CYCLE, REGISTER).own_files[0]
    assert file.raw_path.read_bytes() == (folder(lake) / file.path).read_bytes()


def test_raw_rows_are_those_of_the_files(lake: Settings) -> None:
    rows = [*register(2), b'"broken', *register(2, start=2)]
    deliver(lake, rows=rows, batches=1, gz=True)
    files = dict(enumerate(ingest_source(lake, CYCLE, REGISTER).own_files))
    with duckdb.connect() as connection:
        found = connection.execute(f"SELECT * FROM ({raw_select_sql(SOURCES[REGISTER], files)}) ORDER BY row_number")
        assert found.fetchall() == [
            (0, 1, None, f"{SECRET}0", "ASN", "2025-10-01"),
            (0, 2, None, f"{SECRET}1", "ASN", "2025-10-01"),
            (0, 3, '"broken', None, None, None),
            (0, 4, None, f"{SECRET}2", "ASN", "2025-10-01"),
            (0, 5, None, f"{SECRET}3", "ASN", "2025-10-01"),
        ]


def test_a_held_delivery_is_used_again(lake: Settings) -> None:
    deliver(lake, batches=2)
    first = ingest_source(lake, CYCLE, REGISTER)
    inodes = [file.raw_path.stat().st_ino for file in first.own_files]
    again = ingest_source(lake, CYCLE, REGISTER)
    assert again == first and [file.raw_path.stat().st_ino for file in again.own_files] == inodes


def test_a_folder_left_half_written_is_written_anew(lake: Settings) -> None:
    deliver(lake)
    digest = ingest_source(lake, CYCLE, REGISTER).deliveries[0].digest
    held = lake.raw / REGISTER / digest
    held.rename(held.with_name(f"{digest}.partial"))
    (held.with_name(f"{digest}.partial") / "rubbish").write_text("x")
    assert ingest_source(lake, CYCLE, REGISTER).own_files[0].rows == 4
    assert held_folders(lake) == [digest] and "rubbish" not in os.listdir(held)
    (held / "00001.parquet").unlink()
    assert ingest_source(lake, CYCLE, REGISTER).own_files[0].raw_path.exists()


def test_a_link_spoilt_through_its_other_name_is_made_anew(lake: Settings) -> None:
    place = deliver(lake, fmt="parquet")
    ingest_source(lake, CYCLE, REGISTER)
    landed = place / "part-01.parquet"
    content = landed.read_bytes()
    landed.write_bytes(content[:-1])  # in place: the held file is spoilt with it
    with pytest.raises(DeliveryRefused, match="its digest"):
        ingest_source(lake, CYCLE, REGISTER)
    landed.unlink()
    landed.write_bytes(content)
    file = ingest_source(lake, CYCLE, REGISTER).own_files[0]
    assert file.raw_path.read_bytes() == content


def test_processes_take_turns(lake: Settings) -> None:
    deliver(lake)
    (lake.build / ".locks").mkdir(parents=True)
    with ThreadPoolExecutor(1) as pool:
        with FileLock(lake.build / ".locks" / f"raw-{REGISTER}.lock"):
            other = pool.submit(ingest_source, lake, CYCLE, REGISTER)
            with pytest.raises(TimeoutError):
                other.result(timeout=2)
            assert held_folders(lake) == []
        assert other.result(timeout=60).own_files[0].rows == 4


def test_two_processes_at_once_hold_it_once(lake: Settings) -> None:
    deliver(lake, rows=register(20_000), files_per_source=3)
    with ProcessPoolExecutor(2, multiprocessing.get_context("spawn")) as pool:
        first, second = pool.map(ingest_source, [lake] * 2, [CYCLE] * 2, [REGISTER] * 2)
    assert first == second and first.contract is not None and first.contract.rows == 20_000
    assert len(held_folders(lake)) == 1


def test_files_of_a_cycle_are_found_when_they_are_held(lake: Settings) -> None:
    assert held_deliveries(lake, CYCLE, REGISTER) == []
    deliver(lake, batches=2)
    assert held_deliveries(lake, CYCLE, REGISTER) == []
    ingested = ingest_source(lake, CYCLE, REGISTER)
    assert held_deliveries(lake, CYCLE, REGISTER) == ingested.own_files
    (ingested.own_files[0].raw_path.with_name("content.json")).unlink()
    assert held_deliveries(lake, CYCLE, REGISTER) == []
