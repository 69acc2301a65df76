"""The rows of raw files as one SELECT: text forms of Parquet types, file ids, row numbers, odd names."""

from collections.abc import Mapping
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from orchestration.contracts.sources import Column, Source
from orchestration.ingest.raw_view import raw_select_sql
from orchestration.ingest.records import RawFile

MIDNIGHT = datetime(2025, 11, 17, tzinfo=UTC)
SOURCE = Source("example", "snapshot", (Column("a"), Column("b")))
COLUMNS = ["file_id", "row_number", "unparsable", "a", "b"]


def parquet(path: Path, columns: Mapping[str, Any]) -> RawFile:
    path.parent.mkdir(parents=True, exist_ok=True)
    table = pa.table(dict(columns))
    pq.write_table(table, path)
    return RawFile(
        path=path.name, sha256="0" * 64, rows=table.num_rows, raw_path=path, decimal_comma=False, is_csv=False
    )


def made_from_csv(path: Path, rows: int) -> RawFile:
    texts = {name: pa.array([f"{name}{n}" for n in range(rows)], pa.string()) for name in ("a", "b")}
    fixed = {"row_number": pa.array(range(1, rows + 1), pa.int64()), "unparsable": pa.array([None] * rows, pa.string())}
    return parquet(path, fixed | texts).model_copy(update={"is_csv": True})


def rows(files: Mapping[int, RawFile]) -> list[tuple[Any, ...]]:
    with duckdb.connect() as connection:
        selected = connection.execute(f"SELECT * FROM ({raw_select_sql(SOURCE, files)}) ORDER BY file_id, row_number")
        assert [column[0] for column in selected.description] == COLUMNS
        assert [str(column[1]) for column in selected.description] == ["INTEGER", "BIGINT", *["VARCHAR"] * 3]
        return selected.fetchall()


@pytest.mark.parametrize(
    ("values", "texts"),
    [
        (pa.array([1, -2, None], pa.int8()), ["1", "-2", None]),
        (pa.array([9223372036854775807], pa.int64()), ["9223372036854775807"]),
        (pa.array([18446744073709551615], pa.uint64()), ["18446744073709551615"]),
        (pa.array([3171010101880001.0, 5.0, -3.0, 1e22, None], pa.float64()),
         ["3171010101880001", "5", "-3", "10000000000000000000000", None]),
        (pa.array([45.5, 0.1, 0.00001, float("nan"), float("inf")], pa.float64()),
         ["45.5", "0.1", "0.00001000000000000000", "nan", "inf"]),
        (pa.array([0.1, 16777216.0, 7.25], pa.float32()), ["0.1", "16777216", "7.25"]),
        (pa.array([Decimal("45.0"), Decimal("0.5")], pa.decimal128(7, 1)), ["45.0", "0.5"]),
        (pa.array([Decimal(45)], pa.decimal128(20, 0)), ["45"]),
        (pa.array([date(2025, 11, 17), date(1, 1, 1)], pa.date32()), ["2025-11-17", "0001-01-01"]),
        (pa.array([datetime(2025, 11, 17), datetime(2025, 11, 17, 1, 2, 3)], pa.timestamp("us")),
         ["2025-11-17", "2025-11-17 01:02:03"]),
        (pa.array([datetime(2025, 11, 17)], pa.timestamp("ns")), ["2025-11-17"]),
        (pa.array([datetime(2025, 11, 17)], pa.timestamp("ms")), ["2025-11-17"]),
        (pa.array([MIDNIGHT, MIDNIGHT - timedelta(hours=7)], pa.timestamp("us", "UTC")),
         ["2025-11-17", "2025-11-16 17:00:00"]),
        (pa.array([True, None], pa.bool_()), ["true", None]),
        (pa.array([None, None], pa.null()), [None, None]),
        (pa.array([" x ", "", "é"], pa.large_string()), [" x ", "", "é"]),
        (pa.array(["x", "x"], pa.string()).dictionary_encode(), ["x", "x"]),
        (pa.array(["teks é".encode(), b""], pa.binary()), ["teks é", ""]),
    ],
    ids=lambda value: str(value.type) if isinstance(value, pa.Array) else "",
)  # fmt: skip
def test_every_parquet_type_has_its_text_form(tmp_path: Path, values: pa.Array, texts: list[str | None]) -> None:
    file = parquet(tmp_path / "x.parquet", {"b": values, "a": pa.array(["k"] * len(values))})
    assert [row[4] for row in rows({1: file})] == texts


