"""CSV records against the landing contract: quoting, line ends, what is unparsable, what refuses the file."""

import gzip
import itertools
import os
import weakref
from collections.abc import Iterator
from pathlib import Path

import duckdb
import numpy as np
import pyarrow as pa
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from orchestration.contracts.sources import Column, Source
from orchestration.ingest import csv_file, csv_records
from orchestration.ingest.conversion import hold_file
from orchestration.ingest.csv_file import CsvFile
from orchestration.ingest.csv_records import split_record
from orchestration.ingest.files import UnreadableFile
from tests.csv_reference import NONE, Record, files, pieces, reference_records, reference_values

SOURCE = Source("example", "snapshot", (Column("a"), Column("b"), Column("c")))
HEADER = b"a,b,c\n"


@pytest.fixture(scope="module")
def connection() -> Iterator[duckdb.DuckDBPyConnection]:
    with duckdb.connect(config={"threads": 2, "preserve_insertion_order": False}) as opened:
        yield opened


@pytest.fixture
def records(connection: duckdb.DuckDBPyConnection, tmp_path: Path):
    """The records of a file with these bytes, as held: row number, unparsable text, values of a, b and c."""

    def read(content: bytes, name: str = "part.csv", declared: int = 10**9) -> list[Record]:
        return held(connection, tmp_path, content, name, declared)

    return read


def held(
    connection: duckdb.DuckDBPyConnection, folder: Path, content: bytes, name: str = "part.csv", declared: int = 10**9
) -> list[Record]:
    landed, raw = folder / name, folder / "raw.parquet"
    landed.write_bytes(gzip.compress(content) if name.endswith(".gz") else content)
    facts = hold_file(connection, SOURCE, landed, raw, declared)
    rows = connection.execute(f"SELECT * FROM read_parquet('{raw}') ORDER BY row_number").fetchall()
    assert facts.rows == len(rows)
    return [(row[0], row[1], list(row[2:])) for row in rows]


def values(found: list[Record]) -> list[list[str | None]]:
    assert [number for number, _, _ in found] == list(range(1, len(found) + 1))
    assert not [text for _, text, _ in found if text is not None]
    return [row for _, _, row in found]


@pytest.mark.parametrize("name", ["part.csv", "part.csv.gz", "PART.CSV.GZ"])
@pytest.mark.parametrize(
    "content",
    [
        b"a,b,c\n1,x,\n2,,y\n",
        b"a,b,c\r\n1,x,\r\n2,,y\r\n",
        b"a,b,c\n1,x,\r\n2,,y",
        b"\xef\xbb\xbfa,b,c\n1,x,\n2,,y\n",
        b"\xef\xbb\xbf\r\na;b;c\r\n1;x;\r\n\r\n\n2;;y\r\n\n",
        b" a ,\tb,c\x0b\n1,x,\n2,,y\n",
        b'"a","b","c"\n"1","x",""\n"2",,"y"\n',
        b"c;extra;a;b\n;e;1;x\ny;;2;\n",
    ],
    ids=["lf", "crlf", "mixed, no last line end", "bom", "empty lines", "blank header", "quoted", "other columns"],
)
def test_the_same_rows_in_every_form(records, content: bytes, name: str) -> None:
    read_back = records(content if not name.endswith("GZ") else content, name.replace("PART.CSV.GZ", "PART.csv.gz"))
    assert values(read_back) == [["1", "x", ""], ["2", "", "y"]]


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        (b'"x,y",b,c', ["x,y", "b", "c"]),
        (b'"say ""no""",b,c', ['say "no"', "b", "c"]),
        (b'"""",b,c', ['"', "b", "c"]),
        (b'"","""""",c', ["", '""', "c"]),
        (b'x"y,b"b",c', ['x"y', 'b"b"', "c"]),
        (b'x"y,"p,q",c"', ['x"y', "p,q", 'c"']),
        (b' "x",b,c', [' "x"', "b", "c"]),
        (b"x\ry,\rb,c\r\r", ["x\ry", "\rb", "c\r"]),  # the last one belongs to the line end
        ("x\u2028y,b\u0085b,c\u2029".encode(), ["x\u2028y", "b\u0085b", "c\u2029"]),
        ("é,\U0001f600,\ufeff".encode(), ["é", "\U0001f600", "\ufeff"]),
        (b" x ,\t, ", [" x ", "\t", " "]),
        (b",,", ["", "", ""]),
        (b"x;y,b,c", ["x;y", "b", "c"]),
    ],
)
def test_values_come_out_as_delivered(records, line: bytes, expected: list[str]) -> None:
    around = [["1", "2", "3"], expected, ['4,"', "5", "6"]]
    assert values(records(HEADER + b"1,2,3\n" + line + b'\n"4,""",5,6\n')) == around
    assert values(records(HEADER + line + b"\n")) == [expected]


