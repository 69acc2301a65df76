"""Publishing: a sealed candidate becomes releases/<cycle>/rNN, then current.json and bi/marts.duckdb follow.

Order: write rNN.partial, verify, rename, make read-only, replace current.json, replace the BI file. A kill between any
two steps leaves the current release whole and current; publishing again finishes the job: a leftover .partial is
removed, a finished rNN that current.json does not know yet is adopted, a BI file that lags behind is rebuilt.

Files are copied, not hard-linked, though links would save the disk space: a release must not share bytes with a folder
that is still worked in, or one write into a candidate's file would change what was published.
"""

import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Literal

from filelock import FileLock, Timeout

from orchestration.audit import head, record
from orchestration.candidate.manifest import (
    MANIFEST,
    Manifest,
    ManifestDamaged,
    Policy,
    Previous,
    Signoff,
    read_manifest,
)
from orchestration.candidate.statement import canonical_json
from orchestration.candidate.write import candidate_folder
from orchestration.gates.verdict import Verdict
from orchestration.publish import bi
from orchestration.publish.approvers import ApproversInvalid, read_approvers
from orchestration.publish.difference import Difference, difference
from orchestration.publish.folder import make_read_only, next_name, unfinished_release, write
from orchestration.publish.push import upload
from orchestration.publish.sealed import PublishRefused, refuse_blocked, sound_candidate
from orchestration.publish.signoff import approval
from orchestration.released import (
    Current,
    ReleaseIndex,
    ReleaseIndexDamaged,
    index_path,
    newest_release_before,
    read_index,
)
from orchestration.settings import Settings, fsync, private_dir, write_json_atomic

_LOCK_SECONDS = 60


@dataclass(frozen=True)
class Published:
    """The cycle's current release after publishing, and how it came about."""

    cycle: str
    release: str
    folder: Path
    manifest_sha256: str
    outcome: Literal["published", "finished", "already current"]


def publish(
    settings: Settings, cycle: str, reason: str | None = None, *, evaluate: Callable[[Settings, str], Verdict]
) -> Published:
    """Publish the cycle's candidate; ``reason`` is needed when the cycle already has a release with other content.

    ``evaluate`` judges the candidate anew. A candidate whose statement is the current release's is not judged again and
    changes nothing. Raises PublishRefused.
    """
    with publishing_lock(settings):
        try:
            published = _publish(settings, cycle, (reason or "").strip() or None, evaluate)
        except ReleaseIndexDamaged as error:
            raise PublishRefused(str(error), index_path(settings), "Restore current.json first.") from error
        bi.refresh(settings)
        return published


def _publish(
    settings: Settings, cycle: str, reason: str | None, evaluate: Callable[[Settings, str], Verdict]
) -> Published:
    folder = candidate_folder(settings, cycle)
    candidate = sound_candidate(settings, cycle)
    index = read_index(settings)
    current = index.cycles.get(cycle) if index else None
    if current and _current_manifest(settings, cycle, current).statement_sha256 == candidate.statement_sha256:
        assert index is not None
        upload(settings, index, index).switch()
        return _published(settings, cycle, current, "already current")
    policy, signoffs = _approved(settings, candidate, folder, evaluate)
    if current and reason is None:
        raise PublishRefused(
            f"cycle {cycle} has release {current.release}; the candidate has other content, and no reason is given",
            folder,
            f"`mutakhir publish --cycle {cycle} --reason TEXT`",
        )
    manifest = candidate.model_copy(
        update={
            "reason": reason,
            "created_at": datetime.now(UTC).isoformat(timespec="seconds"),
            "policy": policy,
            "signoffs": signoffs,
            "previous": _previous(settings, cycle, current),
            "difference": _correction(settings, folder, cycle, current),
            "audit_head": head(settings),
        }
    )
    releases = private_dir(settings.releases / cycle)
    for leftover in releases.glob("*.partial"):
        shutil.rmtree(leftover)
    for half_written in settings.releases.glob(".current.json.*"):
        half_written.unlink()
    unfinished = unfinished_release(releases, manifest, current)
    release = unfinished or next_name(releases)
    if not unfinished:
        write(folder, releases / release, manifest.model_copy(update={"release": release}))
    make_read_only(releases / release)
    made_current = Current(release=release, manifest_sha256=read_manifest(releases / release)[1])
    renewed = renewed_index(index, cycle, made_current)
    uploaded = upload(settings, index, renewed)
    record(
        settings,
        "release",
        cycle,
        release=release,
        manifest_sha256=made_current.manifest_sha256,
        statement_sha256=manifest.statement_sha256,
        reason=reason,
        signed_by=[f"{signoff.person} ({signoff.role})" for signoff in signoffs],
    )
    uploaded.switch()
    replace_index(settings, renewed)
    return _published(settings, cycle, made_current, "finished" if unfinished else "published")


