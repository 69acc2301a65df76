"""What a report is of: a sealed candidate or a release, its marts, and the released cycles before it.

Reads only, and no list of families: marts and manifests.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq

from orchestration.candidate.manifest import Manifest, ManifestDamaged, read_manifest
from orchestration.candidate.write import candidate_folder
from orchestration.released import RELEASE_NAME, current_release, read_index
from orchestration.settings import Settings

Row = dict[str, Any]
CYCLES_SHOWN = 12


class NothingToReport(RuntimeError):
    """There is no such candidate or release; the message says where it was looked for and what to do."""


@dataclass(frozen=True)
class Edition:
    """A sealed candidate, or a release, as it lies in its folder."""

    folder: Path
    manifest: Manifest
    manifest_sha256: str

    @property
    def cycle(self) -> str:
        """The cycle that it is of."""
        return self.manifest.cycle

    @property
    def name(self) -> str:
        """2025-11/r01, or 2025-11 for a candidate."""
        return f"{self.cycle}/{self.manifest.release}" if self.manifest.release else self.cycle

    def has(self, mart: str) -> bool:
        """Whether the mart is part of it."""
        return f"marts/{mart}" in self.manifest.data_sets

    def rows(self, mart: str, **equal: str) -> list[Row]:
        """Rows of a mart whose columns have the given values, in the order of the file."""
        filters = [(column, "=", value) for column, value in equal.items()] or None
        rows: list[Row] = pq.read_table(self.folder / "marts" / f"{mart}.parquet", filters=filters).to_pylist()
        return rows


def edition(settings: Settings, cycle: str, release: str | None = None) -> Edition:
    """The cycle's candidate, or one of its releases. Raises NothingToReport."""
    if release is None:
        folder, todo = candidate_folder(settings, cycle), f"`mutakhir run --cycle {cycle}`"
    else:
        if not RELEASE_NAME.fullmatch(release):
            raise NothingToReport(f"{release} is not a release; write r01, r02, ... as `mutakhir releases` lists them")
        folder, todo = settings.releases / cycle / release, "`mutakhir releases` lists what there is"
    try:
        return Edition(folder, *read_manifest(folder))
    except FileNotFoundError:
        what = "a release" if release else "a sealed candidate"
        raise NothingToReport(f"{folder} is not {what}: {todo}") from None
    except ManifestDamaged as damaged:
        raise NothingToReport(f"{damaged}: {todo}") from damaged


def released_before(settings: Settings, cycle: str) -> list[Edition]:
    """The current releases of the cycles before, the newest last; as many as a report shows beside its own.

    Raises ReleaseIndexDamaged, NothingToReport.
    """
    index = read_index(settings)
    earlier = sorted(key for key in index.cycles if key < cycle) if index else []
    editions = []
    for key in earlier[-(CYCLES_SHOWN - 1) :]:
        folder = current_release(settings, key)
        assert folder is not None
        editions.append(edition(settings, key, folder.name))
    return editions


def by(rows: list[Row], column: str) -> Mapping[str, Row]:
    """Rows by the values of a column that tells them apart."""
    return {str(row[column]): row for row in rows}