@pytest.mark.parametrize(
    "line",
    [
        b"x,y",
        b"w,x,y,z",
        b"x,y,z,",
        b'"x,y,z',
        b'x,y,"z',
        b'"x"y,y,z',
        b'"x" ,y,z',
        b'"x""y,y,z',
        b'"x",y',
        b'"x",y,z,"w"',
        b"x\0,y,z",
        b'"x\0",y,z',
        b"x\xff,y,z",
        b'"x\xc3",y,z',
        b"x,\xed\xa0\x80,z",
        b"x,\xc0\xaf,z",
        b"   ",
        b"\r",
        b'"',
    ],
)
def test_an_unparsable_line_is_kept_as_text_and_spares_its_neighbours(records, line: bytes) -> None:
    found = records(HEADER + b'1,2,3\n"4",5,6\n' + line + b'\r\n7,8,9\n"10","1,1",12\n')
    assert found[2] == (3, line.decode("utf-8", "replace"), NONE)
    good = [found[0], found[1], found[3], found[4]]
    assert [row for _, _, row in good] == [["1", "2", "3"], ["4", "5", "6"], ["7", "8", "9"], ["10", "1,1", "12"]]
    assert [number for number, _, _ in good] == [1, 2, 4, 5]
    assert records(HEADER + line + b"\r\n") == [(1, line.decode("utf-8", "replace"), NONE)]


def test_an_unbalanced_quote_ends_with_its_line(records) -> None:
    found = records(HEADER + b'1,"2,3\n4,5,6\n7,8",9\n')
    assert found == [(1, '1,"2,3', NONE), (2, None, ["4", "5", "6"]), (3, None, ["7", '8"', "9"])]


@pytest.mark.parametrize(("content", "delimiter"), [(b"a,b;x,c\n", b","), (b"a;b;c,d\n", b";"), (b"a;b,c\n", b",")])
def test_the_delimiter_is_the_more_frequent_one_a_tie_is_a_comma(tmp_path: Path, content: bytes, delimiter) -> None:
    (tmp_path / "x.csv").write_bytes(content)
    with CsvFile(tmp_path / "x.csv", packed=False) as file:
        assert file.delimiter == delimiter


def test_a_file_of_a_header_alone_holds_no_rows(records) -> None:
    assert records(HEADER) == records(b"a,b,c") == records(b"a,b,c\r\n\r\n\n") == []


@pytest.mark.parametrize(
    ("content", "cause"),
    [
        (b"", "no header"),
        (b"\xef\xbb\xbf", "no header"),
        (b"\n\r\n", "no header"),
        (b'a,"b,c\n1,2,3\n', "header line cannot be parsed"),
        (b"a,b\xff,c\n1,2,3\n", "header line cannot be parsed"),
        (b"a,b\0,c\n1,2,3\n", "header line cannot be parsed"),
        (b"a,b\n1,2\n", "lacks columns of the contract: c"),
        (b"A,b,c\n1,2,3\n", "lacks columns of the contract: a"),
        (b"a,b,c, a\n1,2,3,4\n", "a column name twice: a"),
        (b"a,b,c,secret,secret\n1,2,3,4,5\n", "a column name twice: one that the contract does not know"),
    ],
)
def test_a_file_that_is_no_csv_of_the_contract_is_refused(records, content: bytes, cause: str) -> None:
    with pytest.raises(UnreadableFile, match=cause) as refused:
        records(content)
    assert "secret" not in str(refused.value)


def test_more_rows_than_declared_stop_the_reading(records) -> None:
    content = HEADER + b"1,2,3\n" * 4
    assert len(records(content, declared=4)) == 4
    with pytest.raises(UnreadableFile, match="more rows than"):
        records(content, declared=3)


