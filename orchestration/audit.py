"""The audit trail: who did what, when, to which digests. Append-only, each entry chained to the one before by sha256.

Every stage writes its acts here; nothing reads it to decide anything. What others rely on (a signature, a release, a
removal) is recorded before it takes effect: a kill in between leaves an entry without an act, never an act without an
entry. Holds no value of a person.
"""

import hashlib
import json
import os
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, BinaryIO, Literal

from filelock import FileLock, Timeout
from pydantic import BaseModel, ConfigDict, ValidationError

from orchestration.settings import Settings, private_dir

Action = Literal[
    "fetch", "ingest", "verdict", "limits", "sign", "release", "rollback", "package", "receive", "extract", "export",
    "retain", "explain", "repair",
]  # fmt: skip
FIRST = "0" * 64
"""What the first entry names as the entry before it."""
_LOCK_SECONDS = 60
_BLOCK = 1 << 16


class TrailDamaged(RuntimeError):
    """The trail cannot be continued: its last entry is not one, or does not have the digest that it states."""


class Entry(BaseModel):
    """One act. ``digest`` is the sha256 of the canonical JSON of all other fields, ``previous`` included."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    number: int
    at: str
    who: str
    action: Action
    cycle: str | None
    details: dict[str, Any]
    previous: str
    digest: str

    @staticmethod
    def made(**fields: Any) -> "Entry":
        """An entry with the digest of its fields."""
        return Entry(**fields, digest=_digest(fields))

    @property
    def sound(self) -> bool:
        """Whether the digest is that of the fields."""
        return self.digest == _digest(self.model_dump(exclude={"digest"}))


def trail_path(settings: Settings) -> Path:
    """audit/trail.jsonl: an entry a line."""
    return settings.audit / "trail.jsonl"


def record(settings: Settings, action: Action, cycle: str | None = None, **details: Any) -> Entry:
    """Append an act of the configured identity and make sure that it is on disk.

    ``details`` are counts, names of things and digests, in JSON's types; never a value of a person. A last line that a
    kill left unfinished was never acknowledged: it is cut, and an entry says so. Raises TrailDamaged.
    """
    path = trail_path(settings)
    private_dir(path.parent)
    try:
        with FileLock(path.with_name(".lock"), timeout=_LOCK_SECONDS, mode=0o600), _opened(path) as file:
            cut = _cut_unfinished(file)
            last = _last(file, path)
            if cut:
                last = _append(file, settings, "repair", None, {"bytes_cut": cut}, last)
            return _append(file, settings, action, cycle, details, last)
    except Timeout:
        raise TrailDamaged(f"{path} is locked by another process for more than {_LOCK_SECONDS} s") from None


def entries(settings: Settings) -> Iterator[Entry]:
    """All entries in order, unverified. Raises TrailDamaged at a line that is no entry."""
    for number, entry in _read(trail_path(settings)):
        if entry is None:
            raise TrailDamaged(f"{trail_path(settings)}, line {number}, is no entry; run `mutakhir audit verify`")
        yield entry


def head(settings: Settings) -> str | None:
    """Digest of the newest entry; None when nothing was recorded yet. Raises TrailDamaged."""
    path = trail_path(settings)
    if not path.exists():
        return None
    with path.open("rb") as file:
        last = _last(file, path)
    return last.digest if last else None


def chain_problems(settings: Settings, anchors: dict[str, str]) -> list[str]:
    """Everything that says the trail is not as it was written, by line; empty when the chain holds.

    ``anchors`` are digests of entries that others wrote down, by where they stand: a trail whose end was cut off, or
    that was written anew, no longer has them.
    """
    problems, previous, seen = [], FIRST, set()
    for number, entry in _read(trail_path(settings)):
        if entry is None:
            problems.append(f"line {number} is no entry")
            continue
        if not entry.sound:
            problems.append(f"line {number} was changed: it does not have the digest that it states")
        if entry.previous != previous or entry.number != number:
            problems.append(f"line {number} does not follow the line before: an entry was removed, added or moved")
        previous = entry.digest
        seen.add(previous)
    return problems + [
        f"the entry that {where} names is not in the trail" for where, digest in anchors.items() if digest not in seen
    ]


def _digest(fields: dict[str, Any]) -> str:
    text = json.dumps(fields, sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False)
    return hashlib.sha256(text.encode()).hexdigest()


def _opened(path: Path) -> BinaryIO:
    return os.fdopen(os.open(path, os.O_RDWR | os.O_CREAT | os.O_APPEND | os.O_NOFOLLOW, 0o600), "r+b", buffering=0)


def _append(
    file: BinaryIO, settings: Settings, action: Action, cycle: str | None, details: dict[str, Any], last: Entry | None
) -> Entry:
    entry = Entry.made(
        number=last.number + 1 if last else 1,
        at=datetime.now(UTC).isoformat(timespec="milliseconds"),
        who=settings.who,
        action=action,
        cycle=cycle,
        details=details,
        previous=last.digest if last else FIRST,
    )
    file.write(entry.model_dump_json().encode() + b"\n")
    os.fsync(file.fileno())
    return entry


def _cut_unfinished(file: BinaryIO) -> int:
    """Cut what follows the last line end; returns how many bytes that were."""
    end = file.seek(0, os.SEEK_END)
    tail = _tail(file, end)
    unfinished = len(tail) - (tail.rfind(b"\n") + 1)
    if unfinished:
        file.truncate(end - unfinished)
    return unfinished


def _last(file: BinaryIO, path: Path) -> Entry | None:
    tail = _tail(file, file.seek(0, os.SEEK_END), lines=2).rstrip(b"\n")
    if not tail:
        return None
    entry = _parsed(tail.rpartition(b"\n")[2])
    if entry is None or not entry.sound:
        raise TrailDamaged(f"the last line of {path} is not an entry as it was written; run `mutakhir audit verify`")
    return entry


def _tail(file: BinaryIO, end: int, lines: int = 1) -> bytes:
    """The end of the file, back to at least ``lines`` line ends or to its beginning."""
    tail, at = b"", end
    while at > 0 and tail.count(b"\n") < lines:
        step = min(_BLOCK, at)
        at -= step
        file.seek(at)
        tail = file.read(step) + tail
    return tail


def _read(path: Path) -> Iterator[tuple[int, Entry | None]]:
    if path.exists():
        with path.open("rb") as file:
            for number, line in enumerate(file, start=1):
                yield number, _parsed(line)


def _parsed(line: bytes) -> Entry | None:
    try:
        return Entry.model_validate_json(line, strict=True)
    except ValidationError:
        return None
