"""Does a candidate's or release's folder hold what its manifest says? Problems as sentences without values.

Knows nothing of current.json, links between releases or sign-offs (publish/verify.py).
"""

import os
from collections.abc import Collection
from pathlib import Path

import duckdb

from orchestration.candidate.digests import file_sha256
from orchestration.candidate.manifest import MANIFEST, Manifest
from orchestration.candidate.seal import content_digest_of
from orchestration.candidate.statement import statement_of, statement_sha256


def file_problems(folder: Path, manifest: Manifest, beside: Collection[str] = ()) -> list[str]:
    """Missing and extra files, links, files with other bytes; ``beside`` may lie there without being listed."""
    listed = manifest.all_files()
    present = {path.relative_to(folder).as_posix() for path in _files(folder)}
    problems = [f"{path} is missing" for path in sorted(listed.keys() - present)]
    problems += [f"{path} is not in the manifest" for path in sorted(present - listed.keys() - {MANIFEST, *beside})]
    problems += [f"{path} is a link" for path in sorted(present) if (folder / path).is_symlink()]
    problems += [
        f"{path} has other bytes than when it was sealed"
        for path in sorted(listed.keys() & present)
        if file_sha256(folder / path) != listed[path].sha256
    ]
    return problems


def content_problems(connection: duckdb.DuckDBPyConnection, folder: Path, manifest: Manifest) -> list[str]:
    """Data sets whose rows or content digest differ from the manifest."""
    problems = []
    for name, data_set in sorted(manifest.data_sets.items()):
        try:
            found = content_digest_of(connection, folder, [file.path for file in data_set.files], data_set.columns)
        except (duckdb.Error, KeyError):
            problems.append(f"{name} cannot be read with the columns of the manifest")
            continue
        if found != (data_set.rows, data_set.content_digest):
            problems.append(f"{name} has another content digest than in the manifest")
    return problems


def statement_problems(manifest: Manifest) -> list[str]:
    """The statement must follow from the rest of the manifest, and its digest from the statement."""
    if manifest.statement != statement_of(manifest):
        return ["the statement is not what the manifest says"]
    if manifest.statement_sha256 != statement_sha256(manifest.statement):
        return ["the statement's sha256 is another"]
    return []


def _files(folder: Path) -> list[Path]:
    """Everything below ``folder`` that is no folder of its own, links to folders included."""
    found = []
    for parent, folders, files in os.walk(folder):
        found += [Path(parent, name) for name in files]
        found += [Path(parent, name) for name in folders if Path(parent, name).is_symlink()]
    return found
