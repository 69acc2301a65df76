"""Regency packages of a cycle's current release: made in memory, reconciled with the release, encrypted, put down.

What is in them stands in columns.py and families.py. Nothing is ever on disk in plain text.
"""

import hashlib
import io
import zipfile
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq

from orchestration import audit
from orchestration.distribution.columns import RECIPIENTS, REMOVALS, REPLACEMENTS, SHEETS, WORK_LIST
from orchestration.distribution.cover import MEASURES, cover_of
from orchestration.distribution.families import (
    NotDistributed,
    Release,
    load_people,
    open_release,
    regencies_of,
    regency_tables,
)
from orchestration.distribution.files import write_private
from orchestration.distribution.keys import RegencyKeys, read_keys
from orchestration.distribution.work_list import view_release
from orchestration.distribution.workbook import workbook
from orchestration.engine import engine
from orchestration.settings import Settings

_DECISIONS = {
    "keep": "kept",
    "confirm": "confirmed",
    "pending": "pending",
    "hold": "held",
    "not_in_force": "not_in_force",
}


@dataclass(frozen=True)
class Package:
    """One regency's package: its files and how many rows each table has."""

    regency: str
    files: tuple[Path, ...]
    rows: Mapping[str, int]


@dataclass
class Packages:
    """What was made of a release, and the regencies for which nothing was, because they have no key."""

    folder: Path
    made: list[Package] = field(default_factory=list)
    without_key: list[str] = field(default_factory=list)
    of_no_regency: int = 0


def make_packages(settings: Settings, cycle: str, only: Sequence[str] = ()) -> Packages:
    """Make the packages of all regencies of the release, or of ``only`` some; made again they replace the old ones.

    Raises NotDistributed, KeysUnfit, CycleLocked, ReleaseIndexDamaged.
    """
    keys = read_keys(settings)
    release = open_release(settings, cycle)
    packages = Packages(settings.packages / cycle / release.name)
    with engine(settings) as connection:
        view_release(connection, release.folder, release.manifest)
        found = regencies_of(connection)
        if nothing := sorted(set(only) - set(found)):
            raise NotDistributed(f"release {release.name} of {cycle} has no family in regency {', '.join(nothing)}")
        wanted = [code for code in found if not only or code in only]
        packages.without_key = [code for code in wanted if code not in keys]
        packages.of_no_regency = _count(connection, "select count(*) from decisions where regency_code is null")
        with_key = [code for code in wanted if code in keys]
        if with_key:
            load_people(settings, connection, release, with_key)
        for code in with_key:
            packages.made.append(_make(settings, connection, release, code, keys[code], packages.folder))
    return packages


def _make(
    settings: Settings,
    connection: duckdb.DuckDBPyConnection,
    release: Release,
    regency: str,
    keys: RegencyKeys,
    folder: Path,
) -> Package:
    package, tables = regency_tables(connection, release, regency)
    totals = count_tables(tables)
    if problems := differences(connection, regency, totals, tables[WORK_LIST.table].num_rows):
        raise NotDistributed(
            f"regency {regency} does not add up to release {release.name}: {'; '.join(problems)}."
            f" mutakhir verify, then run the cycle {release.manifest.cycle} again"
        )
    cover = cover_of(release, regency, package, totals, tables[WORK_LIST.table].num_rows)
    files = {
        folder / f"{regency}.xlsx.age": keys.encrypt(workbook(cover, tables)),
        folder / f"{regency}.parquet.zip.age": keys.encrypt(_machine_readable(tables)),
    }
    rows = {name: table.num_rows for name, table in tables.items()}
    audit.record(
        settings,
        "package",
        release.manifest.cycle,
        release=release.name,
        regency=regency,
        package=package,
        files={path.name: hashlib.sha256(content).hexdigest() for path, content in files.items()},
        recipients=list(keys.recipients),
        rows=rows,
    )
    for path, content in files.items():
        write_private(path, content)
    return Package(regency, tuple(files), rows)


def count_tables(tables: Mapping[str, pa.Table]) -> dict[str, dict[str, int]]:
    """The funnel's measures by programme, counted from the rows that the package holds."""
    totals: dict[str, Counter[str]] = {}
    for row in (
        tables[RECIPIENTS.table].select(["programme", "decision", "payable", "quarterly_amount_idr"]).to_pylist()
    ):
        of = totals.setdefault(row["programme"], Counter())
        of["next_list_families"] += 1
        of["payable_amount_idr"] += (row["quarterly_amount_idr"] or 0) if row["payable"] else 0
        if row["decision"] != "replace":
            of["listed"] += 1
            of[_DECISIONS[row["decision"]]] += 1
    for row in tables[REMOVALS.table].select(["programme", "previous_status"]).to_pylist():
        of = totals.setdefault(row["programme"], Counter())
        of["listed"] += 1
        of[f"removed_{row['previous_status']}"] += 1
    for programme in tables[REPLACEMENTS.table]["programme"].to_pylist():
        totals.setdefault(programme, Counter())["replaced"] += 1
    return {name: {measure: of[measure] for measure, *_ in MEASURES} for name, of in sorted(totals.items())}


def differences(
    connection: duckdb.DuckDBPyConnection, regency: str, totals: Mapping[str, Mapping[str, int]], on_work_list: int
) -> list[str]:
    """Measures of the package that are not those of the release's marts, without numbers; empty when all agree."""
    measures = [measure for measure, *_ in MEASURES]
    rows = connection.execute(
        f"select programme, {', '.join(measures)} from cycle_funnel where area_level = 'regency' and area_code = ?",
        [regency],
    ).fetchall()
    released = {row[0]: dict(zip(measures, row[1:], strict=True)) for row in rows}
    problems = [
        f"{programme}: {measure} is not that of cycle_funnel"
        for programme in sorted({*released, *totals})
        for measure in measures
        if totals.get(programme, {}).get(measure, 0) != released.get(programme, {}).get(measure, 0)
    ]
    asked = _count(
        connection, "select coalesce(sum(on_work_list), 0) from verification_progress where regency_code = ?", regency
    )
    return problems + (["the work list is not that of verification_progress"] if asked != on_work_list else [])


def _machine_readable(tables: Mapping[str, pa.Table]) -> bytes:
    """A ZIP archive of one Parquet file per table; the same tables give the same bytes."""
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w", zipfile.ZIP_STORED) as archive:
        for sheet in SHEETS:
            part = io.BytesIO()
            pq.write_table(tables[sheet.table], part, compression="zstd")
            archive.writestr(zipfile.ZipInfo(f"{sheet.table}.parquet"), part.getvalue())
    return content.getvalue()


def _count(connection: duckdb.DuckDBPyConnection, query: str, *parameters: str) -> int:
    row = connection.execute(query, parameters).fetchone()
    return int(row[0]) if row else 0
