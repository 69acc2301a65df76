"""One Pandera schema per source, and its judgement over a cycle's own rows, evaluated on the engine.

A schema asks that every contract column is there, as text, and that of each column at most the limit's share of rows
breaks its domain. A share is one check of the whole table; no failure case is ever materialised: a value of a person
cannot leave. Only names of columns, counts and shares do.
"""

from collections.abc import Callable, Collection, Mapping, Sequence
from datetime import date
from functools import partial, reduce
from operator import or_

import duckdb
import ibis
import ibis.expr.types as ir
import pandera.ibis as pa
from pandera.api.ibis.types import IbisData
from pandera.config import ValidationDepth, config_context
from pandera.errors import SchemaError, SchemaErrorReason, SchemaErrors

from orchestration.contracts.domains import breaks, is_doubtful, is_unchecked
from orchestration.contracts.result import ColumnShare, ContractResult
from orchestration.contracts.sources import Source

UNPARSABLE = "unparsable"


def contract_schema(source: Source, limit: float, shares: Mapping[str, float]) -> pa.DataFrameSchema:
    """The schema of one source's raw rows; ``shares`` is the broken share by column."""

    def within(_: IbisData, column: str) -> bool:
        return shares[column] <= limit

    return pa.DataFrameSchema(
        {column.name: pa.Column(str, nullable=True) for column in source.columns},
        checks=[
            pa.Check(partial(within, column=column.name), name=f"share of {column.name}", n_failure_cases=1)
            for column in source.columns
        ],
        name=source.name,
        strict=False,
    )


def judge(
    connection: duckdb.DuckDBPyConnection,
    source: Source,
    raw_sql: str,
    *,
    natural_sql: str | None = None,
    cutoff: date,
    limit: float,
    decimal_comma_files: Sequence[int] = (),
) -> ContractResult:
    """Judge the rows of ``raw_sql`` (see ingest/raw_view.py) by the source's schema; every value is read, once.

    ``natural_sql``: the same rows with dates and integers as they are; the scan takes these, if they are given.
    Without rows every share is 0. A check that cannot be evaluated counts as failed. Raises duckdb.Error when a value
    cannot be read.
    """
    backend = ibis.duckdb.from_connection(connection)
    delivered = backend.sql(raw_sql)
    texts = {name for name, kind in delivered.schema().items() if kind.is_string()}
    counted = backend.sql(natural_sql) if natural_sql else delivered

    rows, broken = _count(counted, texts, source, cutoff, decimal_comma_files)
    shares = {column: count / max(rows, 1) for column, count in broken.items()}
    failed: tuple[str, ...] = ()
    try:
        # whatever the environment says: values are checked, not only columns
        with config_context(validation_enabled=True, validation_depth=ValidationDepth.SCHEMA_AND_DATA):
            contract_schema(source, limit, shares).validate(delivered, lazy=True)
    except SchemaErrors as errors:
        failed = tuple(dict.fromkeys(_check_name(error) for error in errors.schema_errors))
    return ContractResult(
        source=source.name,
        rows=rows,
        limit=limit,
        columns=tuple(
            ColumnShare(column=column, broken=broken[column], share=share) for column, share in shares.items()
        ),
        failed=failed,
    )


def _count(
    delivered: ir.Table, readable: Collection[str], source: Source, cutoff: date, decimal_comma_files: Sequence[int]
) -> tuple[int, dict[str, int]]:
    """Parsable rows and, by column, those that break its domain: all, where the column is missing or not text.

    Only rows with a doubtful value, a few in a thousand, are counted column by column. Of columns in which nothing is
    doubtful the lengths are summed, so that they are read, too.
    """
    parsable = delivered.filter(delivered[UNPARSABLE].isnull())

    def of(judged: ir.Table, judgement: Callable[..., ir.BooleanValue]) -> list[ir.BooleanValue]:
        return [
            judgement(judged, column, cutoff, decimal_comma_files) if column.name in readable else ibis.literal(True)
            for column in source.columns
        ]

    doubtful = parsable.filter(reduce(or_, of(parsable, is_doubtful)))
    counts = {
        name: doubtful.count(where=broken)
        for name, broken in zip(source.column_names, of(doubtful, breaks), strict=True)
    }
    lengths = {
        column.name: parsable[column.name].length().sum()
        for column in source.columns
        if column.name in readable and is_unchecked(column) and column.nullable
    }
    rows = _only_row(parsable.aggregate(rows=parsable.count(), **lengths))["rows"]
    return rows, _only_row(doubtful.aggregate(**counts))


def _only_row(table: ir.Table) -> dict[str, int]:
    return table.to_pyarrow().to_pylist()[0]  # type: ignore[no-any-return]


def _check_name(error: SchemaError) -> str:
    """What failed, in words that hold no value of a row: a check of ours, or a column's name and what it lacks."""
    if error.reason_code == SchemaErrorReason.COLUMN_NOT_IN_DATAFRAME:
        return f"column {error.failure_cases} is missing"
    if isinstance(error.check, pa.Check) and error.check.name:
        return str(error.check.name)
    return f"column {error.schema.name} is not text"
