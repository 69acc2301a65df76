"""The rows of raw files as one SELECT: file id, row number, unparsable text, and the contract's columns as text.

Text form of natural Parquet types (landing contract): integers as digits, a whole float as an integer, a timestamp at
midnight as a date (of UTC, where it has a zone). Who reads all the rows may have dates and integers as they are: the
way by their text takes a quarter of parsing. Nothing is trimmed, parsed or judged here.
"""

from collections.abc import Mapping, Sequence
from contextlib import nullcontext
from pathlib import Path

import duckdb
import pyarrow.parquet as pq

from orchestration.contracts.sources import Source
from orchestration.engine import identifier, literal
from orchestration.ingest.records import RawFile

_FLOATS = ("FLOAT", "DOUBLE")
_INTEGERS = ("TINYINT", "SMALLINT", "INTEGER", "BIGINT")
_NATURAL = {"date": ("DATE",), "int": _INTEGERS, "bigint": _INTEGERS}
"""Types of a Parquet column that is what the contract means by a type."""


def raw_select_sql(
    source: Source,
    files: Mapping[int, RawFile],
    connection: duckdb.DuckDBPyConnection | None = None,
    *,
    natural: bool = False,
) -> str:
    """SQL of every row of ``files`` (file id to file); streams, in no order.

    Columns: file_id INTEGER, row_number BIGINT (from 1), unparsable VARCHAR, then the contract's columns as VARCHAR;
    with ``natural`` a column of dates or integers that is one in every file stays one. Files of one schema are read by
    one scan. ``connection`` reads the types of Parquet columns, a new one if it is not given. Raises duckdb.Error when
    a file cannot be read.
    """
    groups: dict[tuple[tuple[str, str], ...], list[int]] = {}
    for file_id, file in files.items():
        schema = (("csv", ""),) if file.is_csv else parquet_schema(file.raw_path)
        groups.setdefault(schema, []).append(file_id)
    with nullcontext(connection) if connection else duckdb.connect() as reader:
        selects = [
            _group_sql(source, {n: files[n].raw_path for n in ids}, None if files[ids[0]].is_csv else reader, natural)
            for ids in groups.values()
        ]
    return "\nUNION ALL\n".join(selects) or _empty_sql(source)


def parquet_schema(path: Path) -> tuple[tuple[str, str], ...]:
    """Names and types of a Parquet file's columns, in its order."""
    return tuple((field.name, str(field.type)) for field in pq.read_schema(path))


def _empty_sql(source: Source) -> str:
    columns = "".join(f", CAST(NULL AS VARCHAR) AS {identifier(name)}" for name in source.column_names)
    fixed = "CAST(NULL AS INTEGER) AS file_id, CAST(NULL AS BIGINT) AS row_number, CAST(NULL AS VARCHAR) AS unparsable"
    return f"SELECT {fixed}{columns} WHERE false"


def _group_sql(
    source: Source, paths: Mapping[int, Path], reader: duckdb.DuckDBPyConnection | None, natural: bool
) -> str:
    """One scan over files of one schema. Columns are taken by position: Parquet names are case sensitive, SQL's not.

    ``reader`` is None for Parquet made from CSV.
    """
    scan = f"read_parquet([{', '.join(_path(path) for path in paths.values())}], hive_partitioning = false)"
    file_id = f"(CAST([{', '.join(map(str, paths))}] AS INTEGER[]))[CAST(file_index AS BIGINT) + 1] AS file_id"
    if reader is None:
        columns = ", ".join(map(identifier, source.column_names))
        return f"SELECT {file_id}, row_number, unparsable, {columns} FROM {scan}"
    some_path = next(iter(paths.values()))
    names = [name for name, _ in parquet_schema(some_path)]
    types = _engine_types(some_path, reader)
    kept = {column.name: _NATURAL.get(column.type, ()) if natural else () for column in source.columns}
    values = [
        f"{_text_sql(f'c{position}', types[position]) if types[position] not in kept[name] else f'c{position}'}"
        f" AS {identifier(name)}"
        for name in source.column_names
        for position in [names.index(name)]
    ]
    aliases = ", ".join(f"c{position}" for position in range(len(names)))
    fixed = f"{file_id}, file_row_number + 1 AS row_number, CAST(NULL AS VARCHAR) AS unparsable"
    return f"SELECT {fixed}, {', '.join(values)} FROM {scan} AS delivered ({aliases})"


def _path(path: Path) -> str:
    """A path as literal that matches itself alone: the engine reads paths as patterns."""
    return literal("".join(f"[{letter}]" if letter in "*?[" else letter for letter in str(path)))


def _engine_types(path: Path, reader: duckdb.DuckDBPyConnection) -> Sequence[str]:
    described = reader.execute(f"DESCRIBE SELECT * FROM read_parquet({_path(path)}, hive_partitioning = false)")
    return [row[1] for row in described.fetchall()]


def _text_sql(column: str, engine_type: str) -> str:
    text = f"CAST({column} AS VARCHAR)"
    if engine_type == "VARCHAR":
        return column
    if engine_type == "BLOB":  # text without its annotation
        return f"decode({column})"
    if engine_type in _FLOATS:
        whole = f"format('{{:.0f}}', CAST({column} AS DOUBLE))"
        plain = f"CAST(CAST({text} AS DECIMAL(38, 20)) AS VARCHAR)"
        return (
            f"CASE WHEN {column} = trunc({column}) THEN {whole} WHEN contains({text}, 'e') THEN {plain} ELSE {text} END"
        )
    if engine_type.startswith("TIMESTAMP"):
        moment = f"make_timestamp(epoch_us({column}))" if engine_type == "TIMESTAMP WITH TIME ZONE" else column
        midnight = f"{moment} = date_trunc('day', CAST({moment} AS TIMESTAMP))"
        return f"CASE WHEN {midnight} THEN CAST(CAST({moment} AS DATE) AS VARCHAR) ELSE CAST({moment} AS VARCHAR) END"
    return text