def test_a_truncated_gzip_file_is_refused(connection, tmp_path: Path) -> None:
    packed = gzip.compress(HEADER + b"".join(b"%d,2,3\n" % n for n in range(100_000)))
    for cut in (len(packed) // 2, len(packed) - 4, 3):
        (tmp_path / "part.csv.gz").write_bytes(packed[:cut])
        with pytest.raises(UnreadableFile, match="cannot be read"):
            hold_file(connection, SOURCE, tmp_path / "part.csv.gz", tmp_path / f"{cut}.parquet", 10**9)


def test_text_that_is_no_gzip_is_refused(connection, tmp_path: Path) -> None:
    (tmp_path / "part.csv.gz").write_bytes(HEADER)
    with pytest.raises(UnreadableFile, match="cannot be read"):
        hold_file(connection, SOURCE, tmp_path / "part.csv.gz", tmp_path / "raw.parquet", 10**9)


def test_gzip_members_one_after_the_other_are_one_file(connection, tmp_path: Path) -> None:
    (tmp_path / "part.csv.gz").write_bytes(gzip.compress(HEADER + b"1,2") + gzip.compress(b",3\n4,5,6\n"))
    assert hold_file(connection, SOURCE, tmp_path / "part.csv.gz", tmp_path / "raw.parquet", 10).rows == 2


def test_a_gzip_file_that_unpacks_beyond_measure_is_refused(records, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(csv_file, "BLOCK_BYTES", 1 << 10)
    content = HEADER + b"1,2,3\n" * 50_000
    assert len(records(content, "part.csv.gz")) == 50_000
    monkeypatch.setattr("orchestration.ingest.files.RATIO_FROM_BYTES", 1 << 12)
    monkeypatch.setattr("orchestration.ingest.files.MAX_RATIO", 20)
    with pytest.raises(UnreadableFile, match="unpacks to more"):
        records(content, "part.csv.gz")


def test_a_long_line_is_a_record_until_it_is_too_long(records, monkeypatch: pytest.MonkeyPatch) -> None:
    long = b"x" * (5 << 20)
    assert values(records(HEADER + b"1,2,3\n" + long + b',"y",z\n4,5,6\n'))[1] == [long.decode(), "y", "z"]
    monkeypatch.setattr(csv_records, "MAX_RECORD_BYTES", 4 << 20)
    for content in (long + b",y,z\n4,5,6\n", long + long + long, b'"' + long + b"\n"):
        with pytest.raises(UnreadableFile, match="longer than a record"):
            records(HEADER + b"1,2,3\n" + content)


def test_a_large_file_is_never_in_memory(connection, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Blocks are read as they are written out, not ahead: only a few of hundreds are there at a time."""
    monkeypatch.setattr(csv_file, "BLOCK_BYTES", 64 << 10)
    make, seen, there, most = pa.py_buffer, itertools.count(), set(), [0]

    def counted(content: object) -> pa.Buffer:
        octets, number = np.frombuffer(content, np.uint8).view(), next(seen)
        there.add(number)
        weakref.finalize(octets, there.discard, number)
        most[0] = max(most[0], len(there))
        return make(octets)

    monkeypatch.setattr(pa, "py_buffer", counted)
    source = Source("wide", "snapshot", tuple(Column(f"column{n}") for n in range(15)))
    with (tmp_path / "part.csv").open("w") as file:
        file.write(",".join(source.column_names) + "\n")
        file.writelines(",".join(f"value{row}-{n}" for n in range(15)) + "\n" for row in range(100_000))
    assert hold_file(connection, source, tmp_path / "part.csv", tmp_path / "raw.parquet", 100_000).rows == 100_000
    assert next(seen) > 400 and most[0] <= 20  # two buffers a block


def test_a_link_or_a_pipe_is_not_opened(tmp_path: Path) -> None:
    (tmp_path / "x.csv").write_bytes(HEADER)
    (tmp_path / "link.csv").symlink_to(tmp_path / "x.csv")
    os.mkfifo(tmp_path / "pipe.csv")
    for name in ("link.csv", "pipe.csv", "none.csv"):
        with pytest.raises(UnreadableFile):
            CsvFile(tmp_path / name, packed=False)


# The contract once more, one character after the other


@settings(max_examples=150, deadline=None)
@given(files, st.integers(1, 80), st.sampled_from([b"\n", b"\r\n"]), st.booleans())
@example((b"a,b,c\n", [b'x,"', b'",y,z', b'"",b,c"']), 80, b"\n", True)
def test_any_bytes_give_the_records_of_the_contract(
    connection,
    tmp_path_factory: pytest.TempPathFactory,
    parts: tuple[bytes, list[bytes]],
    block: int,
    end: bytes,
    last: bool,
) -> None:
    content = parts[0] + end.join(parts[1]) + (end if last else b"")
    expected = reference_records(content)
    assert expected is not None
    folder = tmp_path_factory.mktemp("records")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(csv_file, "BLOCK_BYTES", block)
        assert held(connection, folder, content) == expected[1]


@given(st.lists(pieces, max_size=12).map(b"".join), st.sampled_from([",", ";"]))
def test_one_record_is_split_as_the_contract_says(line: bytes, delimiter: str) -> None:
    parts = split_record(line, delimiter.encode())
    try:
        expected = reference_values(line.replace(b"\0", b"?"), delimiter)
        assert (parts and [part.decode().replace("\0", "?") for part in parts]) == expected
    except UnicodeDecodeError:
        assert reference_values(line, delimiter) is None
