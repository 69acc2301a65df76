"""Deliveries that arrive in an object store (MUTAKHIR_LANDING_URL), copied into landing as they lie there.

The store has the folders of landing. A delivery has arrived when its delivery.json is there; here that comes last,
after the data files: a delivery that was cut off on its way has none, and the next run goes on with it. Nothing is
judged (that is delivery.py), nothing in the store is changed, and files are written beside and renamed: raw/ may hold
the old ones.
"""

import os
import shutil
import tempfile
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath

from filelock import FileLock, Timeout
from pydantic import TypeAdapter, ValidationError

from orchestration.audit import record
from orchestration.contracts.sources import Source
from orchestration.ingest.landing import STATEMENT, counts_earlier, is_data, shown, source_folder
from orchestration.settings import Settings, fsync, private_dir, write_json_atomic
from orchestration.store import Listed, Store, StoreFailed

_PART = ".fetched-"
_LONGEST_NAME = 255  # bytes, of every file system in use
_LOCK_SECONDS = 3600
_Copies = dict[str, tuple[int, str]]
"""What was copied, by path in the store: size and version."""


@dataclass
class Fetched:
    """What a fetch did; ``problems`` are deliveries that no folder can hold, by cycle and in words."""

    files: int = 0
    bytes: int = 0
    deliveries: int = 0
    problems: dict[str, list[str]] = field(default_factory=dict)
    warnings: list[str] = field(default_factory=list)


def stored_deliveries(settings: Settings, cycle: str, source: Source) -> dict[tuple[str, str], str]:
    """What has arrived in the store and counts in a cycle: version of each delivery.json, by cycle and batch.

    Empty when no store is named. Names alone are read. Raises StoreFailed.
    """
    if not settings.landing_url:
        return {}
    store = Store(settings.landing_url)
    return {
        (key, batch): objects[STATEMENT].version
        for key in _cycles(store, cycle, source)
        for batch, objects in _arrived(store, key, source)[0].items()
    }


def fetch(
    settings: Settings, cycle: str, source: Source, told: Callable[[Fetched], None] = lambda so_far: None
) -> Fetched:
    """Copy what the store has of a source and counts in a cycle, where landing does not have it yet.

    What was fetched once and is gone from the store stays in landing and counts: a warning names it. ``told`` hears of
    every file. Does nothing when no store is named. Raises StoreFailed.
    """
    done = Fetched()
    if not settings.landing_url:
        return done
    store = Store(settings.landing_url)
    with _alone(settings, source):
        for key in _cycles(store, cycle, source):
            folder, copied = source_folder(settings, key, source), _Copied(settings, key, source)
            arrived, warnings = _arrived(store, key, source)
            done.warnings += warnings
            for batch, objects in arrived.items():
                where = _where(f"{key}/{source.name}", batch)
                if problem := _unfit(settings, folder, batch, objects):
                    done.problems.setdefault(key, []).append(f"{where}: {problem}")
                    continue
                try:
                    for found in _fetch_delivery(store, folder / batch, objects, copied):
                        done.files += 1
                        done.bytes += found.size
                        told(done)
                except OSError as error:
                    raise StoreFailed(
                        f"it cannot be written into landing: {os.strerror(error.errno or 0)}",
                        where,
                        "Mend that, then run again.",
                    ) from None
                done.deliveries += 1
            for path in copied.gone({found.path for objects in arrived.values() for found in objects.values()}):
                if (settings.landing / path).is_file():
                    done.warnings.append(f"{shown(path)}: was fetched and is no longer in the store; it still counts")
    if done.files:
        record(settings, "fetch", cycle, source=source.name, files=done.files, bytes=done.bytes, store=store.url)
    return done


def _cycles(store: Store, cycle: str, source: Source) -> list[str]:
    """Earlier cycles that count and that the store knows, and the cycle itself."""
    return [cycle] if source.kind == "snapshot" else [*counts_earlier(store.folders(), cycle, source), cycle]


def _arrived(store: Store, key: str, source: Source) -> tuple[dict[str, dict[str, Listed]], list[str]]:
    """By batch, delivery.json and the data files beside it, by name; and what lies there without a delivery.json."""
    below = f"{key}/{source.name}"
    batches: dict[str, dict[str, Listed]] = {}
    for found in store.objects(below):
        path = PurePosixPath(found.path)
        if path.name == STATEMENT or is_data(path.name):
            batch = str(path.parent.relative_to(below))
            batches.setdefault("" if batch == "." else batch, {})[path.name] = found
    arrived = {batch: objects for batch, objects in batches.items() if STATEMENT in objects}
    warnings = [
        f"{_where(below, batch)}: has data files but no {STATEMENT} in the store: it has not arrived"
        for batch in batches.keys() - arrived.keys()
    ]
    return arrived, sorted(warnings)


