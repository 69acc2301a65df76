"""Deliveries: what refuses one whole, what is held, what counts of earlier cycles (landing contract)."""

import gzip
import hashlib
import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from orchestration.contracts.sources import SOURCES
from orchestration.ingest.delivery import (
    DeliveryRefused,
    deliveries_ready,
    held_deliveries,
    ingest_source,
    read_ingested,
    record_path,
)
from orchestration.ingest.raw_view import raw_select_sql
from orchestration.settings import Settings
from tests.deliveries import Style, Values, write_delivery, write_landing, write_manifest

CYCLE = "2025-11"
REGISTER = "register_pengecualian"
EVENTS = "hasil_salur"
SECRET = "3171010101889999"


def register(count: int, start: int = 0) -> list[Values]:
    return [
        {"nik": f"{SECRET}{n}", "register": "ASN", "tanggal_data": "2025-10-01"} for n in range(start, start + count)
    ]


def payments(count: int) -> list[Values]:
    return [
        {"program": "PKH", "id_keluarga": f"F{n}", "periode": "2025-07", "hasil": "SUKSES", "tanggal": "2025-08-01"}
        for n in range(count)
    ]


@pytest.fixture
def lake(tmp_path: Path) -> Settings:
    return Settings(lake=tmp_path / "lake")


def folder(lake: Settings, source: str = REGISTER, cycle: str = CYCLE) -> Path:
    return lake.landing / cycle / source


def deliver(lake: Settings, source: str = REGISTER, cycle: str = CYCLE, rows=None, **style) -> Path:
    rows = rows if rows is not None else register(4) if source == REGISTER else payments(3)
    write_delivery(folder(lake, source, cycle), source, cycle, rows, Style(**style))
    return folder(lake, source, cycle)


def held_folders(lake: Settings, source: str = REGISTER) -> list[str]:
    return sorted(os.listdir(lake.raw / source)) if (lake.raw / source).exists() else []


def refused(lake: Settings, source: str = REGISTER, cycle: str = CYCLE) -> list[str]:
    """The problems; and nothing is left of the delivery, no record and no value of a row."""
    with pytest.raises(DeliveryRefused) as caught:
        ingest_source(lake, cycle, source)
    assert held_folders(lake, source) == []
    assert not record_path(lake, cycle, source).exists()
    assert SECRET not in str(caught.value)
    return caught.value.problems


def stated(place: Path, **changes: object) -> None:
    """Change delivery.json; of ``file`` the first file's entry."""
    statement = json.loads((place / "delivery.json").read_text())
    statement["files"][0].update(changes.pop("file", {}))
    statement.update(changes)
    statement = {key: value for key, value in statement.items() if value is not ...}
    (place / "delivery.json").write_text(json.dumps(statement))


def put(place: Path, name: str, content: bytes, rows: int) -> None:
    """One data file with a matching delivery.json."""
    place.mkdir(parents=True, exist_ok=True)
    (place / name).write_bytes(content)
    write_manifest(place, REGISTER, CYCLE, {name: rows})


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


# What refuses a delivery whole


def _cut(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:-1])


