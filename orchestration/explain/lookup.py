"""What a release, or a sealed candidate, says of one family: a scan of a column or two of its Parquet files.

Reads only the files that the manifest names, and not their digests: `mutakhir verify` does that. No judgement here.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import duckdb

from orchestration.candidate.datasets import parquet_relation
from orchestration.candidate.manifest import Manifest, ManifestDamaged, read_manifest
from orchestration.candidate.write import candidate_folder
from orchestration.engine import literal
from orchestration.released import read_index
from orchestration.settings import Settings

Rows = list[dict[str, Any]]


class NotExplained(RuntimeError):
    """A release or candidate cannot be asked: what is wrong, and what to do."""


@dataclass(frozen=True)
class Folder:
    """One release or candidate; ``release`` is None of a candidate."""

    path: Path
    manifest: Manifest
    release: str | None

    @property
    def cycle(self) -> str:
        """The cycle that it is of."""
        return self.manifest.cycle

    @property
    def name(self) -> str:
        """``2025-11 r01``, ``2025-11 candidate``."""
        return f"{self.cycle} {self.release or 'candidate'}"

    def files(self, data_set: str, programme: str | None = None) -> list[Path]:
        """Files of a data set, of one programme or of all."""
        stored = self.manifest.data_sets.get(data_set)
        paths = [self.path / file.path for file in stored.files] if stored else []
        return [path for path in paths if programme is None or path.parent.name == f"programme={programme}"]


@dataclass(frozen=True)
class Found:
    """Rows of one family, by data set."""

    decisions: Rows
    waiting: Rows
    evidence: Rows


def folders(settings: Settings, cycle: str | None = None, candidate: bool = False) -> list[Folder]:
    """The current releases, newest first, of one cycle or of all; or the cycle's candidate, sealed.

    Raises NotExplained, ReleaseIndexDamaged.
    """
    if candidate:
        assert cycle is not None
        return [_folder(candidate_folder(settings, cycle), None, None)]
    index = read_index(settings)
    current = index.cycles if index else {}
    return [
        _folder(settings.releases / key / current[key].release, current[key].release, current[key].manifest_sha256)
        for key in sorted(current, reverse=True)
        if cycle in (None, key)
    ]


def _folder(path: Path, release: str | None, sha256: str | None) -> Folder:
    try:
        manifest, found = read_manifest(path)
    except FileNotFoundError:
        cure = "run `mutakhir verify`" if release else f"mutakhir run --cycle {path.name}"
        raise NotExplained(f"{path} has no manifest: {cure}") from None
    except ManifestDamaged as damaged:
        raise NotExplained(f"{damaged}: run `mutakhir verify`") from None
    if sha256 not in (None, found):
        raise NotExplained(f"{path} is not the release that current.json names: run `mutakhir verify`")
    return Folder(path, manifest, release)


def find(connection: duckdb.DuckDBPyConnection, folder: Folder, family_id: str) -> Found:
    """The family's rows, in no order. Raises NotExplained when a file cannot be read."""
    own = f"family_id = {literal(family_id)}"
    return Found(
        decisions=rows(connection, folder.files("decisions"), own, folder),
        waiting=rows(connection, folder.files("waiting_list"), own, folder),
        evidence=rows(connection, folder.files("evidence"), own, folder),
    )


def listed_since(connection: duckdb.DuckDBPyConnection, folder: Folder, decision: dict[str, Any]) -> Any:
    """Since when a family that stays is listed: from next_list, whose files are in order of area."""
    own = f"family_id = {literal(decision['family_id'])}"
    if decision["village_code"]:
        own += f" and village_code = {literal(decision['village_code'])}"
    found = rows(connection, folder.files("next_list", decision["programme"]), own, folder, "listed_since")
    return found[0]["listed_since"] if found else None


def mart(connection: duckdb.DuckDBPyConnection, folder: Folder, name: str, condition: str = "true") -> Rows:
    """Rows of a mart."""
    return rows(connection, folder.files(f"marts/{name}"), condition, folder)


def rows(
    connection: duckdb.DuckDBPyConnection, files: Iterable[Path], condition: str, folder: Folder, columns: str = "*"
) -> Rows:
    """Rows of Parquet files as dictionaries; none when there are no files. Raises NotExplained."""
    paths = list(files)
    if not paths:
        return []
    try:
        cursor = connection.execute(f"select {columns} from {parquet_relation(paths)} where {condition}")
        names = [column[0] for column in cursor.description or []]
        return [dict(zip(names, row, strict=True)) for row in cursor.fetchall()]
    except duckdb.Error as error:
        raise NotExplained(f"{folder.path} cannot be read ({type(error).__name__}): run `mutakhir verify`") from None
