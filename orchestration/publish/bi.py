"""bi/marts.duckdb: the marts of every cycle's current release in one file, replaced by one rename.

Readers in other processes keep the file they opened and meet the new one when they open again: no lock is shared with
them. It holds no person and no family, so it may be read by whoever may enter the folder.
"""

import os
from pathlib import Path

import duckdb

from orchestration.candidate.datasets import parquet_relation
from orchestration.candidate.manifest import read_manifest
from orchestration.engine import engine, identifier, literal
from orchestration.released import ReleaseIndex, read_index
from orchestration.settings import Settings


def bi_path(settings: Settings) -> Path:
    """bi/marts.duckdb."""
    return settings.bi / "marts.duckdb"


def refresh(settings: Settings) -> bool:
    """Rebuild bi/marts.duckdb unless it already shows the current releases; returns whether it was rebuilt."""
    index = read_index(settings)
    if index is None:
        return False
    with engine(settings) as connection:
        if _shown(connection, bi_path(settings)) == _wanted(index):
            return False
        _rebuild(settings, connection, index)
    return True


def _wanted(index: ReleaseIndex) -> list[tuple[str, str, str]]:
    return sorted((cycle, current.release, current.manifest_sha256) for cycle, current in index.cycles.items())


def _shown(connection: duckdb.DuckDBPyConnection, path: Path) -> list[tuple[str, str, str]] | None:
    """The releases that the file says it shows; None when it is missing or cannot be read."""
    try:
        connection.execute(f"attach {literal(path)} as shown (read_only)")
        return connection.execute(
            "select cycle, release, manifest_sha256 from shown.about.releases order by 1"
        ).fetchall()
    except duckdb.Error:
        return None
    finally:
        connection.execute("detach database if exists shown")


def _rebuild(settings: Settings, connection: duckdb.DuckDBPyConnection, index: ReleaseIndex) -> None:
    files: dict[str, list[Path]] = {}
    for cycle, release, _ in _wanted(index):
        folder = settings.releases / cycle / release
        for name, data_set in read_manifest(folder)[0].data_sets.items():
            if name.startswith("marts/"):
                files.setdefault(name.removeprefix("marts/"), []).extend(folder / file.path for file in data_set.files)
    path = bi_path(settings)
    path.parent.mkdir(parents=True, exist_ok=True)
    beside = path.with_name(f".{path.name}.new")
    for leftover in (beside, beside.with_name(f"{beside.name}.wal")):
        leftover.unlink(missing_ok=True)
    connection.execute(f"attach {literal(beside)} as bi")
    connection.execute("create schema bi.about")
    connection.execute("create table bi.about.releases (cycle varchar, release varchar, manifest_sha256 varchar)")
    connection.executemany("insert into bi.about.releases values (?, ?, ?)", _wanted(index))
    for name, paths in sorted(files.items()):
        connection.execute(f"create table bi.{identifier(name)} as from {parquet_relation(paths)}")
    connection.execute("detach bi")
    os.chmod(beside, 0o644)
    with beside.open("rb") as file:
        os.fsync(file.fileno())
    os.replace(beside, path)
