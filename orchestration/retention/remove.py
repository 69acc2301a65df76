"""Removes what is past its term: written to the audit trail, set aside by a rename, then deleted.

A kill in between leaves an entry without an act, or something set aside; the next call finishes. No link is followed,
also not one that is put in the way while this works.
"""

import hashlib
import os
import shutil
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from uuid import uuid4

from filelock import FileLock, Timeout

from orchestration.audit import record
from orchestration.contracts.sources import SOURCES
from orchestration.ingest.files import UnreadableFile, file_digest
from orchestration.ingest.landing import read_delivery, statements
from orchestration.locks import CycleLocked, cycle_lock, is_locked
from orchestration.retention.plan import REMOVING, Item, Plan, cycles_in_lake, layer_folder, layers, plan
from orchestration.retention.terms import RetentionRefused, Terms
from orchestration.settings import Settings, private_dir

_FOLDER = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW


@dataclass(frozen=True)
class Removed:
    """What a call did: the items that went, those that stayed, and how many an earlier call had left set aside."""

    plan: Plan
    finished: int


@dataclass(frozen=True)
class Size:
    """Files and bytes of an item; a file with two names counts under each."""

    files: int
    bytes: int


def preview(settings: Settings, terms: Terms, today: date) -> Plan:
    """What `retain` would do now. Changes nothing."""
    locks = {cycle: settings.build / f"{cycle}.lock" for cycle in cycles_in_lake(settings)}
    busy = [cycle for cycle, lock in locks.items() if lock.exists() and is_locked(settings, cycle)]
    return plan(settings, terms, today, busy)


def retain(settings: Settings, terms: Terms, today: date) -> Removed:
    """Remove what is past its term and not needed; a second call finds nothing.

    All cycles are locked meanwhile; what a cycle that somebody works on needs, stays. Raises RetentionRefused.
    """
    before = preview(settings, terms, today)
    if not before.goes and not cut_off(settings):
        return Removed(before, 0)
    with _alone(settings) as busy:
        finished = _finish(settings)
        decided = plan(settings, terms, today, busy)
        for item in decided.goes:
            _remove(settings, item)
    return Removed(decided, finished)


def size(item: Item) -> Size:
    """Count what an item holds."""
    files = [file for path in item.paths for file in _files(path)]
    return Size(len(files), sum(file.lstat().st_size for file in files))


@contextmanager
def _alone(settings: Settings) -> Iterator[list[str]]:
    """One removal at a time, with the lock of every cycle that nobody has; yields the cycles that somebody has."""
    busy = []
    with ExitStack() as held:
        try:
            lock = private_dir(private_dir(settings.build) / ".locks") / "retain.lock"
            held.enter_context(FileLock(lock, timeout=0, mode=0o600))
        except Timeout:
            raise RetentionRefused("another `mutakhir retain --apply` is under way: wait for it") from None
        for cycle in cycles_in_lake(settings):
            try:
                held.enter_context(cycle_lock(settings, cycle, "retain"))
            except CycleLocked:
                busy.append(cycle)
        yield busy


def _remove(settings: Settings, item: Item) -> None:
    layer = layer_folder(settings, item.layer)
    try:
        held = size(item)
        digests = _digests(item)
        record(
            settings, "retain", item.cycle,
            layer=item.layer, path=item.name, files=held.files, bytes=held.bytes, digests=digests,
        )  # fmt: skip
        aside = private_dir(layer / REMOVING)
        for path in item.paths:
            _delete(_set_aside(layer, path, aside))
        with suppress(OSError):  # something came in since
            aside.rmdir()
        if item.layer == "landing":
            with suppress(OSError):  # other sources stay
                item.paths[0].parent.rmdir()
    except OSError as error:
        raise RetentionRefused(
            f"{item.name} cannot be removed ({os.strerror(error.errno or 0)}); what went before is gone: mend its"
            " access rights, then run `mutakhir retain --apply` again"
        ) from error


def _set_aside(layer: Path, path: Path, aside: Path) -> Path:
    """Rename ``path`` into ``aside``, from folder to folder by handle: a link on the way is an error."""
    target = aside / uuid4().hex
    with ExitStack() as opened:

        def folder(name: Path | str, parent: int | None = None) -> int:
            handle = os.open(name, _FOLDER, dir_fd=parent)
            opened.callback(os.close, handle)
            return handle

        parent = folder(layer)
        for part in path.relative_to(layer).parts[:-1]:
            parent = folder(part, parent)
        os.rename(path.name, target.name, src_dir_fd=parent, dst_dir_fd=folder(aside))
    return target


def _delete(path: Path) -> None:
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path)
    else:
        path.unlink(missing_ok=True)


def cut_off(settings: Settings) -> list[Path]:
    """What a call that was killed had set aside and not deleted."""
    folders = [layer_folder(settings, layer) / REMOVING for layer in layers()]
    return [path for folder in folders if folder.is_dir() and not folder.is_symlink() for path in folder.iterdir()]


def _finish(settings: Settings) -> int:
    left = cut_off(settings)
    for path in left:
        _delete(path)
    for folder in {path.parent for path in left}:
        folder.rmdir()
    return len(left)


def _files(path: Path) -> Iterator[Path]:
    """Files at or below a path; links are not followed."""
    if path.is_symlink() or not path.is_dir():
        yield path
        return
    for place, _, names in os.walk(path):
        yield from (Path(place, name) for name in sorted(names))


def _digests(item: Item) -> list[str]:
    """What identifies the item elsewhere.

    Of landing and raw the digests of deliveries, as ingest entries and releases state them; of a build and a candidate
    that of its record; of packages one over the path and sha256 of every file.
    """
    if item.layer == "landing":
        source = SOURCES.get(item.source or "")
        if source is None:
            return []
        found = statements(item.paths[0])
        return [read_delivery(at.parent, item.cycle, batch, source).digest(source) for at, batch in found]
    if item.layer == "raw":
        return [path.name for path in item.paths]
    if item.layer == "packages":
        return [_tree_digest(path) for path in item.paths]
    records = [path / "manifest.json" if item.layer == "candidates" else path for path in item.paths]
    return [
        file_digest(path) for path in records if path.suffix == ".json" and path.is_file() and not path.is_symlink()
    ]


def _tree_digest(folder: Path) -> str:
    digest = hashlib.sha256()
    for path in sorted(_files(folder)):
        try:
            digest.update(f"{path.relative_to(folder)}\0{file_digest(path)}\n".encode())
        except UnreadableFile:  # a link, a pipe
            digest.update(f"{path.relative_to(folder)}\0\n".encode())
    return digest.hexdigest()
