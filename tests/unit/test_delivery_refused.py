"""What refuses a delivery whole, and what does not (landing contract)."""

import gzip
import json
import os
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from orchestration.contracts.sources import SOURCES
from orchestration.ingest.delivery import DeliveryRefused, ingest_source, record_path
from orchestration.settings import Settings
from tests.deliveries import Values, write_manifest
from tests.landed import CYCLE, EVENTS, REGISTER, SECRET, cut, deliver, folder, held_folders, refused, stated

VISITS = "verifikasi_lapangan"


@pytest.fixture
def lake(tmp_path: Path) -> Settings:
    return Settings(lake=tmp_path / "lake")


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
    "a byte less": (lambda at: cut(at / "part-01.csv"), "part-01.csv: its digest"),
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
PACKED = gzip.compress(CSV, mtime=0)  # it names a test, in every process the same


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


def _damaged(content: bytes) -> bytes:
    """A Parquet file whose footer is whole and whose first page is not."""
    return content[:10] + b"\0" * 40 + content[50:]


@pytest.mark.parametrize("column", SOURCES[VISITS].column_names)
def test_a_damaged_column_is_found_whatever_it_holds_and_its_file_named(lake: Settings, column: str) -> None:
    names = [column, *(name for name in SOURCES[VISITS].column_names if name != column)]
    content = _parquet({name: ["X"] * 9 for name in names})
    put(folder(lake, VISITS) / "batch-001", "x.parquet", content, 9, VISITS)
    put(folder(lake, VISITS) / "batch-002", "y.parquet", _damaged(content), 9, VISITS)
    assert len(problems := refused(lake, VISITS)) == 1
    assert problems[0].startswith("batch-002/y.parquet: cannot be read as Parquet")


def test_a_damaged_file_of_earlier_events_does_not_count(lake: Settings) -> None:
    row = {"program": "PKH", "id_keluarga": "F1", "periode": "2025-07", "hasil": "SUKSES", "tanggal": "2025-08-01"}
    sound = _parquet({name: [value] for name, value in row.items()})
    for cycle, content in (("2025-08", sound), ("2025-09", _damaged(sound)), ("2025-10", sound)):
        put(folder(lake, EVENTS, cycle), "x.parquet", content, 1, EVENTS, cycle)
    ingested = ingest_source(lake, CYCLE, EVENTS)
    assert [delivery.cycle for delivery in ingested.deliveries] == ["2025-08", "2025-10"]
    assert ingested.warnings[-1].startswith(f"2025-09/{EVENTS}: is refused and does not count: x.parquet: cannot be")
    assert len(held_folders(lake, EVENTS)) == 2


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
        cut(place / "batch-002" / name)
    problems = refused(lake)
    assert [problem.split(":")[0] for problem in problems] == [
        "batch-001/part-01.csv",
        "batch-001/more.csv",
        "batch-002/part-01.csv",
        "batch-002/part-02.csv",
    ]


def test_a_digest_may_be_in_upper_case(lake: Settings) -> None:
    place = deliver(lake)
    digest = json.loads((place / "delivery.json").read_text())["files"][0]["sha256"]
    stated(place, file={"sha256": digest.upper()})
    assert ingest_source(lake, CYCLE, REGISTER).own_files[0].sha256 == digest


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
    cut(place / "part-01.csv")
    with pytest.raises(DeliveryRefused, match="part-01.csv: its digest"):
        ingest_source(lake, CYCLE, REGISTER)
    assert not record_path(lake, CYCLE, REGISTER).exists()


def put(place: Path, name: str, content: bytes, rows: int, source: str = REGISTER, cycle: str = CYCLE) -> None:
    """One data file with a matching delivery.json."""
    place.mkdir(parents=True, exist_ok=True)
    (place / name).write_bytes(content)
    write_manifest(place, source, cycle, {name: rows})


# The quotas


def quotas(*rows: str) -> list[Values | bytes]:
    """Rows as ``programme|area|quota``."""
    names = SOURCES["kuota_program"].column_names
    return [dict(zip(names, row.split("|"), strict=True)) for row in rows]


@pytest.mark.parametrize(
    ("rows", "broken"),
    [
        (quotas("PKH|ID|5", "pkh| id |+5", "PKH|ID|05", "SEMBAKO|31.71|0", "SEMBAKO|3171|0"), []),
        (quotas("PKH|ID|5", "PKH|ID|6"), ["conflicting_duplicate: 2"]),
        (quotas("PKH|31.71|5", "pkh|3171|6", "PKH|3172|1"), ["conflicting_duplicate: 2"]),
        (quotas("BPNT|ID|5"), ["bad_code: 1"]),
        (quotas("PKH|31|5", "PKH|9999|5"), ["bad_code: 2"]),
        (quotas("PKH|ID|-1", "PKH|3171|1.5"), ["bad_value: 2"]),
        (quotas("PKH|ID| "), ["missing_key: 1"]),
        (quotas("|BAD|-1", "BAD|ID|-1"), ["bad_code: 1", "missing_key: 1"]),
        ([*quotas("PKH|ID|5"), b"PKH,ID"], ["unparsable: 1"]),
        (quotas("PKH|ID|5", "PKH|ID|x"), ["bad_value: 1"]),
    ],
)
@pytest.mark.parametrize("batches", [0, 2])
def test_quotas_with_a_rejected_row_are_refused_whole(lake: Settings, rows, broken: list[str], batches: int) -> None:
    deliver(lake, "kuota_program", rows=rows, batches=batches)
    if broken:
        told = [problem.split(": rows rejected as ") for problem in refused(lake, "kuota_program")]
        assert {Path(path).name for path, _ in told} == {"part-01.csv"}
        count = Counter()
        for _, problem in told:
            count[problem.split(": ")[0]] += int(problem.split(": ")[1])
        assert sorted(f"{rule}: {rows}" for rule, rows in count.items()) == broken
    else:
        assert ingest_source(lake, CYCLE, "kuota_program").contract.passed
