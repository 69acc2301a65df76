"""Sign-offs: people's Ed25519 signatures over a document, and whether those at hand satisfy the policy.

A document is the canonical JSON of a candidate's statement, or of an act (rollback.py): signing another content takes
new signatures. Who may sign is approvers.py, keys are keys.py; publishing and rolling back ask here again.
"""

import base64
import hashlib
from dataclasses import dataclass
from datetime import UTC, date, datetime
from itertools import product
from pathlib import Path

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from pydantic import ValidationError

from orchestration.audit import record
from orchestration.candidate.manifest import Policy, Signoff
from orchestration.publish.approvers import Approvers, key_id
from orchestration.publish.keys import public_text
from orchestration.settings import Settings, write_json_atomic


class SigningRefused(RuntimeError):
    """Nothing was signed: the key may not sign this, or not in this role."""


@dataclass(frozen=True)
class Approval:
    """What the policy says of a document: the sign-offs it rests on, and what is missing, a sentence each."""

    signoffs: list[Signoff]
    missing: list[str]


def sign(
    settings: Settings, approvers: Approvers, cycle: str, document: bytes, role: str, key: Ed25519PrivateKey
) -> tuple[Signoff, Path]:
    """Sign ``document`` in ``role`` and keep the sign-off; signing the same again changes nothing.

    Raises SigningRefused when the approvers do not know the key, in this role, today.
    """
    public_key = public_text(key)
    today = datetime.now(UTC).date()
    if problem := _key_problem(approvers, public_key, role, today):
        raise SigningRefused(f"not signed: {problem} ({settings.approvers})")
    approver = approvers.of_key(public_key)
    assert approver is not None
    digest = hashlib.sha256(document).hexdigest()
    path = settings.signoffs / cycle / f"{digest[:16]}-{role}-{key_id(public_key)}.json"
    kept = _read(path)
    if kept and signature_holds(kept, document):
        return kept, path
    signoff = Signoff(
        cycle=cycle,
        document_sha256=digest,
        person=approver.person,
        role=role,
        public_key=public_key,
        signed_at=datetime.now(UTC).isoformat(timespec="seconds"),
        signature=base64.b64encode(key.sign(document)).decode(),
    )
    record(settings, "sign", cycle, document_sha256=digest, person=signoff.person, role=role, key=key_id(public_key))
    write_json_atomic(path, signoff.model_dump(mode="json"))
    return signoff, path


def approval(settings: Settings, approvers: Approvers, cycle: str, document: bytes) -> Approval:
    """Judge the cycle's sign-offs over ``document`` by the policy, as of today.

    What is missing says for each role whether nobody signed, or why a signature at hand does not count: another
    document, an unknown or expired key, a role the key does not have, a signature that is not the key's.
    """
    found, unfit = _judged(settings, approvers, cycle, document)
    missing = [_not_signed(role, document, unfit[role]) for role, signoffs in found.items() if not signoffs]
    if missing:
        return Approval([], missing)
    for chosen in product(*found.values()):
        if not approvers.policy.different_people or len({signoff.person for signoff in chosen}) == len(chosen):
            return Approval(list(chosen), [])
    people = sorted({signoff.person for signoffs in found.values() for signoff in signoffs})
    return Approval(
        [],
        [f"roles {' and '.join(found)} must be signed by different people; only {', '.join(people)} signed"],
    )


def counted(settings: Settings, approvers: Approvers, cycle: str, document: bytes) -> dict[str, list[Signoff]]:
    """The sign-offs over ``document`` that count as of today, by role; they may not suffice."""
    return _judged(settings, approvers, cycle, document)[0]