REFUSALS: dict[str, tuple[Callable[[Path], object], str]] = {
    "no json": (lambda at: (at / "delivery.json").write_text("{"), "delivery.json: is no JSON"),
    "deep json": (lambda at: (at / "delivery.json").write_text("[" * 100_000), "delivery.json: is no JSON"),
    "not text": (lambda at: (at / "delivery.json").write_bytes(b"\xff\xfe\xfa"), "delivery.json: is no JSON"),
    "a list": (lambda at: (at / "delivery.json").write_text("[]"), "delivery.json"),
    "a link as delivery.json": (
        lambda at: ((at / "delivery.json").rename(at / "x.json"), (at / "delivery.json").symlink_to(at / "x.json")),
        "delivery.json: cannot be opened",
    ),
    "no sender": (lambda at: stated(at, sender=...), "delivery.json: sender"),
    "no time": (lambda at: stated(at, sent_at="yesterday"), "delivery.json: sent_at"),
    "rows as text": (lambda at: stated(at, file={"rows": "4"}), "delivery.json: files.0.rows"),
    "rows below zero": (lambda at: stated(at, file={"rows": -1}), "delivery.json: files.0.rows"),
    "no digest": (lambda at: stated(at, file={"sha256": "abc"}), "delivery.json: files.0.sha256"),
    "another source": (lambda at: stated(at, source="usulan"), "its source is not that of its folder"),
    "another cycle": (lambda at: stated(at, cycle="2025-10"), "its cycle is not that of its folder"),
    "another version": (lambda at: stated(at, contract_version=2), "contract version 2 is not known"),
    "version as truth": (lambda at: stated(at, contract_version=True), "delivery.json: contract_version"),
    "another digest": (lambda at: stated(at, file={"sha256": "0" * 64}), "part-01.csv: its digest"),
    "a byte less": (lambda at: _cut(at / "part-01.csv"), "part-01.csv: its digest"),
    "a row less said": (lambda at: stated(at, file={"rows": 1}), "part-01.csv: holds more rows than"),
    "a row more said": (lambda at: stated(at, file={"rows": 3}), "part-01.csv: holds 2 rows, delivery.json says 3"),
    "a missing file": (lambda at: (at / "part-01.csv").unlink(), "part-01.csv: is listed but missing"),
    "a file listed twice": (
        lambda at: stated(at, files=[*(files := json.loads((at / "delivery.json").read_text())["files"]), files[0]]),
        "part-01.csv: is listed twice",
    ),
    "an unlisted csv": (lambda at: (at / "more.csv").write_text("x"), "more.csv: is not listed"),
    "an unlisted gzip": (lambda at: (at / "MORE.CSV.GZ").write_text("x"), "MORE.CSV.GZ: is not listed"),
    "an unlisted parquet": (lambda at: (at / "more.parquet").write_text("x"), "more.parquet: is not listed"),
    "an unlisted link": (lambda at: (at / "more.csv").symlink_to("nowhere"), "more.csv: is not listed"),
    "a path upwards": (lambda at: stated(at, file={"name": "../part-01.csv"}), "files.0.name"),
    "an absolute path": (lambda at: stated(at, file={"name": "/etc/part.csv"}), "files.0.name"),
    "a path downwards": (lambda at: stated(at, file={"name": "sub/part-01.csv"}), "files.0.name"),
    "a line break in a name": (lambda at: stated(at, file={"name": "part\n01.csv"}), "files.0.name"),
    "another kind of file": (lambda at: stated(at, file={"name": "part-01.xlsx"}), "files.0.name"),
    "a link as file": (
        lambda at: ((at / "part-01.csv").rename(at / "x.bin"), (at / "part-01.csv").symlink_to(at / "x.bin")),
        "part-01.csv: is a symbolic link or no regular file",
    ),
    "a pipe as file": (
        lambda at: ((at / "part-01.csv").unlink(), os.mkfifo(at / "part-01.csv")),
        "part-01.csv: is a symbolic link or no regular file",
    ),
    "a folder as file": (
        lambda at: ((at / "part-01.csv").unlink(), (at / "part-01.csv").mkdir()),
        "part-01.csv: is a symbolic link or no regular file",
    ),
}


@pytest.mark.parametrize("batches", [0, 2], ids=["one", "batches"])
@pytest.mark.parametrize("case", REFUSALS)
def test_a_delivery_is_refused_whole(lake: Settings, case: str, batches: int) -> None:
    spoil, problem = REFUSALS[case]
    place = deliver(lake, files_per_source=1 if batches else 2, batches=batches)
    spoil(place / "batch-001" if batches else place)
    problems = refused(lake)
    assert len(problems) == 1 and problem in problems[0]
    assert problems[0].startswith("batch-001/") is bool(batches)


def _parquet(columns: dict[str, list[str]]) -> bytes:
    sink = pa.BufferOutputStream()
    pq.write_table(pa.table(columns), sink)
    return sink.getvalue().to_pybytes()


