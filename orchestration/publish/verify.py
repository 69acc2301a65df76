"""`mutakhir verify`: every release verifies itself. Reads only, and reports everything it finds, not just the first.

Does not judge a release by today's limits: its verdict is the sealed one.
"""

from collections.abc import Callable, Iterable
from contextlib import AbstractContextManager, nullcontext, suppress
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import duckdb

from orchestration.audit import chain_problems, entries
from orchestration.candidate.check import content_problems, file_problems, statement_problems
from orchestration.candidate.manifest import Manifest, ManifestDamaged, Previous, read_manifest
from orchestration.candidate.statement import canonical_json
from orchestration.engine import engine
from orchestration.publish.approvers import ApproversInvalid, read_approvers
from orchestration.publish.signoff import release_problems
from orchestration.released import (
    RELEASE_NAME,
    ReleaseIndex,
    ReleaseIndexDamaged,
    index_path,
    read_index,
    release_number,
)
from orchestration.settings import Settings

Read = dict[tuple[str, str], tuple[Manifest, str]]
"""Manifests with their sha256, by cycle and release."""


@dataclass(frozen=True)
class Problem:
    """Something that is not as it was published: where (below releases/), and what."""

    where: str
    what: str


def verify(settings: Settings) -> list[Problem]:
    """Take every digest of every release again and follow every link; empty when all is as published."""
    read, problems = releases_read(settings)
    return problems + _trail_problems(settings, read)


def releases_read(
    settings: Settings, at_hand: Callable[[str, Path], AbstractContextManager[None]] = lambda *_: nullcontext()
) -> tuple[Read, list[Problem]]:
    """All releases' manifests, and what is wrong with releases, their links and current.json, the audit trail aside.

    ``at_hand``: called with cycle and folder; while it is entered, all files of that release are in the folder.
    """
    releases, problems = _folders(settings)
    read: Read = {}
    for cycle, folder in releases:
        try:
            read[cycle, folder.name] = read_manifest(folder)
        except FileNotFoundError:
            problems.append(Problem(f"{cycle}/{folder.name}", "manifest.json is missing"))
        except ManifestDamaged:
            problems.append(Problem(f"{cycle}/{folder.name}", "manifest.json is not a manifest"))
    with engine(settings) as connection:
        for cycle, folder in releases:
            if (cycle, folder.name) in read:
                manifest, _ = read[cycle, folder.name]
                with at_hand(cycle, folder):
                    found = _release_problems(connection, cycle, folder, manifest)
                found += _link_problems(cycle, folder.name, manifest.previous, read) if manifest.previous else []
                problems += [Problem(f"{cycle}/{folder.name}", what) for what in found]
    problems += _signoff_problems(settings, [manifest for _, (manifest, _) in sorted(read.items())])
    problems += _index_problems(settings, [(cycle, folder.name) for cycle, folder in releases], read)
    return read, problems


def trail_problems(settings: Settings) -> list[str]:
    """Whether the audit trail's chain holds, and still has every entry that a readable release names."""
    anchors = {}
    for cycle, folder in _folders(settings)[0]:
        with suppress(FileNotFoundError, ManifestDamaged):
            if newest := read_manifest(folder)[0].audit_head:
                anchors[f"{cycle}/{folder.name}"] = newest
    return chain_problems(settings, anchors)


def release_folder_problems(settings: Settings, cycle: str, folder: Path) -> list[str]:
    """What is wrong with one release, its links and sign-offs aside."""
    with engine(settings) as connection:
        return _release_problems(connection, cycle, folder, read_manifest(folder)[0])


def mart_problems(settings: Settings, folder: Path, manifest: Manifest) -> list[str]:
    """What speaks against the marts of a release whose files have the bytes of its manifest: content and sign-offs."""
    marts = {name: stored for name, stored in manifest.data_sets.items() if name.startswith("marts/")}
    with engine(settings) as connection:
        problems = content_problems(connection, folder, manifest.model_copy(update={"data_sets": marts}))
    signed = [problem.what for problem in _signoff_problems(settings, [manifest])]
    return problems + statement_problems(manifest) + signed


def _folders(settings: Settings) -> tuple[list[tuple[str, Path]], list[Problem]]:
    """Every release folder, and whatever else lies among them: not the lock, not what a killed publishing left."""
    releases: list[tuple[str, Path]] = []
    strange: list[Path] = []
    if not settings.releases.is_dir():
        return [], []
    for cycle in sorted(settings.releases.iterdir()):
        if not cycle.is_dir():
            strange += [cycle] if cycle.name != "current.json" and not cycle.name.startswith(".") else []
            continue
        for folder in sorted(cycle.iterdir()):
            if RELEASE_NAME.fullmatch(folder.name) and folder.is_dir():
                releases.append((cycle.name, folder))
            elif not folder.name.endswith(".partial"):
                strange.append(folder)
    found = [Problem(path.relative_to(settings.releases).as_posix(), "is no part of a release") for path in strange]
    return releases, found


