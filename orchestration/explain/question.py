"""Who may ask what: the purposes of a look-up, and what the audit trail keeps of it.

The trail must show who looked at which family, and hold no value of a family. It keeps a keyed digest (HMAC-SHA256,
64 bits) of the id: an id is short and easily tried out, so a plain digest would give it away to whoever reads a copy of
the trail. The key lies beside the trail, made at the first look-up.
"""

import hashlib
import hmac
import os
import re
import secrets
from contextlib import suppress
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

from orchestration import audit
from orchestration.settings import Settings, private_dir

_FAMILY = re.compile(r"[A-Z0-9-]{1,36}")
_TELLING = re.compile(r"[0-9]{16}")
_NOTE_LENGTH = 200


class Purpose(StrEnum):
    """Why somebody's decision may be looked up."""

    objection = "objection"
    access = "access"
    correction = "correction"
    complaint = "complaint"
    payment = "payment"
    fieldwork = "fieldwork"
    audit = "audit"
    other = "other"


PURPOSES = {
    Purpose.objection: "an objection or appeal (sanggahan) of the family",
    Purpose.access: "the family asks for its own data",
    Purpose.correction: "data are said to be wrong",
    Purpose.complaint: "a question or complaint at the counter",
    Purpose.payment: "a payment that failed or is disputed",
    Purpose.fieldwork: "a field verification is prepared or checked",
    Purpose.audit: "an audit or a court asks",
    Purpose.other: "anything else: say what with --note",
}


class WrongQuestion(ValueError):
    """The look-up cannot be made as asked; nothing was looked up and nothing recorded."""


@dataclass(frozen=True)
class Question:
    """A look-up that may be made: checked, not yet recorded."""

    family_id: str
    purpose: Purpose
    note: str
    cycle: str | None
    programme: str | None
    candidate: bool
    unmask: bool
    letter: bool


def asked(
    family_id: str,
    purpose: str,
    note: str = "",
    *,
    cycle: str | None = None,
    programme: str | None = None,
    candidate: bool = False,
    unmask: bool = False,
    letter: bool = False,
) -> Question:
    """The look-up as asked. Raises WrongQuestion, which never repeats what was given."""
    family_id, note = family_id.strip(), " ".join(note.split())
    if not _FAMILY.fullmatch(family_id):
        raise WrongQuestion("that is no family id: 1 to 36 of A-Z, 0-9 and -")
    try:
        stated = Purpose(purpose)
    except ValueError:
        raise WrongQuestion(f"state a purpose: {', '.join(Purpose)}") from None
    if stated is Purpose.other and not note:
        raise WrongQuestion("the purpose 'other' needs a note that says which")
    if len(note) > _NOTE_LENGTH or not note.isprintable():
        raise WrongQuestion(f"a note is one line of at most {_NOTE_LENGTH} characters")
    if family_id in note or _TELLING.search(note):
        raise WrongQuestion("a note is kept in the audit trail: no family id and no NIK in it, name the file or ticket")
    if candidate and cycle is None:
        raise WrongQuestion("a candidate is of one cycle: name the cycle")
    return Question(family_id, stated, note, cycle, programme, candidate, unmask, letter)


def record(settings: Settings, question: Question) -> str:
    """Write the look-up to the audit trail, and return the digest by which it names the family. Raises TrailDamaged."""
    digest = family_digest(settings, question.family_id)
    audit.record(
        settings,
        "explain",
        question.cycle,
        family=digest,
        purpose=question.purpose.value,
        **{"note": question.note} if question.note else {},
        **{"programme": question.programme} if question.programme else {},
        candidate=question.candidate,
        unmasked=question.unmask,
        letter=question.letter,
    )
    return digest


def family_digest(settings: Settings, family_id: str) -> str:
    """How the audit trail of this lake names a family: 16 hexadecimal digits."""
    return hmac.new(_key(settings), family_id.encode(), hashlib.sha256).hexdigest()[:16]


def key_path(settings: Settings) -> Path:
    """The key of the digests; without it no look-up can be traced to its family any more."""
    return settings.audit / "families.key"


def _key(settings: Settings) -> bytes:
    """The key, made when there is none; whoever comes first writes it, whole, the others read it."""
    path = key_path(settings)
    if not path.exists():
        new = private_dir(path.parent) / f".{path.name}.{os.getpid()}"
        with os.fdopen(os.open(new, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_NOFOLLOW, 0o600), "wb") as file:
            file.write(secrets.token_hex(32).encode())
            file.flush()
            os.fsync(file.fileno())
        with suppress(FileExistsError):
            os.link(new, path)
        new.unlink()
    return path.read_bytes()