GOOD = {"nik": ["1", "2"], "register": ["ASN", "ASN"], "tanggal_data": ["2025-10-01", "2025-10-01"]}
PARQUET = _parquet(GOOD)
CSV = b"nik,register,tanggal_data\n1,ASN,2025-10-01\n2,ASN,2025-10-01\n"
PACKED = gzip.compress(CSV)


@pytest.mark.parametrize(
    ("name", "content", "problem"),
    [
        ("x.parquet", PARQUET[:-10], "cannot be read as Parquet"),
        ("x.parquet", PARQUET[: len(PARQUET) // 2], "cannot be read as Parquet"),
        ("x.parquet", PARQUET[:10] + b"\0" * 40 + PARQUET[50:], "cannot be read as Parquet"),
        ("x.parquet", b"", "cannot be read as Parquet"),
        ("x.parquet", CSV, "cannot be read as Parquet"),
        ("x.parquet", _parquet({name: GOOD[name] for name in ("nik", "register")}), "lacks columns of the contract"),
        ("x.parquet", _parquet({name.upper(): GOOD[name] for name in GOOD}), "lacks columns of the contract: nik, reg"),
        ("x.csv", b"", "is empty"),
        ("x.csv", PARQUET, "cannot be parsed"),
        ("x.csv", f"{SECRET},ASN,2025-10-01\n{SECRET},ASN,2025-10-01\n".encode(), "lacks columns of the contract"),
        ("x.csv", CSV.replace(b"register", b"nik"), "lacks columns of the contract: register"),
        ("x.csv", CSV.replace(b"data\n", b"data,nik\n"), "has a column name twice: nik"),
        ("x.csv.gz", PACKED[:-5], "cannot be read"),
        ("x.csv.gz", CSV, "cannot be read"),
    ],
)
def test_a_file_that_cannot_be_read_refuses_the_delivery(
    lake: Settings, name: str, content: bytes, problem: str
) -> None:
    put(folder(lake), name, content, 2)
    problems = refused(lake)
    assert len(problems) == 1 and problems[0].startswith(f"{name}: ") and problem in problems[0]


def test_a_parquet_file_with_text_that_is_no_utf8_is_refused(lake: Settings) -> None:
    bad = pa.Array.from_buffers(pa.string(), 1, [None, pa.py_buffer(b"\0\0\0\0\x02\0\0\0"), pa.py_buffer(b"\xff\xfe")])
    sink = pa.BufferOutputStream()
    pq.write_table(pa.table({"nik": bad, "register": ["ASN"], "tanggal_data": ["2025-10-01"]}), sink)
    put(folder(lake), "x.parquet", sink.getvalue().to_pybytes(), 1)
    assert "cannot be read as Parquet" in refused(lake)[0]


def test_every_problem_of_a_source_is_told_at_once(lake: Settings) -> None:
    place = deliver(lake, files_per_source=2, batches=2)
    (place / "batch-001" / "part-01.csv").unlink()
    (place / "batch-001" / "more.csv").write_text("x")
    for name in ("part-01.csv", "part-02.csv"):
        _cut(place / "batch-002" / name)
    problems = refused(lake)
    assert [problem.split(":")[0] for problem in problems] == [
        "batch-001/part-01.csv",
        "batch-001/more.csv",
        "batch-002/part-01.csv",
        "batch-002/part-02.csv",
    ]


def test_other_files_and_unknown_fields_are_no_reason_to_refuse(lake: Settings) -> None:
    place = deliver(lake)
    (place / "README.txt").write_text("x")
    (place / "part-01.csv.sha256").write_text("x")
    stated(place, remark="sent again", file={"encoding": "utf-8"})
    assert ingest_source(lake, CYCLE, REGISTER).warnings == ()


def test_a_refused_delivery_that_comes_again_is_accepted(lake: Settings) -> None:
    place = deliver(lake)
    (place / "more.csv").write_text("x")
    refused(lake)
    (place / "more.csv").unlink()
    assert ingest_source(lake, CYCLE, REGISTER).own_files[0].rows == 4


def test_an_accepted_delivery_that_is_then_spoilt_is_refused(lake: Settings) -> None:
    place = deliver(lake)
    ingest_source(lake, CYCLE, REGISTER)
    _cut(place / "part-01.csv")
    with pytest.raises(DeliveryRefused, match="part-01.csv: its digest"):
        ingest_source(lake, CYCLE, REGISTER)
    assert not record_path(lake, CYCLE, REGISTER).exists()


# What has arrived


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
    _cut(folder(lake, EVENTS, "2025-10") / "batch-001" / "part-01.csv")
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


# The quotas


def quotas(*rows: str) -> list[Values | bytes]:
    """Rows as ``programme area quota``; ``-`` is an empty value."""
    names = SOURCES["kuota_program"].column_names
    return [dict(zip(names, row.replace("-empty-", "").split("|"), strict=True)) for row in rows]


@pytest.mark.parametrize(
    ("rows", "broken"),
    [
        (quotas("PKH|ID|5", "pkh| id |+5", "PKH|ID|05", "SEMBAKO|31.71|0", "SEMBAKO|3171|0"), []),
        (quotas("PKH|ID|5", "PKH|ID|6"), ["2 rows break row rule conflicting_duplicate"]),
        (quotas("PKH|31.71|5", "pkh|3171|6", "PKH|3172|1"), ["2 rows break row rule conflicting_duplicate"]),
        (quotas("BPNT|ID|5"), ["1 rows break row rule bad_code"]),
        (quotas("PKH|31|5", "PKH|9999|5"), ["2 rows break row rule bad_code"]),
        (quotas("PKH|ID|-1", "PKH|3171|1.5"), ["2 rows break row rule bad_value"]),
        (quotas("PKH|ID| "), ["1 rows break row rule missing_key"]),
        (quotas("|BAD|-1", "BAD|ID|-1"), ["1 rows break row rule bad_code", "1 rows break row rule missing_key"]),
        ([*quotas("PKH|ID|5"), b"PKH,ID"], ["1 rows break row rule unparsable"]),
        (quotas("PKH|ID|5", "PKH|ID|x"), ["1 rows break row rule bad_value"]),
    ],
)
@pytest.mark.parametrize("batches", [0, 2])
def test_quotas_with_a_rejected_row_are_refused_whole(lake: Settings, rows, broken: list[str], batches: int) -> None:
    deliver(lake, "kuota_program", rows=rows, batches=batches)
    if broken:
        assert refused(lake, "kuota_program") == broken
    else:
        assert ingest_source(lake, CYCLE, "kuota_program").contract.passed


# Held deliveries


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


def test_two_processes_at_once_hold_it_once(lake: Settings) -> None:
    deliver(lake, rows=register(20_000), files_per_source=3)
    program = (
        "import sys; from orchestration.ingest.delivery import ingest_source; from orchestration.settings import Settings;"
        f"print(ingest_source(Settings(lake=sys.argv[1]), {CYCLE!r}, {REGISTER!r}).model_dump_json())"
    )
    command = [sys.executable, "-c", program, str(lake.lake)]
    both = [subprocess.Popen(command, stdout=subprocess.PIPE, text=True) for _ in range(2)]
    said = [process.communicate(timeout=120)[0] for process in both]
    assert [process.returncode for process in both] == [0, 0]
    assert said[0] == said[1] and json.loads(said[0])["contract"]["rows"] == 20_000
    assert len(held_folders(lake)) == 1


def test_files_of_a_cycle_are_found_when_they_are_held(lake: Settings) -> None:
    assert held_deliveries(lake, CYCLE, REGISTER) == []
    deliver(lake, batches=2)
    assert held_deliveries(lake, CYCLE, REGISTER) == []
    ingested = ingest_source(lake, CYCLE, REGISTER)
    assert held_deliveries(lake, CYCLE, REGISTER) == ingested.own_files
    (ingested.own_files[0].raw_path.with_name("content.json")).unlink()
    assert held_deliveries(lake, CYCLE, REGISTER) == []


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


def test_raw_rows_are_those_of_the_files(lake: Settings) -> None:
    import duckdb

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
