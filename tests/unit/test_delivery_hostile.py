"""Deliveries that mean harm: bombs, endless lines and headers, false sizes, links out of the landing folder."""

import gzip
import io
import json
import os
import resource
import zlib
from collections.abc import Callable
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from orchestration.ingest import files
from orchestration.ingest.delivery import ingest_source
from orchestration.ingest.files import MAX_COLUMNS, MAX_NAME_LENGTH, MAX_ROWS, UnreadableFile, open_regular
from orchestration.ingest.landing import MAX_STATEMENT_BYTES
from orchestration.settings import Settings
from tests.deliveries import write_manifest
from tests.landed import CYCLE, EVENTS, REGISTER, SECRET, deliver, folder, refused, stated

pytestmark = pytest.mark.slow

HEADER = b"nik,register,tanggal_data"
ROW = b"1,ASN,2025-10-01"
BOMB = "unpacks to more than a delivery may hold"


@pytest.fixture
def lake(tmp_path: Path) -> Settings:
    return Settings(lake=tmp_path / "lake")


@pytest.fixture
def from_a_mebibyte(monkeypatch: pytest.MonkeyPatch) -> None:
    """The ratio counts from 1 MiB on, so that a bomb need not be large."""
    monkeypatch.setattr(files, "RATIO_FROM_BYTES", 1 << 20)


def put(lake: Settings, name: str, content: bytes, rows: int) -> Path:
    place = folder(lake)
    place.mkdir(parents=True, exist_ok=True)
    (place / name).write_bytes(content)
    write_manifest(place, REGISTER, CYCLE, {name: rows})
    return place