def _where(below: str, batch: str) -> str:
    return f"{below}/{shown(batch)}" if batch else below


def _unfit(settings: Settings, folder: Path, batch: str, objects: Iterable[str]) -> str | None:
    """Why a delivery can have no folder of its own in landing; None when it can."""
    names = [*PurePosixPath(batch).parts, *objects]
    if any(name in (".", "..") or not name.isprintable() or len(os.fsencode(name)) > _LONGEST_NAME for name in names):
        return "has a name that no file here can have: send it again under another"
    places = [folder / batch, *(folder / batch).parents]
    if any(place.is_symlink() for place in places[: places.index(settings.landing)]):
        return "a symbolic link lies in its place in landing: remove it"
    return None


def _fetch_delivery(store: Store, folder: Path, objects: dict[str, Listed], copied: "_Copied") -> Iterator[Listed]:
    """Make the folder hold what the store has of a delivery, if anything differs; delivery.json leaves first.

    Yields each object once its copy is in its place.
    """
    data = [found for name, found in objects.items() if name != STATEMENT]
    wanted = [found for found in data if not copied.has(found, folder)]
    surplus = copied.besides(objects, folder)
    if not wanted and not surplus and copied.has(objects[STATEMENT], folder):
        return
    _require_room(store, private_dir(folder), wanted)
    (folder / STATEMENT).unlink(missing_ok=True)
    for left in (*surplus, *folder.glob(f"{_PART}*")):
        left.unlink()
    for found in (*wanted, objects[STATEMENT]):
        _copy(store, found, folder / PurePosixPath(found.path).name)
        copied.add(found)
        yield found


def _copy(store: Store, found: Listed, to: Path) -> None:
    handle, name = tempfile.mkstemp(dir=to.parent, prefix=_PART)
    os.close(handle)
    try:
        store.fetch(found.path, Path(name))
        if store.look(found.path) != found or Path(name).stat().st_size != found.size:
            raise StoreFailed(
                "it was put again while it was read", f"{store.url}/{found.path}", "Run again when it is whole."
            )
        fsync(Path(name))
        os.replace(name, to)
    finally:
        Path(name).unlink(missing_ok=True)
    fsync(to.parent)


def _require_room(store: Store, folder: Path, wanted: list[Listed]) -> None:
    need, free = sum(found.size for found in wanted), shutil.disk_usage(folder).free
    if need > free:
        raise StoreFailed(
            f"its {need / 1e9:.1f} GB do not fit into landing, where {free / 1e9:.1f} GB are free",
            f"{store.url}/{wanted[0].path}",
            "Make room (`mutakhir retain`), then run again.",
        )


class _Copied:
    """What was copied of a source and cycle, so that it is not again: build/.fetched/<cycle>/<source>.json.

    Without it, or when it cannot be read, everything is copied anew.
    """

    def __init__(self, settings: Settings, key: str, source: Source) -> None:
        self._path = settings.build / ".fetched" / key / f"{source.name}.json"
        try:
            self._known = TypeAdapter(_Copies).validate_json(self._path.read_bytes())
        except (OSError, ValidationError):
            self._known = {}

    def has(self, found: Listed, folder: Path) -> bool:
        """Whether the folder has this version of an object."""
        copy = folder / PurePosixPath(found.path).name
        if self._known.get(found.path) != (found.size, found.version) or copy.is_symlink() or not copy.is_file():
            return False
        return copy.stat().st_size == found.size

    def besides(self, objects: dict[str, Listed], folder: Path) -> list[Path]:
        """Files that were copied into the folder and are no longer in the store beside its delivery.json."""
        place = PurePosixPath(objects[STATEMENT].path).parent
        return [
            folder / path.name
            for path in map(PurePosixPath, self._known)
            if path.parent == place and path.name not in objects and (folder / path.name).is_file()
        ]

    def add(self, found: Listed) -> None:
        """An object was copied."""
        self._known[found.path] = (found.size, found.version)
        write_json_atomic(self._path, self._known)

    def gone(self, there: set[str]) -> list[str]:
        """Deliveries that were copied and are not in the store any more, by the path of their delivery.json."""
        return sorted(path for path in self._known.keys() - there if PurePosixPath(path).name == STATEMENT)


@contextmanager
def _alone(settings: Settings, source: Source) -> Iterator[None]:
    """One process at a time fetches a source."""
    lock = private_dir(private_dir(settings.build) / ".locks") / f"fetch-{source.name}.lock"
    try:
        with FileLock(lock, timeout=_LOCK_SECONDS, mode=0o600):
            yield
    except Timeout:
        raise StoreFailed("another process has fetched it for an hour", str(lock), "See what it does.") from None
