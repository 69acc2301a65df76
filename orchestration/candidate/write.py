"""Writes the candidate's data sets from a finished build, and swaps the folder in.

The candidate is unsealed until manifest.py seals it; judging it is the gates' work.
"""

import json
import os
import re
import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import duckdb

from orchestration.candidate.datasets import AS_PARQUET, GATE_RESULTS, LISTS, DataSet, mart
from orchestration.candidate.digests import INTEGERS, UnsupportedType, canonical_text, column_types
from orchestration.contracts.sources import CONTRACT_VERSION, contract_digest
from orchestration.engine import engine, identifier, literal
from orchestration.settings import Settings, private_dir, write_json_atomic
from orchestration.versions import RULES_VERSION, rules_digest

ORIGIN = "build.json"
"""Which build a candidate was written from: for sealing it, not part of what is published."""

_PROGRAMME = re.compile(r"[A-Z0-9_]+")


class BuildOfAnotherRun(RuntimeError):
    """The build file is missing, or another run has made it since."""


class BuildUnfit(RuntimeError):
    """The build does not hold what a candidate needs; names tables and columns, never values."""


@dataclass(frozen=True)
class WrittenCandidate:
    """An unsealed candidate: its folder, and the rows of every data set but gate_results."""

    folder: Path
    rows: dict[str, int]


def write_candidate(settings: Settings, cycle: str, run_id: str) -> WrittenCandidate:
    """Write candidates/<cycle> from the build of run ``run_id``; until the swap an older candidate stays as it was.

    Call it with the cycle's lock held. Raises BuildOfAnotherRun or BuildUnfit.
    """
    build = _build_of(settings, cycle, run_id)
    final = private_dir(settings.candidates) / cycle
    partial = final.with_name(f"{cycle}.partial")
    shutil.rmtree(partial, ignore_errors=True)
    private_dir(partial)
    rows: dict[str, int] = {}
    with engine(settings) as connection:
        connection.execute(f"attach {literal(settings.build / f'{cycle}.duckdb')} as build (read_only)")
        for data_set in (*LISTS, *_marts(connection)):
            rows[data_set.name] = _write(connection, data_set, partial)
    origin = {
        "build": build,
        "contract": {"version": CONTRACT_VERSION, "digest": contract_digest()},
        "rules": {"version": RULES_VERSION, "digest": rules_digest()},
        "rows": rows,
    }
    write_json_atomic(partial / ORIGIN, origin)
    _build_of(settings, cycle, run_id)
    _swap(partial, final)
    return WrittenCandidate(final, rows)


def candidate_folder(settings: Settings, cycle: str) -> Path:
    """Where the cycle's candidate lies: candidates/<cycle>, or its older one when a swap was cut off half-way."""
    final = settings.candidates / cycle
    older = _set_aside(final)
    return older if older.exists() and not final.exists() else final


def _set_aside(final: Path) -> Path:
    return final.with_name(f"{final.name}.old")


def _swap(partial: Path, final: Path) -> None:
    """Replace a folder by another: two renames, since a rename cannot replace a folder that holds files."""
    older = _set_aside(final)
    if final.exists():
        shutil.rmtree(older, ignore_errors=True)
        os.rename(final, older)
    os.rename(partial, final)
    shutil.rmtree(older, ignore_errors=True)


def _build_of(settings: Settings, cycle: str, run_id: str) -> dict[str, Any]:
    """build/<cycle>.json, when it is of this run."""
    path = settings.build / f"{cycle}.json"
    try:
        build: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise BuildOfAnotherRun(f"{path} is not there: run the cycle {cycle} from the start") from None
    if build.get("run_id") != run_id:
        raise BuildOfAnotherRun(f"{path} is of run {build.get('run_id')}, not of {run_id}: run the cycle {cycle} again")
    return build


def _marts(connection: duckdb.DuckDBPyConnection) -> list[DataSet]:
    names = connection.execute(
        "select table_name from information_schema.tables "
        "where table_catalog = 'build' and table_schema = 'marts' order by table_name"
    ).fetchall()
    marts = [mart(name, column_types(connection, f"build.marts.{identifier(name)}")) for (name,) in names]
    if not marts:
        raise BuildUnfit("schema marts of the build is empty: run the cycle from the start")
    if any(found.name == GATE_RESULTS.name for found in marts):
        raise BuildUnfit("marts.gate_results is written by the gates: remove the model of that name")
    for found in marts:
        for column, type_name in found.columns.items():
            try:
                canonical_text(column, type_name)
            except UnsupportedType as error:
                raise BuildUnfit(f"{found.table}: {error}") from None
    return marts


def _write(connection: duckdb.DuckDBPyConnection, data_set: DataSet, folder: Path) -> int:
    """Write one data set, return its rows; a programme without rows gets no folder."""
    table = f"build.{data_set.table}"
    _check_columns(connection, data_set, table)
    if not data_set.partitioned:
        return _copy(connection, data_set, table, folder / f"{data_set.name}.parquet")
    programmes = connection.execute(f"select distinct programme from {table} order by programme").fetchall()
    written = 0
    for (programme,) in programmes:
        if programme is None or not _PROGRAMME.fullmatch(programme):
            raise BuildUnfit(f"{data_set.table} has rows whose programme is no code: mend the model")
        rows = f"(from {table} where programme = {literal(programme)})"
        written += _copy(
            connection, data_set, rows, folder / data_set.name / f"programme={programme}" / "part-0.parquet"
        )
    return written


def _check_columns(connection: duckdb.DuckDBPyConnection, data_set: DataSet, table: str) -> None:
    """Refuse a missing column or one of another kind; a narrower integer is widened when it is written."""
    try:
        found = column_types(connection, table)
    except duckdb.CatalogException:
        raise BuildUnfit(f"{data_set.table} is not in the build: run the cycle from the start") from None
    declared = dict.fromkeys(data_set.order_by, "VARCHAR") | data_set.columns
    wrong = [
        f"{column} is {found.get(column, 'missing')}, not {type_name}"
        for column, type_name in declared.items()
        if found.get(column) != type_name and not (type_name == "BIGINT" and found.get(column) in INTEGERS)
    ]
    if wrong:
        raise BuildUnfit(f"{data_set.table}: {'; '.join(wrong)}: mend the model")


def _copy(connection: duckdb.DuckDBPyConnection, data_set: DataSet, relation: str, path: Path) -> int:
    for folder in (path.parent.parent, path.parent):
        private_dir(folder)
    columns = ", ".join(
        f"cast({identifier(name)} as {data_set.columns[name]}) as {identifier(name)}"
        for name in data_set.stored_columns
    )
    order = ", ".join(f"{identifier(name)} nulls last" for name in data_set.order_by)
    result = connection.execute(
        f"copy (select {columns} from {relation} order by {order}) to {literal(path)} {AS_PARQUET}"
    ).fetchone()
    assert result is not None
    path.chmod(0o600)
    return int(result[0])
