"""The content digest by SQL against the same rule written out in Python, and what it must not depend on."""

import hashlib
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import duckdb
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from orchestration.candidate.datasets import parquet_relation
from orchestration.candidate.digests import UnsupportedType, column_types, content_digest, file_sha256

TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=12)
VALUES: dict[str, st.SearchStrategy[Any]] = {
    "VARCHAR": TEXT,
    "BOOLEAN": st.booleans(),
    "DATE": st.dates(),
    "INTEGER": st.integers(-(2**31), 2**31 - 1),
    "BIGINT": st.integers(-(2**63), 2**63 - 1),
    "DECIMAL(18,6)": st.decimals(-(10**11), 10**11, places=6),
    "DECIMAL(9,0)": st.integers(-(10**8), 10**8).map(Decimal),
    "DOUBLE": st.floats(),
}
TABLES = st.lists(st.sampled_from(sorted(VALUES)), min_size=1, max_size=5).flatmap(
    lambda types: st.tuples(
        st.just(types), st.lists(st.tuples(*(st.none() | VALUES[name] for name in types)), max_size=6)
    )
)


def canonical(value: Any) -> str:
    """The page's rule for one value."""
    match value:
        case None:
            return "\u2400"
        case bool():
            return "true" if value else "false"
        case date():
            return value.isoformat()
        case float() if value != value or value in (float("inf"), float("-inf")):
            return repr(value)
        case int() | float() | Decimal():
            number = Decimal(repr(value)) if isinstance(value, float) else Decimal(value)
            text = format(number, "f")
            text = text.rstrip("0").rstrip(".") if "." in text else text
            return "0" if number == 0 else text
        case _:
            return str(value)


def reference(rows: list[tuple[Any, ...]]) -> tuple[int, str]:
    """Rows and content digest by the page's rule."""
    texts = ["\x1f".join(canonical(value) for value in row) for row in rows]
    total = sum(int(hashlib.md5(text.encode()).hexdigest(), 16) >> 68 for text in texts)
    return len(rows), str(total)


def digest_of(types: list[str], rows: list[tuple[Any, ...]]) -> tuple[int, str]:
    """Rows and content digest by the engine."""
    with duckdb.connect() as connection:
        columns = {f"c{index}": name for index, name in enumerate(types)}
        connection.execute(f"create table t ({', '.join(f'{name} {kind}' for name, kind in columns.items())})")
        if rows:
            connection.executemany(f"insert into t values ({', '.join('?' * len(types))})", rows)
        digest = content_digest(connection, "t", columns)
        return digest.rows, digest.value


@settings(deadline=None, max_examples=200)
@given(TABLES)
@example((["DOUBLE"], [(1e16,), (1.2345678901234567e16,), (-1.5e300,), (2.5e-9,), (-0.0,), (100.0,), (1e-4,)]))
@example((["DECIMAL(18,6)"], [(Decimal("100"),), (Decimal("0"),), (Decimal("-0.5"),)]))
@example((["BIGINT", "DECIMAL(9,0)"], [(100, Decimal(100)), (0, Decimal(0))]))
@example((["VARCHAR"], [("",), (None,), ("\u2400",)]))
def test_sql_and_python_agree(table: tuple[list[str], list[tuple[Any, ...]]]) -> None:
    types, rows = table
    assert digest_of(types, rows) == reference(rows)


def test_a_known_value() -> None:
    # md5 of F-1, 2025-11-17, true, U+2400, 600000 joined by U+001F is f05c51d2fa50075464b6358068a616df
    row = ("F-1", date(2025, 11, 17), True, None, 600000)
    kinds = ["VARCHAR", "DATE", "BOOLEAN", "VARCHAR", "BIGINT"]
    assert digest_of(kinds, [row]) == (1, str(0xF05C51D2FA50075)) == (1, "1082488014596538485")


def test_order_of_rows_does_not_count_but_how_often_they_occur_does() -> None:
    once = digest_of(["VARCHAR", "BIGINT"], [("a", 1), ("b", 2)])
    assert digest_of(["VARCHAR", "BIGINT"], [("b", 2), ("a", 1)]) == once
    assert digest_of(["VARCHAR", "BIGINT"], [("b", 2), ("a", 1), ("a", 1)]) != once


def test_a_number_has_one_text_whatever_its_type() -> None:
    kinds = ["INTEGER", "BIGINT", "DECIMAL(9,0)", "DECIMAL(18,6)", "DOUBLE"]
    assert len({digest_of([kind], [(200,)]) for kind in kinds}) == 1
    assert digest_of(["BIGINT"], [(200,)]) != digest_of(["BIGINT"], [(2,)])


def test_values_do_not_run_into_each_other() -> None:
    two = ["VARCHAR", "VARCHAR"]
    assert digest_of(two, [("a", "bc")]) != digest_of(two, [("ab", "c")])
    assert digest_of(two, [(None, "a")]) != digest_of(two, [("", "a")])
    assert digest_of(two, [("a", "b")]) != digest_of(two, [("b", "a")])


def test_file_splits_do_not_count(tmp_path: Path) -> None:
    folder = tmp_path / "decisions" / "programme=PKH"
    folder.mkdir(parents=True)
    with duckdb.connect() as connection:
        connection.execute("create table t as select 'F-' || i as family_id, i from range(50) r(i)")
        for name, rows in {"all": "from t", "low": "from t where i < 20", "high": "from t where i >= 20"}.items():
            connection.execute(f"copy ({rows}) to '{folder / name}.parquet'")

        def digest(*names: str) -> Any:
            relation = parquet_relation([folder / f"{name}.parquet" for name in names])
            types = column_types(connection, relation)
            assert types["programme"] == "VARCHAR"
            return content_digest(connection, relation, types)

        assert digest("all") == digest("low", "high") == digest("high", "low") != digest("low")


@pytest.mark.parametrize("kind", ["TIMESTAMP", "FLOAT", "HUGEINT", "INTEGER[]"])
def test_a_type_without_canonical_text_is_refused(kind: str) -> None:
    with duckdb.connect() as connection, pytest.raises(UnsupportedType, match="counted"):
        content_digest(connection, f"(select null::{kind} as counted)", {"counted": kind})


def test_sha256_of_a_file(tmp_path: Path) -> None:
    file = tmp_path / "file"
    file.write_bytes(b"abc")
    assert file_sha256(file) == "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
