"""The rows of raw files as one SELECT of Spark: the same columns and texts as of DuckDB (ingest/raw_view.py).

Nothing is trimmed, parsed or judged here. What Spark cannot read at all is an error of the build that names the file.
"""

from collections.abc import Mapping
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from orchestration.contracts.sources import Source
from orchestration.ingest.records import RawFile


def spark_select_sql(source: Source, files: Mapping[int, RawFile]) -> str:
    """SQL of every row of ``files`` (file id to file), in no order.

    Columns: file_id INT, row_number BIGINT (from 1), unparsable STRING, then the contract's columns as STRING.
    Raises OSError or pyarrow.ArrowException when a file cannot be read.
    """
    return "\nunion all\n".join(_file_sql(source, number, file) for number, file in files.items()) or _empty_sql(source)


def spark_path(path: Path) -> str:
    """A file or folder as a relation of Spark that is it alone: Spark reads paths as patterns."""
    escaped = "".join(f"\\{letter}" if letter in "\\*?[]{}" else letter for letter in str(path))
    return f"parquet.{_identifier(escaped)}"


def spark_text(value: str | Path) -> str:
    """A text as a literal of Spark."""
    return "'" + str(value).replace("\\", "\\\\").replace("'", "\\'") + "'"


def _identifier(name: str) -> str:
    return "`" + name.replace("`", "``") + "`"


def _empty_sql(source: Source) -> str:
    columns = "".join(f", cast(null as string) as {_identifier(name)}" for name in source.column_names)
    return (
        "select cast(null as int) as file_id, cast(null as bigint) as row_number, cast(null as string) as unparsable"
        f"{columns} where false"
    )


def _file_sql(source: Source, number: int, file: RawFile) -> str:
    file_id = f"cast({number} as int) as file_id"
    if file.is_csv:
        columns = ", ".join(map(_identifier, source.column_names))
        return f"select {file_id}, row_number, unparsable, {columns} from {spark_path(file.raw_path)}"
    parquet = pq.ParquetFile(file.raw_path)
    old = {column.path for column in map(parquet.schema.column, range(len(parquet.schema)))
           if column.physical_type == "INT96"}  # fmt: skip
    texts = ", ".join(
        f"{_text_sql(_identifier(name), parquet.schema_arrow.field(name).type, name in old)} as {_identifier(name)}"
        for name in source.column_names
    )
    return (
        f"select {file_id}, _metadata.row_index + 1 as row_number, cast(null as string) as unparsable, {texts}"
        f" from {spark_path(file.raw_path)}"
    )


def _text_sql(column: str, kind: pa.DataType, old: bool) -> str:
    """The text of a value; ``old``: of a timestamp in 96 bits, which Spark reads as one."""
    text = f"cast({column} as string)"
    if pa.types.is_dictionary(kind):
        return _text_sql(column, kind.value_type, old)
    if pa.types.is_null(kind):
        return "cast(null as string)"
    if pa.types.is_floating(kind):
        whole = f"cast(try_cast({column} as decimal(38, 0)) as string)"
        plain = f"rtrim('0', cast(try_cast({text} as decimal(38, 20)) as string))"
        return f"coalesce(case when {column} % 1 = 0 then {whole} else {plain} end, {text})"
    if pa.types.is_timestamp(kind):
        moment = f"timestamp_micros({column} div 1000)" if kind.unit == "ns" and not old else column
        is_day = f"{moment} = date_trunc('DAY', {moment})"
        return f"case when {is_day} then cast(cast({moment} as date) as string) else cast({moment} as string) end"
    return text
