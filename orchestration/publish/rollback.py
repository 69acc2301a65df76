"""Rolling back: an earlier release of a cycle becomes its current one again, as an act that people sign.

Nothing is deleted: the release that was current stays, and current.json says from which one was gone back. The act
names both releases by the sha256 of their manifests, so a signature for one rollback serves for no other.
"""

from orchestration.audit import record
from orchestration.candidate.manifest import ManifestDamaged, read_manifest
from orchestration.candidate.statement import canonical_json
from orchestration.publish import bi
from orchestration.publish.approvers import read_approvers
from orchestration.publish.push import upload
from orchestration.publish.release import publishing_lock, renewed_index, replace_index
from orchestration.publish.sealed import PublishRefused
from orchestration.publish.signoff import approval, withdraw
from orchestration.publish.verify import release_folder_problems
from orchestration.released import Current, RolledBack, index_path, read_index, release_number
from orchestration.settings import Settings


def rollback_act(settings: Settings, cycle: str, to: str) -> bytes:
    """What people sign so that release ``to`` becomes current again: canonical JSON. Raises PublishRefused."""
    index = read_index(settings)
    current = index.cycles.get(cycle) if index else None
    if current is None:
        raise PublishRefused(f"cycle {cycle} has no release to go back from", index_path(settings), "`mutakhir status`")
    folder = settings.releases / cycle / to
    if to == current.release:
        raise PublishRefused(f"{to} is the current release of {cycle} already", folder, "There is nothing to do.")
    try:
        _, sha256 = read_manifest(folder)
    except (FileNotFoundError, ManifestDamaged):
        raise PublishRefused(f"cycle {cycle} has no release {to}", folder, "`mutakhir releases`") from None
    if release_number(to) > release_number(current.release):
        raise PublishRefused(
            f"{to} was made after the current release {current.release}", folder, "Publish its content again instead."
        )
    return canonical_json(
        {
            "act": "rollback",
            "cycle": cycle,
            "from": {"release": current.release, "manifest_sha256": current.manifest_sha256},
            "to": {"release": to, "manifest_sha256": sha256},
        }
    )


def rollback(settings: Settings, cycle: str, to: str, reason: str) -> Current:
    """Make release ``to`` of the cycle current again, if the policy's sign-offs over the act are there.

    The sign-offs over what is taken back are withdrawn: publishing the same content again takes new ones. Raises
    PublishRefused.
    """
    approvers = read_approvers(settings.approvers)
    with publishing_lock(settings):
        act = rollback_act(settings, cycle, to)
        index = read_index(settings)
        assert index is not None
        current, folder = index.cycles[cycle], settings.releases / cycle / to
        given = approval(settings, approvers, cycle, act)
        if given.missing:
            raise PublishRefused(
                "; ".join(given.missing),
                settings.signoffs / cycle,
                f"`mutakhir sign --cycle {cycle} --role ROLE --rollback {to}`",
            )
        if problems := release_folder_problems(settings, cycle, folder):
            raise PublishRefused(f"{to} is not as it was published: {'; '.join(problems)}", folder, "`mutakhir verify`")
        newest = current.rolled_back or RolledBack(**current.model_dump(include={"release", "manifest_sha256"}))
        made = Current(release=to, manifest_sha256=read_manifest(folder)[1], rolled_back=newest)
        renewed = renewed_index(index, cycle, made)
        uploaded = upload(settings, index, renewed)
        record(
            settings,
            "rollback",
            cycle,
            release=to,
            manifest_sha256=made.manifest_sha256,
            from_release=current.release,
            from_manifest_sha256=current.manifest_sha256,
            reason=reason,
            signoffs=[signoff.model_dump() for signoff in given.signoffs],
        )
        uploaded.switch()
        taken_back, _ = read_manifest(settings.releases / cycle / current.release)
        withdraw(settings, cycle, taken_back.statement_sha256)
        replace_index(settings, renewed)
        bi.refresh(settings)
        return made