def packed(head: bytes, filler: bytes, megabytes: int) -> bytes:
    """``head`` and then so much of one filler, as gzip, without holding it."""
    packer = zlib.compressobj(9, wbits=31)
    filling = filler * ((1 << 20) // len(filler))
    return packer.compress(head) + b"".join(packer.compress(filling) for _ in range(megabytes)) + packer.flush()


def parquet(table: pa.Table, **options: object) -> bytes:
    sink = io.BytesIO()
    pq.write_table(table, sink, **options)
    return sink.getvalue()


def register(rows: int, **columns: object) -> pa.Table:
    good = {"nik": pa.array(["1"] * rows), "register": ["ASN"] * rows, "tanggal_data": ["2025-10-01"] * rows}
    return pa.table(good | columns)


# Bombs


@pytest.mark.slow
def test_a_gz_bomb_is_refused_before_it_fills_anything(lake: Settings) -> None:
    """1 GiB of one line in 1 MB. No block of it stays: memory grows by a part of what it unpacks to."""
    bomb = packed(HEADER + b"\n", b"1" * 1023 + b"\n", 1024)
    assert len(bomb) < 5 << 20
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    put(lake, "x.csv.gz", bomb, MAX_ROWS)
    assert refused(lake) == [f"x.csv.gz: {BOMB}"]
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 512 << 10
    assert not list((lake.build / ".tmp").iterdir())


@pytest.mark.usefixtures("from_a_mebibyte")
@pytest.mark.parametrize("filler", [b"\n", b"1,ASN,2025-10-01\n", b" "])
def test_whatever_a_bomb_holds(lake: Settings, filler: bytes) -> None:
    put(lake, "x.csv.gz", packed(HEADER + b"\n", filler, 8), MAX_ROWS)
    assert refused(lake) == [f"x.csv.gz: {BOMB}"]


@pytest.mark.usefixtures("from_a_mebibyte")
def test_a_gz_file_in_a_gz_file_is_no_csv(lake: Settings) -> None:
    put(lake, "x.csv.gz", gzip.compress(packed(HEADER + b"\n", b"\n", 64)), 1)
    assert len(problems := refused(lake)) == 1 and "header line cannot be parsed" in problems[0]


@pytest.mark.usefixtures("from_a_mebibyte")
def test_a_file_that_packs_well_is_none(lake: Settings) -> None:
    """Rows that differ; 40 to 1 is what codes come to."""
    lines = b"\n".join(b"%d,ASN,2025-10-01" % number for number in range(200_000))
    content = gzip.compress(HEADER + b"\n" + lines)
    assert len(lines) > 4 << 20
    put(lake, "x.csv.gz", content, 200_000)
    assert ingest_source(lake, CYCLE, REGISTER).own_files[0].rows == 200_000


@pytest.mark.usefixtures("from_a_mebibyte")
def test_a_parquet_bomb_is_refused_by_what_its_footer_says(lake: Settings) -> None:
    """64 MB of one letter in a few kB, in a column of the contract or beside it."""
    huge = pa.array(["x" * (1 << 20)] * 64)
    for column in ("register", "beside"):
        table = register(64, **{column: huge})
        content = parquet(table, compression="zstd", use_dictionary=False)
        assert len(content) < 100_000
        put(lake, "x.parquet", content, 64)
        assert refused(lake) == [f"x.parquet: {BOMB}"]


def test_a_parquet_file_of_more_rows_than_said_is_not_read(lake: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    """Ten million equal rows take some kB; the footer tells."""
    from orchestration.ingest import delivery

    monkeypatch.setattr(delivery, "judge_own_rows", lambda *_: pytest.fail("was read"))
    content = parquet(register(1).take(pa.array([0] * 10_000_000)))
    assert len(content) < 200_000
    put(lake, "x.parquet", content, 10)
    assert refused(lake) == ["x.parquet: holds more rows than delivery.json says"]


def test_a_number_of_rows_beyond_any_nation_is_refused(lake: Settings) -> None:
    place = deliver(lake)
    stated(place, file={"rows": MAX_ROWS + 1})
    assert "delivery.json: files.0.rows" in refused(lake)[0]


# Forms without end


@pytest.mark.parametrize(
    ("name", "content", "problem"),
    [
        ("x.csv", HEADER + b"," + b"," * (2 << 20) + b"\n", "has a header line longer than one may be"),
        ("x.csv", HEADER + b"".join(b",c%d" % n for n in range(MAX_COLUMNS)) + b"\n", "has more than 1000 columns"),
        ("x.csv", HEADER + b"," + b"c" * (MAX_NAME_LENGTH + 1) + b"\n", "has a column name longer than 200 characters"),
        ("x.csv", HEADER + b"\n" + b"1" * (17 << 20) + b"\n", "holds a line longer than a record may be"),
        ("x.csv", HEADER + b"\n" + b'"' + b"1" * (17 << 20), "holds a line longer than a record may be"),
        ("x.csv", b"\0" * (24 << 20), "holds a line longer than a record may be"),
    ],
)
def test_a_csv_file_without_end(lake: Settings, name: str, content: bytes, problem: str) -> None:
    put(lake, name, content, 1)
    assert refused(lake) == [f"{name}: {problem}"]


def test_a_record_of_a_million_fields_is_unparsable_and_no_more(lake: Settings) -> None:
    put(lake, "x.csv", HEADER + b"\n" + b"," * 1_000_000 + b"\n" + ROW + b"\n", 2)
    assert ingest_source(lake, CYCLE, REGISTER).own_files[0].rows == 2


def test_as_many_columns_as_may_be_are_fine(lake: Settings) -> None:
    extra = MAX_COLUMNS - 3
    header = HEADER + b"".join(b",c%d" % n for n in range(extra))
    put(lake, "x.csv", header + b"\n" + ROW + b"," * extra + b"\n", 1)
    assert len(ingest_source(lake, CYCLE, REGISTER).deliveries[0].extra_columns) == extra


def nested(depth: int) -> pa.Array:
    kind: pa.DataType = pa.int8()
    for _ in range(depth):
        kind = pa.struct([("a", kind)])
    return pa.nulls(1, kind)


@pytest.mark.parametrize(
    ("columns", "problem"),
    [
        ({"register": pa.array([["ASN"]])}, "holds more than one value a row in: register"),
        ({"nik": pa.array([{"a": "1"}])}, "holds more than one value a row in: nik"),
        ({"nik": pa.array([[("1", "2")]], pa.map_(pa.string(), pa.string()))}, "more than one value a row in: nik"),
        ({"beside": nested(1000)}, "cannot be read as Parquet"),
        ({f"c{n}": pa.array(["1"]) for n in range(MAX_COLUMNS)}, "has more than 1000 columns"),
        ({"c" * (MAX_NAME_LENGTH + 1): pa.array(["1"])}, "has a column name longer than 200 characters"),
    ],
)
def test_a_parquet_file_of_another_form(lake: Settings, columns: dict[str, pa.Array], problem: str) -> None:
    put(lake, "x.parquet", parquet(register(1, **columns)), 1)
    assert len(problems := refused(lake)) == 1 and problem in problems[0]


def test_a_footer_that_claims_to_be_huge_is_refused(lake: Settings) -> None:
    content = parquet(register(1))
    put(lake, "x.parquet", content[:-8] + (1 << 30).to_bytes(4, "little") + content[-4:], 1)
    assert "cannot be read as Parquet" in refused(lake)[0]


STATEMENTS: dict[str, Callable[[str], str]] = {
    "too large": lambda text: text + " " * MAX_STATEMENT_BYTES,
    "deep inside": lambda text: text.replace('"files"', '"x": ' + "[" * 50_000 + "]" * 50_000 + ', "files"'),
    "a number without end": lambda text: text.replace('"contract_version": 1', '"contract_version": ' + "1" * 5000),
}


@pytest.mark.parametrize("case", STATEMENTS)
def test_a_statement_without_end(lake: Settings, case: str) -> None:
    place = deliver(lake)
    text = json.dumps(json.loads((place / "delivery.json").read_text()))
    (place / "delivery.json").write_text(STATEMENTS[case](text))
    assert refused(lake)[0].startswith("delivery.json: is ")


# Ways out of the landing folder


@pytest.mark.parametrize("linked", ["landing/2025-11", f"landing/2025-11/{REGISTER}"])
def test_a_folder_that_is_a_link_is_not_followed(lake: Settings, tmp_path: Path, linked: str) -> None:
    deliver(lake)
    place = lake.lake / linked
    place.rename(tmp_path / "elsewhere")
    place.symlink_to(tmp_path / "elsewhere")
    problems = refused(lake)
    assert "has not arrived" in problems[0]
    assert f"{linked.removeprefix('landing/')}: is a symbolic link to a folder and is not followed" in problems[1]


def test_earlier_events_are_not_followed_either(lake: Settings, tmp_path: Path) -> None:
    deliver(lake, EVENTS, "2025-10")
    (lake.landing / "2025-10").rename(tmp_path / "elsewhere")
    (lake.landing / "2025-10").symlink_to(tmp_path / "elsewhere")
    ingested = ingest_source(lake, CYCLE, EVENTS)
    assert ingested.deliveries == ()
    assert "2025-10: is a symbolic link to a folder and is not followed" in ingested.warnings


@pytest.mark.parametrize("name", ["..", ".", "..\\x.csv", "x.csv\0", "\u202excsv", "~/x.csv", "%2e%2e/x.csv"])
def test_a_name_that_is_a_way_stays_a_name(lake: Settings, name: str) -> None:
    place = deliver(lake)
    stated(place, file={"name": name})
    problems = refused(lake)
    assert "files.0.name" in problems[0] or "is listed but missing" in problems[0]
    assert SECRET not in "".join(problems)


@pytest.mark.parametrize("device", ["/dev/null", "/dev/zero"])
def test_a_device_is_not_read(device: str) -> None:
    with pytest.raises(UnreadableFile, match="is not a regular file"):
        open_regular(Path(device))


def test_a_socket_is_not_read(lake: Settings) -> None:
    place = deliver(lake)
    (place / "part-01.csv").unlink()
    import socket

    here = os.getcwd()
    os.chdir(place)  # the path of a socket is short
    try:
        with socket.socket(socket.AF_UNIX) as listening:
            listening.bind("part-01.csv")
            assert refused(lake) == ["part-01.csv: is a symbolic link or no regular file"]
    finally:
        os.chdir(here)


def test_a_hard_link_to_a_file_elsewhere_is_what_its_digest_says(lake: Settings, tmp_path: Path) -> None:
    """It cannot be told from a file of its own; what is held is what delivery.json named, or nothing."""
    place = deliver(lake)
    elsewhere = tmp_path / "elsewhere.csv"
    elsewhere.write_bytes(HEADER + b"\n" + ROW + b"\n")
    (place / "part-01.csv").unlink()
    os.link(elsewhere, place / "part-01.csv")
    assert any("its digest is not the one in delivery.json" in problem for problem in refused(lake))