def _release_problems(connection: duckdb.DuckDBPyConnection, cycle: str, folder: Path, manifest: Manifest) -> list[str]:
    release = folder.name
    problems = file_problems(folder, manifest)
    if not problems:  # bytes that differ are not parsed
        problems = content_problems(connection, folder, manifest)
    problems += statement_problems(manifest)
    if (manifest.cycle, manifest.release) != (cycle, release):
        problems.append(f"the manifest is of {manifest.cycle}/{manifest.release}")
    if not manifest.passed or any(row.severity == "block" and not row.passed for row in manifest.gate_results):
        problems.append("a blocking gate had failed")
    return problems


def _signoff_problems(settings: Settings, manifests: Iterable[Manifest]) -> list[Problem]:
    """The sign-offs that releases carry, by the policy that they carry, on the day they were made."""
    try:
        approvers = read_approvers(settings.approvers)
    except ApproversInvalid as error:
        return [Problem(settings.approvers.name, str(error))]
    return [
        Problem(f"{manifest.cycle}/{manifest.release}", what)
        for manifest in manifests
        for what in release_problems(
            approvers,
            manifest.policy,
            manifest.signoffs,
            canonical_json(manifest.statement),
            datetime.fromisoformat(manifest.created_at).date(),
        )
    ]


def _trail_problems(settings: Settings, read: Read) -> list[Problem]:
    """The audit trail must hold, and tell of every release and of going back to an earlier one."""
    where = "audit trail"
    problems = [Problem(where, what) for what in trail_problems(settings)]
    if problems:
        return problems
    with suppress(ReleaseIndexDamaged):
        index = read_index(settings)
        made = {entry.details.get("manifest_sha256") for entry in entries(settings) if entry.action == "release"}
        problems += [
            Problem(where, f"no entry tells of {cycle}/{release}")
            for (cycle, release), (_, sha256) in sorted(read.items())
            if sha256 not in made and not (index and _newer(index, cycle, release))  # not made current: said above
        ]
        gone_back = {entry.cycle: entry.details for entry in entries(settings) if entry.action == "rollback"}
        for cycle, current in sorted(index.cycles.items()) if index else []:
            told = gone_back.get(cycle, {}).get("manifest_sha256") == current.manifest_sha256
            if current.rolled_back and not told:
                problems.append(Problem(where, f"no entry tells that {cycle} went back to {current.release}"))
    return problems


def _link_problems(cycle: str, release: str, link: Previous, read: Read) -> list[str]:
    """The release before must be there, be the same, and come before."""
    name = f"{link.cycle}/{link.release}"
    before = read.get((link.cycle, link.release))
    if before is None:
        return [f"the release before it, {name}, is missing"]
    if before[1] != link.manifest_sha256:
        return [f"the release before it, {name}, has another manifest now"]
    if (link.cycle, release_number(link.release)) >= (cycle, release_number(release)):
        return [f"{name} does not come before it"]
    return []


def _index_problems(settings: Settings, releases: list[tuple[str, str]], read: Read) -> list[Problem]:
    """current.json against the releases that are there."""
    where = index_path(settings).name
    try:
        index = read_index(settings)
    except ReleaseIndexDamaged:
        return [Problem(where, "is not an index of releases")]
    if index is None:
        return [Problem(where, "is missing, though there are releases")] if releases else []
    problems = [] if index.newest == max(index.cycles, default=None) else [Problem(where, "newest is another cycle")]
    for cycle, current in sorted(index.cycles.items()):
        found = read.get((cycle, current.release))
        if found is None:
            problems.append(Problem(where, f"{cycle}/{current.release} is missing"))
        elif found[1] != current.manifest_sha256:
            problems.append(Problem(where, f"{cycle}/{current.release} has another manifest.json"))
    return problems + [
        Problem(f"{cycle}/{release}", "is newer than current.json says: publish again, or restore current.json")
        for cycle, release in releases
        if _newer(index, cycle, release)
    ]


def _newer(index: ReleaseIndex, cycle: str, release: str) -> bool:
    current = index.cycles.get(cycle)
    return current is None or release_number(release) > release_number((current.rolled_back or current).release)
