"""What is past its term, and what of that stays because it is still needed. Looks at names and dates; changes nothing.

A cycle that *may be run* keeps everything, and what a run of it reads: the newest released one (it may be corrected,
packages and explanations are made from it), one without a release, one that is being worked on. Releases, signatures,
the audit trail, the BI file and reports are no layer here: they are never looked at.
"""

import os
import re
from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime
from pathlib import Path
from typing import get_args

from orchestration.contracts.sources import SOURCES
from orchestration.cycles import Cycle, parse_cycle
from orchestration.ingest.holding import read_content
from orchestration.released import read_index
from orchestration.retention.terms import Layer, RetentionRefused, Terms
from orchestration.settings import Settings

REMOVING = ".removing"
"""In each layer, since each may be a mount of its own: what is set aside to be removed."""
COMPARED = "dtsen_keluarga"
"""The source whose rows of the cycle before are compared (gate decile_jump)."""

_OF_A_CYCLE = re.compile(r"([0-9]{4}-(?:0[1-9]|1[0-2]))(?:\..+)?")
_LOCKS = (".lock", ".lock.json")
_SPILLED = "build/.tmp"


@dataclass(frozen=True)
class Item:
    """What of one cycle lies together in a layer, and why it goes or stays.

    Attributes:
        name: of the folder or files, relative to the lake.
        paths: absolute; below ``layer_folder``.
        age: months since the item's cycle.
    """

    layer: Layer
    cycle: str
    name: str
    paths: tuple[Path, ...]
    source: str | None = None
    age: int = 0
    why: str = ""


@dataclass(frozen=True)
class Plan:
    """Items past their term: those that go, and those that stay all the same."""

    goes: tuple[Item, ...]
    stays: tuple[Item, ...]


def layer_folder(settings: Settings, layer: Layer) -> Path:
    """Where a layer lies; raises RetentionRefused when that is a symbolic link."""
    folder: Path = getattr(settings, {"builds": "build"}.get(layer, layer))
    if folder.is_symlink():
        raise RetentionRefused(f"{folder} is a symbolic link, which is not followed: mount it there, or set the lake")
    return folder


def layers() -> tuple[Layer, ...]:
    """The layers that have a term."""
    return get_args(Layer)


def plan(settings: Settings, terms: Terms, today: date, busy: Collection[str] = ()) -> Plan:
    """What goes on a day; ``busy`` are cycles that are being worked on.

    Raises RetentionRefused, and ReleaseIndexDamaged when nobody can say what is released.
    """
    now = Cycle(today.year, today.month)
    items = [item for layer in layers() for item in _FOUND[layer](layer_folder(settings, layer))]
    may_run = _may_be_run(settings, terms, now, items, busy)
    goes: list[Item] = []
    stays: list[Item] = []
    for item in items:
        age, term = _months(now) - _months(parse_cycle(item.cycle)), terms.of(item.layer)
        if age <= term:
            continue
        kept = _linked(item) or _exempt(terms, now, may_run, item)
        why = kept or f"more than {term} months after its cycle"
        decided = Item(item.layer, item.cycle, item.name, item.paths, item.source, age, why)
        (stays if kept else goes).append(decided)
    return Plan(tuple(goes), tuple(stays))


def cycles_in_lake(settings: Settings) -> list[str]:
    """Every cycle of which something lies in a layer."""
    return sorted({item.cycle for layer in layers() for item in _FOUND[layer](layer_folder(settings, layer))})


def _may_be_run(
    settings: Settings, terms: Terms, now: Cycle, items: Iterable[Item], busy: Collection[str]
) -> dict[str, str]:
    """Cycles that keep everything, and why."""
    index = read_index(settings)
    if index is None and any(settings.releases.glob("*/r*/manifest.json")):
        raise RetentionRefused(
            f"{settings.releases} holds releases but no current.json, so nobody can say what is released: restore it"
        )
    released = set(index.cycles) if index else set()
    oldest = now.shift(-terms.exempt.unreleased_cycles).key
    found = {item.cycle for item in items if item.layer not in ("raw", "packages") and item.name != _SPILLED}
    why = {cycle: "has no release yet and may still be run" for cycle in found - released if cycle >= oldest}
    if index:
        why[index.newest] = "is the newest released cycle"
    return why | dict.fromkeys(busy, "is being worked on")


