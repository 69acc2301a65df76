"""A cycle's own rows of one source, judged: the contract gate, and the row rules of the quotas.

The gate's schema stands in ``contracts``; here it meets the raw files, the cycle's cutoff and the limit in force.
"""

import csv
from collections.abc import Sequence

import duckdb
import ibis

from orchestration.contracts.domains import breaks, region, trimmed
from orchestration.contracts.judgement import judge
from orchestration.contracts.result import ContractResult
from orchestration.contracts.sources import SOURCES, Source
from orchestration.cycles import cutoff, in_force, parse_cycle
from orchestration.ingest.raw_view import raw_select_sql
from orchestration.ingest.records import RawFile
from orchestration.settings import SEEDS_DIR

QUOTAS = "kuota_program"


def contract_limit(source: Source, cycle: str) -> float:
    """Highest share of rows that may break a column's domain: gate ``contract_<source>`` of seeds/gate_limits.csv."""
    with (SEEDS_DIR / "gate_limits.csv").open(encoding="utf-8", newline="") as file:
        rows = [
            row
            for row in csv.DictReader(file)
            if row["gate"] == f"contract_{source.name}"
            and in_force(row["valid_from"], row["valid_to"], cutoff(cycle), parse_cycle(cycle).first_day)
        ]
    if not rows:
        raise ValueError(f"no limit of gate contract_{source.name} is in force in {cycle}: see seeds/gate_limits.csv")
    return float(max(rows, key=lambda row: row["valid_from"])["upper"])


def judge_own_rows(
    connection: duckdb.DuckDBPyConnection, source: Source, cycle: str, files: Sequence[RawFile]
) -> ContractResult:
    """The contract gate over the files of the cycle's own deliveries."""
    numbered = dict(enumerate(files))
    return judge(
        connection,
        source,
        raw_select_sql(source, numbered, connection),
        natural_sql=raw_select_sql(source, numbered, connection, natural=True),
        cutoff=cutoff(cycle),
        limit=contract_limit(source, cycle),
        decimal_comma_files=[number for number, file in numbered.items() if file.decimal_comma],
    )


def quota_problems(connection: duckdb.DuckDBPyConnection, cycle: str, files: Sequence[RawFile]) -> list[str]:
    """Row rules that rows of kuota_program break, by file and the first rule of each row; superseded rows are fine.

    The places of a programme must be known whole: such a delivery is refused (landing contract).
    """
    source = SOURCES[QUOTAS]
    rows = ibis.duckdb.from_connection(connection).sql(raw_select_sql(source, dict(enumerate(files)), connection))
    programme, area, quota = source.columns
    empty = [trimmed(rows[column.name]).isnull() for column in source.columns]
    judged = rows.select(
        "file_id",
        programme=trimmed(rows[programme.name]).upper(),
        area=region(trimmed(rows[area.name])).upper(),
        quota=trimmed(rows[quota.name]).try_cast("int64"),
        rule=ibis.cases(
            (rows.unparsable.notnull(), "unparsable"),
            (empty[0] | empty[1] | empty[2], "missing_key"),
            (breaks(rows, programme, cutoff(cycle)) | breaks(rows, area, cutoff(cycle)), "bad_code"),
            (breaks(rows, quota, cutoff(cycle)), "bad_value"),
        ),
    )
    of_key = ibis.window(group_by=["programme", "area"])
    sound = judged.filter(judged.rule.isnull())
    doubled = sound.mutate(differ=(sound.quota.min().over(of_key) < sound.quota.max().over(of_key)))
    rejected = (
        judged.filter(judged.rule.notnull())
        .select("file_id", "rule")
        .union(doubled.filter(doubled.differ).select("file_id", rule=ibis.literal("conflicting_duplicate")))
    )
    counted = rejected.group_by("file_id", "rule").aggregate(rows=rejected.count()).order_by("file_id", "rule")
    return [
        f"{files[row['file_id']].path}: rows rejected as {row['rule']}: {row['rows']}"
        for row in counted.to_pyarrow().to_pylist()
    ]
