"""What a candidate or release changes against the release before: by programme, by decision, by province and regency.

Counts and amounts only, for the people who sign and for the manifest of a correction. Decides nothing.
"""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import duckdb

from orchestration.candidate.manifest import Previous
from orchestration.engine import engine, literal
from orchestration.settings import Settings

Row = dict[str, Any]

_NEXT_LISTS = """
    CREATE OR REPLACE TEMP TABLE compared AS
    SELECT
        programme,
        coalesce(after.village_code, before.village_code) AS village_code,
        before.family_id IS NULL AS joined,
        after.family_id IS NULL AS "left",
        before.status <> after.status AS status_changed,
        before.payable AS payable_before,
        after.payable AS payable_after,
        CASE WHEN before.payable THEN before.quarterly_amount_idr END AS paid_before,
        CASE WHEN after.payable THEN after.quarterly_amount_idr END AS paid_after
    FROM {before} AS before
    FULL JOIN {after} AS after USING (programme, family_id)
"""
_MEASURES = """
    count(*) FILTER (WHERE NOT joined) AS families_before,
    count(*) FILTER (WHERE NOT "left") AS families_after,
    count(*) FILTER (WHERE joined) AS joined,
    count(*) FILTER (WHERE "left") AS "left",
    count(*) FILTER (WHERE status_changed) AS status_changed,
    count(*) FILTER (WHERE payable_before) AS payable_before,
    count(*) FILTER (WHERE payable_after) AS payable_after,
    coalesce(sum(paid_before), 0)::bigint AS quarterly_amount_idr_before,
    coalesce(sum(paid_after), 0)::bigint AS quarterly_amount_idr_after
"""
_DECISIONS = """
    SELECT
        programme,
        decision,
        coalesce(before.families, 0) AS families_before,
        coalesce(after.families, 0) AS families_after
    FROM (SELECT programme, decision, count(*) AS families FROM {before} GROUP BY ALL) AS before
    FULL JOIN (SELECT programme, decision, count(*) AS families FROM {after} GROUP BY ALL) AS after
        USING (programme, decision)
    ORDER BY programme, decision
"""
_EMPTY = {
    "next_list": "(SELECT NULL::varchar AS programme, NULL::varchar AS family_id, NULL::varchar AS village_code, "
    "NULL::varchar AS status, NULL::boolean AS payable, NULL::bigint AS quarterly_amount_idr WHERE false)",
    "decisions": "(SELECT NULL::varchar AS programme, NULL::varchar AS decision WHERE false)",
}


@dataclass(frozen=True)
class Difference:
    """Rows of counts: next lists by programme, decisions by programme, next lists by programme and area.

    ``areas`` are provinces or, within one province, its regencies; ``area_code`` None: families of unknown area.
    """

    against: Previous | None
    programmes: list[Row]
    decisions: list[Row]
    areas: list[Row]

    def for_manifest(self) -> dict[str, Any]:
        """By programme and decision, as a correction's manifest has it."""
        return {"programmes": self.programmes, "decisions": self.decisions}


def difference(
    settings: Settings, before: Path | None, after: Path, against: Previous | None, province: str | None = None
) -> Difference:
    """Compare the folders of two releases or candidates; ``before`` None: everything is new.

    ``province``: areas are the regencies of this province (2 digits) instead of the provinces.
    """
    digits = 4 if province else 2
    with engine(settings) as connection:
        connection.execute(
            _NEXT_LISTS.format(before=_relation(before, "next_list"), after=_relation(after, "next_list"))
        )
        programmes = _rows(connection, f"SELECT programme, {_MEASURES} FROM compared GROUP BY ALL ORDER BY ALL")
        areas = _rows(
            connection,
            f"SELECT programme, left(village_code, {digits}) AS area_code, {_MEASURES} FROM compared "
            f"WHERE {literal(province or '')} IN ('', left(village_code, 2)) GROUP BY ALL ORDER BY ALL",
        )
        decisions = _rows(
            connection,
            _DECISIONS.format(before=_relation(before, "decisions"), after=_relation(after, "decisions")),
        )
    return Difference(against, programmes, decisions, areas)


def _relation(folder: Path | None, data_set: str) -> str:
    """The rows of a list with its programme; a list without rows has no folder."""
    if folder is None or not any((folder / data_set).glob("programme=*/*.parquet")):
        return _EMPTY[data_set]
    return f"read_parquet({literal(folder / data_set / '*' / '*.parquet')}, hive_partitioning = true)"


def _rows(connection: duckdb.DuckDBPyConnection, query: str) -> list[Row]:
    cursor = connection.execute(query)
    names = [column[0] for column in cursor.description or []]
    return [dict(zip(names, row, strict=True)) for row in cursor.fetchall()]
