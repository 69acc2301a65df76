"""A release's folder on disk: its number, writing it whole or not at all, finding one that was begun.

Decides nothing and switches nothing (release.py).
"""

import os
import shutil
from pathlib import Path

from orchestration.candidate.check import file_problems, statement_problems
from orchestration.candidate.manifest import MANIFEST, Manifest, ManifestDamaged, read_manifest
from orchestration.publish.sealed import PublishRefused
from orchestration.released import RELEASE_NAME, Current, release_number
from orchestration.settings import fsync, private_dir, write_json_atomic


def _names(releases: Path) -> list[str]:
    return sorted((path.name for path in releases.iterdir() if RELEASE_NAME.fullmatch(path.name)), key=release_number)


def next_name(releases: Path) -> str:
    """The number that no release of the cycle has yet."""
    return f"r{max((release_number(name) for name in _names(releases)), default=0) + 1:02d}"


def unfinished_release(releases: Path, wanted: Manifest, current: Current | None) -> str | None:
    """A whole release of this content, reason and release before that was written but never made current."""
    newest = release_number((current.rolled_back or current).release) if current else 0
    for name in reversed(_names(releases)):
        if release_number(name) <= newest:
            return None
        try:
            found, _ = read_manifest(releases / name)
        except (FileNotFoundError, ManifestDamaged):
            continue
        same = (
            found.release == name
            and found.statement_sha256 == wanted.statement_sha256
            and (found.reason, found.previous) == (wanted.reason, wanted.previous)
        )
        if same and not (statement_problems(found) or file_problems(releases / name, found)):
            return name
    return None


def write(candidate: Path, final: Path, manifest: Manifest) -> None:
    """Copy the files that the manifest lists into <release>.partial, verify what was written, rename.

    Raises PublishRefused.
    """
    partial = final.with_name(f"{final.name}.partial")
    private_dir(partial)
    for path in sorted(manifest.all_files()):
        copy = partial / path
        for parent in reversed(copy.relative_to(partial).parents):
            private_dir(partial / parent)
        shutil.copyfile(candidate / path, copy)
        copy.chmod(0o600)
        fsync(copy)
    write_json_atomic(partial / MANIFEST, manifest.model_dump(mode="json"))
    written, _ = read_manifest(partial)
    problems = statement_problems(written) + file_problems(partial, written)
    if written != manifest or problems:
        raise PublishRefused(f"the copy is not the candidate: {'; '.join(problems)}", partial, "Publish again.")
    for folder, _, _ in os.walk(partial):
        fsync(Path(folder))
    os.rename(partial, final)
    fsync(final.parent)


def make_read_only(folder: Path) -> None:
    """Files 0400, folders 0500."""
    for parent, _, files in os.walk(folder, topdown=False):
        for name in files:
            Path(parent, name).chmod(0o400)
        Path(parent).chmod(0o500)