def _exempt(terms: Terms, now: Cycle, may_run: dict[str, str], item: Item) -> str | None:
    """Why an item past its term is still needed; None when it is not."""
    if item.name == _SPILLED:
        return None  # by an engine that is gone: no run reads it
    if item.cycle in may_run:
        return f"{item.cycle} {may_run[item.cycle]}"
    source = SOURCES.get(item.source or "")
    if source and source.kind == "event":
        if source.earlier_cycles is None:
            return f"the rules read every {item.source} there ever was"
        first = min((*may_run, now.key))
        if item.cycle >= parse_cycle(first).shift(-source.earlier_cycles).key:
            return f"the rules read {source.earlier_cycles} months back, and {first} may still be run"
    if item.source == COMPARED:
        for months in range(1, terms.exempt.compared_cycles + 1):
            after = parse_cycle(item.cycle).shift(months).key
            if after in may_run or after == now.key:
                return f"the gate decile_jump compares {after} with it"
    return None


def _linked(item: Item) -> str | None:
    return "is a symbolic link, which is not followed" if any(path.is_symlink() for path in item.paths) else None


def _months(cycle: Cycle) -> int:
    return cycle.year * 12 + cycle.month


def _landing(folder: Path) -> Iterator[Item]:
    """A source of a cycle; whatever else was put beside the sources as well."""
    for cycle in _entries(folder):
        if not _OF_A_CYCLE.fullmatch(cycle.name) or "." in cycle.name:
            continue
        if cycle.is_symlink() or not cycle.is_dir():
            yield Item("landing", cycle.name, f"landing/{cycle.name}", (cycle,))
            continue
        for entry in _entries(cycle):
            yield Item("landing", cycle.name, f"landing/{cycle.name}/{entry.name}", (entry,), entry.name)


def _raw(folder: Path) -> Iterator[Item]:
    """The deliveries of a source and cycle; what does not say its cycle is of the month in which it was made."""
    for source in _entries(folder):
        if source.name == REMOVING:
            continue
        if source.is_symlink() or not source.is_dir():
            yield Item("raw", _month_of(source), f"raw/{source.name}", (source,))
            continue
        deliveries: dict[str, list[Path]] = defaultdict(list)
        for delivery in _entries(source):
            content = None if delivery.is_symlink() else read_content(delivery)
            deliveries[content.cycle if content and content.cycle else _month_of(delivery)].append(delivery)
        for cycle, paths in sorted(deliveries.items()):
            yield Item("raw", cycle, f"raw/{source.name}", tuple(paths), source.name)


def _builds(folder: Path) -> Iterator[Item]:
    """A build with its records and logs, without locks; and what engines that were killed left when they spilled."""
    yield from _by_cycle("builds", folder)
    spilled: dict[str, list[Path]] = defaultdict(list)
    for path in _entries(folder / ".tmp"):
        spilled[_month_of(path)].append(path)
    for month, paths in sorted(spilled.items()):
        yield Item("builds", month, _SPILLED, tuple(paths))


def _by_cycle(layer: Layer, folder: Path) -> Iterator[Item]:
    """Entries whose names begin with a cycle, together by cycle."""
    found: dict[str, list[Path]] = defaultdict(list)
    for path in _entries(folder):
        match = _OF_A_CYCLE.fullmatch(path.name)
        if match and not path.name.endswith(_LOCKS):
            found[match[1]].append(path)
    for cycle, paths in sorted(found.items()):
        yield Item(layer, cycle, f"{folder.name}/{cycle}", tuple(paths))


def _month_of(path: Path) -> str:
    made = datetime.fromtimestamp(path.lstat().st_mtime, UTC)
    return Cycle(made.year, made.month).key


def _entries(folder: Path) -> list[Path]:
    if folder.is_symlink() or not folder.is_dir():
        return []
    return sorted(folder / name for name in os.listdir(folder))


_FOUND: dict[Layer, Callable[[Path], Iterator[Item]]] = {
    "landing": _landing,
    "raw": _raw,
    "builds": _builds,
    "candidates": lambda folder: _by_cycle("candidates", folder),
    "packages": lambda folder: _by_cycle("packages", folder),
}
