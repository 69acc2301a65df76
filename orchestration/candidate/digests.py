"""Digests: of a file (its bytes) and of a data set (its content, whatever the order of rows, the files or the engine).

The content digest (release and marts, "Content digest"): the sum, as decimal(38,0), of the first 60 bits of the md5 of
each row's canonical text, and the row count. Canonical text: the values in order of the columns, separated by U+001F;
null as U+2400; numbers without exponent or trailing zeros; booleans true/false; dates ISO; text as it is, in UTF-8.
It tells contents apart, it is no seal: two rows may swap the values of a text that itself holds U+001F, and sums can be
forged. What seals is the sha256 of every file in the manifest.
"""

import hashlib
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import duckdb

from orchestration.engine import identifier

INTEGERS = ("TINYINT", "SMALLINT", "INTEGER", "BIGINT")
_DECIMAL = re.compile(r"DECIMAL\(\d+,(\d+)\)")


class UnsupportedType(ValueError):
    """A column's type has no canonical text, or would change its value in Parquet."""


@dataclass(frozen=True)
class ContentDigest:
    """Row count, and the sum as decimal text (it exceeds what JSON numbers carry)."""

    rows: int
    value: str


def file_sha256(path: Path) -> str:
    """sha256 of a file's bytes, lower-case hex."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _without_trailing_zeros(text: str) -> str:
    return f"rtrim(rtrim({text}, '0'), '.')"


def _double(column: str) -> str:
    """Shortest text that reads back as the same double, the exponent written out; negative zero is 0."""
    text = f"cast({column} as varchar)"
    number = r"^-?(\d)\.?(\d*)e([+-]\d+)$"
    sign = f"(case when {column} < 0 then '-' else '' end)"
    digits = f"(regexp_extract({text}, '{number}', 1) || regexp_extract({text}, '{number}', 2))"
    power = f"cast(regexp_extract({text}, '{number}', 3) as integer)"
    return (
        f"case when {column} = 0 then '0' when isnan({column}) then 'nan' when not isfinite({column}) then {text} "
        f"when not contains({text}, 'e') then {_without_trailing_zeros(text)} "
        # The engine writes an exponent from 16 up, never with more than 17 digits: no digit is right of the point.
        f"when contains({text}, 'e+') then {sign} || {digits} || repeat('0', {power} + 1 - length({digits})) "
        f"else {sign} || '0.' || repeat('0', -{power} - 1) || {_without_trailing_zeros(digits)} end"
    )


def canonical_text(name: str, type_name: str) -> str:
    """SQL for the canonical text of one column, null as U+2400. Raises UnsupportedType."""
    column = identifier(name)
    text = f"cast({column} as varchar)"
    if type_name == "DOUBLE":
        text = _double(column)
    elif match := _DECIMAL.fullmatch(type_name):
        text = _without_trailing_zeros(text) if int(match[1]) else text
    elif type_name not in ("VARCHAR", "BOOLEAN", "DATE", *INTEGERS):
        raise UnsupportedType(f"column {name} is {type_name}: cast it to text, flag, date, integer, decimal or double")
    return f"coalesce({text}, chr(9216))"


def content_digest(connection: duckdb.DuckDBPyConnection, relation: str, columns: Mapping[str, str]) -> ContentDigest:
    """Content digest of ``relation`` (SQL after FROM) over ``columns`` (name to DuckDB type, in order)."""
    texts = ", ".join(canonical_text(name, type_name) for name, type_name in columns.items())
    row = connection.execute(
        "select count(*), coalesce(sum(cast(cast('0x' || left(md5(concat_ws(chr(31), "
        f"{texts})), 15) as bigint) as decimal(38, 0))), 0) from {relation}"
    ).fetchone()
    assert row is not None
    return ContentDigest(rows=row[0], value=str(row[1]))


def column_types(connection: duckdb.DuckDBPyConnection, relation: str) -> dict[str, str]:
    """The columns of ``relation`` (SQL after FROM) with their DuckDB types, in its order."""
    rows: Sequence[tuple[str, str]] = connection.execute(f"describe select * from {relation}").fetchall()
    return {row[0]: row[1] for row in rows}