def release_problems(approvers: Approvers, policy: Policy | None, signoffs: list[Signoff], document: bytes, on: date
) -> list[str]:  # fmt: skip
    """What is wrong with the sign-offs that a release carries, by its own policy, as of the day it was made."""
    if policy is None:
        return [] if not signoffs else ["it has sign-offs and no policy"]
    problems = [
        f"the sign-off of {signoff.person} ({signoff.role}): {problem}"
        for signoff in signoffs
        if (problem := _problem(approvers, signoff, document, on))
    ]
    signed = {signoff.role for signoff in signoffs}
    problems += [f"role {role} did not sign" for role in policy.roles if role not in signed]
    if policy.different_people and len({signoff.person for signoff in signoffs}) < len(signoffs):
        problems.append("one person signed twice")
    return problems


def signature_holds(signoff: Signoff, document: bytes) -> bool:
    """Whether the signature is the stated key's over ``document``."""
    try:
        key = Ed25519PublicKey.from_public_bytes(base64.b64decode(signoff.public_key))
        key.verify(base64.b64decode(signoff.signature), document)
    except (InvalidSignature, ValueError):
        return False
    return True


def withdraw(settings: Settings, cycle: str, document_sha256: str) -> int:
    """Set the sign-offs over a document aside, so that it needs new ones; returns how many there were."""
    withdrawn = 0
    for path in _paths(settings, cycle):
        signoff = _read(path)
        if signoff and signoff.document_sha256 == document_sha256:
            path.rename(path.with_name(f"{path.name}.withdrawn"))
            withdrawn += 1
    return withdrawn


def _judged(
    settings: Settings, approvers: Approvers, cycle: str, document: bytes
) -> tuple[dict[str, list[Signoff]], dict[str, list[str]]]:
    """By role: the sign-offs that count, and why others do not."""
    today = datetime.now(UTC).date()
    found: dict[str, list[Signoff]] = {role: [] for role in approvers.policy.roles}
    unfit: dict[str, list[str]] = {role: [] for role in approvers.policy.roles}
    for signoff in _kept(settings, cycle):
        if signoff.role not in found:
            continue
        if problem := _problem(approvers, signoff, document, today):
            unfit[signoff.role].append(f"the signature of {signoff.person} does not count: {problem}")
        else:
            found[signoff.role].append(signoff)
    return found, unfit


def _not_signed(role: str, document: bytes, unfit: list[str]) -> str:
    nobody = f"role {role} has not signed {hashlib.sha256(document).hexdigest()[:16]}"
    return f"{nobody} ({'; '.join(unfit)})" if unfit else nobody


def _problem(approvers: Approvers, signoff: Signoff, document: bytes, on: date) -> str | None:
    if signoff.document_sha256 != hashlib.sha256(document).hexdigest():
        return "it is over another statement; what it was given for has changed since"
    if not signature_holds(signoff, document):
        return "it is not a signature by the key that it names"
    if problem := _key_problem(approvers, signoff.public_key, signoff.role, on):
        return problem
    approver = approvers.of_key(signoff.public_key)
    return None if approver and approver.person == signoff.person else "the key is another person's"


def _key_problem(approvers: Approvers, public_key: str, role: str, on: date) -> str | None:
    try:
        name = f"key {key_id(public_key)}"
    except ValueError:
        return "its key is no key"
    approver = approvers.of_key(public_key)
    if approver is None:
        return f"{name} is not among the approvers"
    if role not in approver.roles:
        return f"{name} of {approver.person} may sign as {', '.join(approver.roles)}, not as {role}"
    if on < approver.valid_from:
        return f"{name} of {approver.person} is valid only from {approver.valid_from}"
    if on > approver.valid_to:
        return f"{name} of {approver.person} expired on {approver.valid_to}"
    return None


def _kept(settings: Settings, cycle: str) -> list[Signoff]:
    return [signoff for path in _paths(settings, cycle) if (signoff := _read(path))]


def _paths(settings: Settings, cycle: str) -> list[Path]:
    return sorted((settings.signoffs / cycle).glob("*.json"))


def _read(path: Path) -> Signoff | None:
    """The sign-off in a file; None when there is none, or it is not one: then it counts for nothing."""
    try:
        return Signoff.model_validate_json(path.read_bytes(), strict=True)
    except (FileNotFoundError, ValidationError):
        return None