def test_files_of_different_schemas_and_origins_come_together(tmp_path: Path) -> None:
    files = {
        7: parquet(tmp_path / "1.parquet", {"a": ["x", "y"], "b": [1, 2]}),
        3: made_from_csv(tmp_path / "2.parquet", 2),
        5: parquet(tmp_path / "3.parquet", {"b": [1.0], "extra": [0], "a": ["z"]}),
        4: parquet(tmp_path / "4.parquet", {"a": ["v"], "b": [9]}),
        9: made_from_csv(tmp_path / "5.parquet", 0),
    }
    assert rows(files) == [
        (3, 1, None, "a0", "b0"),
        (3, 2, None, "a1", "b1"),
        (4, 1, None, "v", "9"),
        (5, 1, None, "z", "1"),
        (7, 1, None, "x", "1"),
        (7, 2, None, "y", "2"),
    ]


def test_without_files_there_are_columns_and_no_rows() -> None:
    assert rows({}) == []


def test_column_names_are_case_sensitive_and_may_be_the_engines_own(tmp_path: Path) -> None:
    columns = {
        "A": ["upper"],
        "a": ["lower"],
        "file_row_number": [77],
        "filename": ["f"],
        "file_index": [5],
        "c0": ["c"],
        "b": ["b"],
        "B": ["B"],
    }
    assert rows({1: parquet(tmp_path / "x.parquet", columns)}) == [(1, 1, None, "lower", "b")]


def test_a_path_is_no_pattern(tmp_path: Path) -> None:
    folder = tmp_path / "lake [1]" / "p=1" / "what's*this?"
    file = parquet(folder / "x.parquet", {"a": ["x"], "b": ["y"]})
    parquet(tmp_path / "lake 1" / "p=1" / "what's this!" / "x.parquet", {"a": ["no"], "b": ["no"]})
    assert rows({1: file, 2: made_from_csv(folder / "y.parquet", 1)}) == [
        (1, 1, None, "x", "y"),
        (2, 1, None, "a0", "b0"),
    ]


def test_hundreds_of_files_are_one_scan(tmp_path: Path) -> None:
    files = {n: parquet(tmp_path / f"{n}.parquet", {"a": [f"{n}"] * 3, "b": [n] * 3}) for n in range(300)}
    sql = raw_select_sql(SOURCE, files)
    assert sql.count("read_parquet") == 1
    assert [(row[0], row[1], row[3]) for row in rows(files)] == [(n, k, f"{n}") for n in range(300) for k in (1, 2, 3)]


def test_row_numbers_hold_over_row_groups_and_threads(tmp_path: Path) -> None:
    table = pa.table({"a": [str(n) for n in range(1, 50_001)], "b": ["b"] * 50_000})
    pq.write_table(table, tmp_path / "x.parquet", row_group_size=2048)
    file = RawFile(path="x", sha256="", rows=50_000, raw_path=tmp_path / "x.parquet", decimal_comma=False, is_csv=False)
    with duckdb.connect(config={"threads": 2, "preserve_insertion_order": False}) as connection:
        connection.execute(f"CREATE VIEW raw AS {raw_select_sql(SOURCE, {1: file})}")
        counted = "SELECT count(*), count(*) FILTER (CAST(a AS BIGINT) <> row_number) FROM raw"
        assert connection.execute(counted).fetchall() == [(50_000, 0)]
        some = connection.execute("SELECT row_number FROM raw WHERE a IN ('1', '2049', '49999')").fetchall()
        assert sorted(some) == [(1,), (2049,), (49999,)]


def test_dates_and_integers_may_stay_what_they_are_where_every_file_has_them(tmp_path: Path) -> None:
    source = Source("s", "snapshot", (Column("day", "date"), Column("count", "int"), Column("key", "id")))
    values = {"day": pa.array([date(2025, 11, 17), None], pa.date32()), "count": pa.array([7, None], pa.int16())}
    same = parquet(tmp_path / "1.parquet", {**values, "key": pa.array([5, 6], pa.int64())})
    text = parquet(tmp_path / "2.parquet", {"day": ["2025-11-18", "x"], "count": [8, 9], "key": ["A", "B"]})
    assert described(raw_select_sql(source, {1: same}, natural=True)) == (
        ["DATE", "SMALLINT", "VARCHAR"],
        [(date(2025, 11, 17), 7, "5"), (None, None, "6")],
    )
    assert described(raw_select_sql(source, {1: same, 2: text}, natural=True)) == (
        ["VARCHAR", "BIGINT", "VARCHAR"],
        [("2025-11-17", 7, "5"), (None, None, "6"), ("2025-11-18", 8, "A"), ("x", 9, "B")],
    )
    assert described(raw_select_sql(source, {1: same}))[0] == ["VARCHAR"] * 3


def described(sql: str) -> tuple[list[str], list[tuple[Any, ...]]]:
    with duckdb.connect() as connection:
        found = connection.execute(f"SELECT day, count, key FROM ({sql}) ORDER BY file_id, row_number")
        return [str(column[1]) for column in found.description], found.fetchall()