def _published(
    settings: Settings, cycle: str, current: Current, outcome: Literal["published", "finished", "already current"]
) -> Published:
    folder = settings.releases / cycle / current.release
    return Published(cycle, current.release, folder, current.manifest_sha256, outcome)


@contextmanager
def publishing_lock(settings: Settings) -> Iterator[None]:
    """One publishing or rolling back at a time. Raises PublishRefused after a minute of waiting."""
    path = private_dir(settings.releases) / ".lock"
    try:
        with FileLock(path, timeout=_LOCK_SECONDS, mode=0o600):
            yield
    except Timeout:
        raise PublishRefused("another publishing is under way", path, "Wait for it, then publish again.") from None


def _approved(
    settings: Settings, candidate: Manifest, folder: Path, evaluate: Callable[[Settings, str], Verdict]
) -> tuple[Policy, list[Signoff]]:
    """The sign-offs that it is published on: the sealed verdict and the one evaluated now must pass as well."""
    refuse_blocked(candidate, folder)
    verdict = evaluate(settings, candidate.cycle)
    if not verdict.passed:
        raise PublishRefused(
            " ".join(["the gates, judged again, block this candidate.", *(gate.message for gate in verdict.blocking)]),
            folder,
            f"`mutakhir run --cycle {candidate.cycle} --from gates` judges and seals it by today's limits.",
        )
    try:
        approvers = read_approvers(settings.approvers)
    except ApproversInvalid as error:
        raise PublishRefused(str(error), settings.approvers, "See docs/releases.md, Sign-off.") from error
    given = approval(settings, approvers, candidate.cycle, canonical_json(candidate.statement))
    if given.missing:
        raise PublishRefused(
            "; ".join(given.missing),
            settings.signoffs / candidate.cycle,
            f"`mutakhir sign --cycle {candidate.cycle} --role ROLE`, by an approver of {settings.approvers}.",
        )
    return approvers.policy, given.signoffs


def _current_manifest(settings: Settings, cycle: str, current: Current) -> Manifest:
    folder = settings.releases / cycle / current.release
    try:
        manifest, sha256 = read_manifest(folder)
    except (FileNotFoundError, ManifestDamaged) as error:
        raise PublishRefused("the current release has no readable manifest", folder, "`mutakhir verify`") from error
    if sha256 != current.manifest_sha256:
        raise PublishRefused("the current release is not the one in current.json", folder, "`mutakhir verify`")
    return manifest


def changes(settings: Settings, cycle: str, province: str | None = None) -> Difference:
    """What the cycle's candidate changes against the release before it; areas as in difference.py.

    A candidate that is the current release already: what that release changed. Raises PublishRefused when there is no
    sealed candidate.
    """
    folder = candidate_folder(settings, cycle)
    if not (folder / MANIFEST).is_file():
        raise PublishRefused(f"cycle {cycle} has no sealed candidate", folder, f"`mutakhir run --cycle {cycle}`")
    index = read_index(settings)
    current = index.cycles.get(cycle) if index else None
    before = _previous(settings, cycle, current)
    if current:
        released = _current_manifest(settings, cycle, current)
        if released.statement_sha256 == read_manifest(folder)[0].statement_sha256:
            before = released.previous
    earlier = settings.releases / before.cycle / before.release if before else None
    return difference(settings, earlier, folder, before, province)


def _correction(settings: Settings, folder: Path, cycle: str, current: Current | None) -> dict[str, Any] | None:
    """What a correction changes against the release that it corrects."""
    if current is None:
        return None
    corrected = settings.releases / cycle / current.release
    return difference(settings, corrected, folder, _previous(settings, cycle, current)).for_manifest()


def _previous(settings: Settings, cycle: str, current: Current | None) -> Previous | None:
    """The release before: the cycle's current one, else the current one of the newest released cycle before it."""
    if current:
        return Previous(cycle=cycle, release=current.release, manifest_sha256=current.manifest_sha256)
    before = newest_release_before(settings, cycle)
    if before is None:
        return None
    earlier, folder = before
    return Previous(cycle=earlier, release=folder.name, manifest_sha256=read_manifest(folder)[1])


def renewed_index(index: ReleaseIndex | None, cycle: str, current: Current) -> ReleaseIndex:
    """The index with another current release of the cycle."""
    cycles = {**(index.cycles if index else {}), cycle: current}
    return ReleaseIndex(newest=max(cycles), cycles=cycles)


def replace_index(settings: Settings, renewed: ReleaseIndex) -> None:
    """Switch what is current, by one rename of current.json."""
    write_json_atomic(index_path(settings), renewed.model_dump(mode="json", exclude_none=True))
    fsync(settings.releases)
