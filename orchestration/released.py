"""Where the current releases are: reads releases/current.json, for every stage that looks at an earlier release.

Writes nothing and verifies no digest: publishing writes (publish/release.py), `mutakhir verify` verifies.
"""

import re
from pathlib import Path

from pydantic import BaseModel, ConfigDict, ValidationError

from orchestration.settings import Settings

RELEASE_NAME = re.compile(r"r(?:0[1-9]|[1-9][0-9]+)")
"""The folder of a release: r01, r02, ... and, after r99, r100."""


def release_number(name: str) -> int:
    """2 of r02."""
    return int(name.removeprefix("r"))


class ReleaseIndexDamaged(RuntimeError):
    """current.json cannot be read, or names a release that is not there: nothing may be concluded from it."""


class RolledBack(BaseModel):
    """The newest release that was current before people went back to an earlier one."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    release: str
    manifest_sha256: str


class Current(BaseModel):
    """The current release of one cycle: folder name and sha256 of its manifest.json.

    ``rolled_back`` is there when a newer release of the cycle was current and was taken back.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    release: str
    manifest_sha256: str
    rolled_back: RolledBack | None = None


class ReleaseIndex(BaseModel):
    """The content of current.json: the newest released cycle, and for every released cycle its current release."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    newest: str
    cycles: dict[str, Current]


def index_path(settings: Settings) -> Path:
    """releases/current.json."""
    return settings.releases / "current.json"


def read_index(settings: Settings) -> ReleaseIndex | None:
    """The index of current releases; None before the first release. Raises ReleaseIndexDamaged."""
    path = index_path(settings)
    try:
        return ReleaseIndex.model_validate_json(path.read_bytes())
    except FileNotFoundError:
        return None
    except ValidationError as error:
        raise ReleaseIndexDamaged(
            f"{path} is not an index of releases; restore it, then run `mutakhir verify`"
        ) from error


def current_release(settings: Settings, cycle: str) -> Path | None:
    """Folder of the cycle's current release, None when the cycle was never released. Raises ReleaseIndexDamaged."""
    index = read_index(settings)
    if index is None or cycle not in index.cycles:
        return None
    folder = settings.releases / cycle / index.cycles[cycle].release
    if not (folder / "manifest.json").is_file():
        raise ReleaseIndexDamaged(f"{index_path(settings)} names {folder}, which is not there; run `mutakhir verify`")
    return folder


def newest_release_before(settings: Settings, cycle: str) -> tuple[str, Path] | None:
    """The newest released cycle strictly before ``cycle``, with its current release ("last release" in gates.md).

    None when there is none. Raises ReleaseIndexDamaged.
    """
    index = read_index(settings)
    earlier = [key for key in index.cycles if key < cycle] if index else []
    if not earlier:
        return None
    folder = current_release(settings, max(earlier))
    assert folder is not None
    return max(earlier), folder
