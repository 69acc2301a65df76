"""One delivered file becomes one raw Parquet file: CSV is converted, Parquet linked; its facts are checked on the way.

Of Parquet only the footer is read here: who reads all values first, be it ``read_through``, finds a damaged one.
Every cause to refuse a file is an UnreadableFile or a problem in words; which delivery it belongs to is not known here.
"""

import os
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq

from orchestration.contracts.sources import Source
from orchestration.engine import identifier, literal
from orchestration.ingest.csv_file import CsvFile
from orchestration.ingest.csv_records import JOINED, PLAIN, SCHEMA
from orchestration.ingest.files import (
    CHUNK_BYTES,
    MAX_COLUMNS,
    MAX_NAME_LENGTH,
    UnreadableFile,
    file_digest,
    open_regular,
    require_unpackable,
)
from orchestration.ingest.raw_view import raw_select_sql
from orchestration.ingest.records import RawFile


@dataclass(frozen=True)
class Facts:
    """What a file turned out to be."""

    sha256: str
    rows: int
    columns: list[str]
    decimal_comma: bool = False


def is_csv(name: str) -> bool:
    """Whether a data file is CSV, by its name; all others are Parquet."""
    return not name.lower().endswith(".parquet")


def hold_file(
    connection: duckdb.DuckDBPyConnection, source: Source, landed: Path, raw: Path, declared_rows: int
) -> Facts:
    """Make the raw Parquet file of one landed file; raises UnreadableFile, also when a contract column is missing."""
    if is_csv(landed.name):
        return _convert_csv(connection, source, landed, raw, declared_rows)
    return _link_parquet(source, landed, raw, declared_rows)


def _require_columns(source: Source, columns: list[str]) -> None:
    """Refuse a file without the contract's columns, with a name twice, or with more or longer names than one may have.

    Only names of the contract are quoted: in a file without header the others are values.
    """
    if len(columns) > MAX_COLUMNS:
        raise UnreadableFile(f"has more than {MAX_COLUMNS} columns")
    if max(map(len, columns), default=0) > MAX_NAME_LENGTH:
        raise UnreadableFile(f"has a column name longer than {MAX_NAME_LENGTH} characters")
    if missing := [name for name in source.column_names if name not in columns]:
        raise UnreadableFile(f"lacks columns of the contract: {', '.join(missing)}")
    if len(set(columns)) < len(columns):
        doubled = [name for name in source.column_names if columns.count(name) > 1]
        raise UnreadableFile(f"has a column name twice: {', '.join(doubled) or 'one that the contract does not know'}")


def _convert_csv(
    connection: duckdb.DuckDBPyConnection, source: Source, landed: Path, raw: Path, declared_rows: int
) -> Facts:
    with CsvFile(landed, packed=landed.name.lower().endswith(".gz"), most_rows=declared_rows) as file:
        _require_columns(source, file.columns)
        failure: list[UnreadableFile] = []

        def batches() -> Iterator[pa.RecordBatch]:
            try:
                yield from file.batches()
            except UnreadableFile as error:  # the engine would wrap it in a message of its own
                failure.append(error)

        # as a bare stream: of a reader the engine has pyarrow read ahead, without bound when writing is slower
        records = pa.RecordBatchReader.from_batches(SCHEMA, batches()).__arrow_c_stream__()
        connection.register("delivered_records", records)
        try:
            connection.execute(_split_sql(source, file, raw))
        finally:
            connection.unregister("delivered_records")
        if failure:
            raise failure[0]
        raw.chmod(0o600)
        return Facts(file.sha256(), file.rows, file.columns, decimal_comma=file.delimiter == b";")


def _split_sql(source: Source, file: CsvFile, raw: Path) -> str:
    width = len(file.columns)
    values = ", ".join(
        f"CASE WHEN parsed THEN fields[{file.columns.index(name) + 1}] END AS {identifier(name)}"
        for name in source.column_names
    )
    return f"""
        COPY (
            SELECT row_number, CASE WHEN NOT parsed THEN record END AS unparsable, {values}
            FROM (
                SELECT row_number, record, fields, fields IS NOT NULL AND len(fields) = {width} AS parsed
                FROM (
                    SELECT row_number, record, CASE kind
                        WHEN {PLAIN} THEN string_split(record, {literal(file.delimiter.decode())})
                        WHEN {JOINED} THEN string_split(record, chr(0)) END AS fields
                    FROM delivered_records
                )
            )
        ) TO {literal(raw)} (FORMAT parquet, COMPRESSION zstd, COMPRESSION_LEVEL 1)
    """


def _link_parquet(source: Source, landed: Path, raw: Path, declared_rows: int) -> Facts:
    """Link (copy across file systems) and check what was linked, so that what is checked is what is held."""
    with open_regular(landed):
        pass
    try:
        os.link(landed, raw, follow_symlinks=False)
    except OSError:
        with open_regular(landed) as origin, raw.open("xb") as copy:
            os.chmod(raw, 0o600)
            shutil.copyfileobj(origin, copy, CHUNK_BYTES)
    digest = file_digest(raw)
    try:
        with pq.ParquetFile(raw) as file:
            rows, columns, schema = file.metadata.num_rows, file.schema_arrow.names, file.schema_arrow
            groups = [file.metadata.row_group(n) for n in range(file.metadata.num_row_groups)]
    except (pa.ArrowException, OSError) as error:
        raise UnreadableFile(f"cannot be read as Parquet ({type(error).__name__})") from None
    _require_columns(source, columns)
    if nested := [name for name in source.column_names if pa.types.is_nested(schema.field(name).type)]:
        raise UnreadableFile(f"holds more than one value a row in: {', '.join(nested)}")
    if rows > declared_rows:  # before they are read
        raise UnreadableFile("holds more rows than delivery.json says")
    if rows != sum(group.num_rows for group in groups):
        raise UnreadableFile("holds another number of rows than its own footer says")
    require_unpackable(raw.stat().st_size, sum(group.total_byte_size for group in groups))
    return Facts(digest, rows, columns)


def read_through(connection: duckdb.DuckDBPyConnection, source: Source, file: RawFile) -> None:
    """Decode every value of the contract's columns once, so that a damaged file is found here and not in a build.

    Raises UnreadableFile.
    """
    columns = ", ".join(map(identifier, source.column_names))
    try:
        delivered = raw_select_sql(source, {0: file}, connection, natural=True)
        connection.execute(f"SELECT bit_xor(hash({columns})) FROM ({delivered})").fetchall()
    except (duckdb.OutOfMemoryException, duckdb.InterruptException):
        raise  # our fault, not the file's
    except (duckdb.Error, pa.ArrowException) as error:
        raise UnreadableFile(f"cannot be read as Parquet ({type(error).__name__})") from None
