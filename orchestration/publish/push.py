"""What is published, put into the store of MUTAKHIR_PUBLISH_URL: releases, then current.json by one conditional put.

The lake's folder releases/ and the store hold the same under the same names. A release's manifest is put first: whose
manifest it is, owns the number; its other files follow; readers see none of it until current.json names it. A kill
leaves files that nobody names, and the next publishing goes on from there. One lake feeds a store: one that does not
know what the store names as current is refused, and changes nothing there.
"""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from pydantic import ValidationError

from orchestration.audit import record
from orchestration.candidate.manifest import MANIFEST, Manifest, ManifestDamaged, read_manifest
from orchestration.publish.sealed import PublishRefused
from orchestration.released import Current, ReleaseIndex, release_number
from orchestration.settings import Settings
from orchestration.store import Object, Store, StoreFailed

RELEASES = "releases"
CURRENT = f"{RELEASES}/current.json"


@dataclass(frozen=True)
class Upload:
    """All that ``renewed`` names is in the store (None: there is no store); what is left is the switch."""

    settings: Settings
    renewed: ReleaseIndex
    store: Store | None = None
    stored: ReleaseIndex | None = None
    found: Object | None = None

    def switch(self) -> None:
        """Make it current there, after a word in the audit trail. Raises PublishRefused when somebody was faster."""
        if self.store is None or self.stored == self.renewed:
            return
        cycle = self._changed[-1] if len(self._changed) == 1 else None
        named = {cycle: self.renewed.cycles[cycle].release for cycle in self._changed}
        record(self.settings, "export", cycle, store=self.store.url, releases=named)
        with _refused():
            switched = self.store.switch(CURRENT, index_bytes(self.renewed), self.found)
        if not switched:
            raise PublishRefused(
                "somebody else published at the same moment, and was first: nothing was switched",
                f"{self.store.url}/{CURRENT}",
                "Publish again; if it is refused again, see docs/object-storage.md.",
            )

    @cached_property
    def _changed(self) -> list[str]:
        before = self.stored.cycles if self.stored else {}
        return [cycle for cycle, current in sorted(self.renewed.cycles.items()) if before.get(cycle) != current]


def upload(settings: Settings, index: ReleaseIndex | None, renewed: ReleaseIndex) -> Upload:
    """Put every release that ``renewed`` knows and the store does not name yet; ``index`` is what it was before.

    Nothing that is in the store is replaced, and nothing becomes current. Raises PublishRefused.
    """
    if not settings.publish_url:
        return Upload(settings, renewed)
    with _refused():
        store = Store(settings.publish_url)
        found = store.read(CURRENT)
        stored = _index(store, found.content) if found else None
        _refuse_unknown(settings, store, stored, [index, renewed])
        for cycle, folder in _releases(settings, renewed):
            there = stored.cycles.get(cycle) if stored else None
            if there is None or release_number(folder.name) > release_number(_newest(there)):
                _put(store, cycle, folder)
    return Upload(settings, renewed, store, stored, found)


@contextmanager
def _refused() -> Iterator[None]:
    """What the store does not do keeps a release from being published."""
    try:
        yield
    except StoreFailed as failed:
        raise PublishRefused(failed.what, failed.where, failed.todo) from None


def index_bytes(index: ReleaseIndex) -> bytes:
    """current.json as the store holds it."""
    return json.dumps(index.model_dump(mode="json", exclude_none=True), indent=2, sort_keys=True).encode() + b"\n"


def _index(store: Store, content: bytes) -> ReleaseIndex:
    try:
        return ReleaseIndex.model_validate_json(content)
    except ValidationError:
        where = f"{store.url}/{CURRENT}"
        raise PublishRefused("it is not an index of releases", where, "Restore it there.") from None


def _refuse_unknown(
    settings: Settings, store: Store, stored: ReleaseIndex | None, known: list[ReleaseIndex | None]
) -> None:
    """Whatever the store names as current must be of this lake: its index now or in a moment, or a release before."""
    for cycle, current in stored.cycles.items() if stored else ():
        mine = [index.cycles.get(cycle) for index in known if index]
        earlier = current.rolled_back is None and _has(settings, cycle, current) and any(mine)
        if current not in mine and not earlier:
            raise PublishRefused(
                f"the store names {cycle}/{current.release} as current, of which this lake knows nothing",
                f"{store.url}/{CURRENT}",
                "Another lake publishes there: publish from that one, or name another place.",
            )


def _has(settings: Settings, cycle: str, current: Current) -> bool:
    try:
        return read_manifest(settings.releases / cycle / current.release)[1] == current.manifest_sha256
    except (FileNotFoundError, ManifestDamaged):
        return False


def _newest(current: Current) -> str:
    return (current.rolled_back or current).release


def _releases(settings: Settings, renewed: ReleaseIndex) -> list[tuple[str, Path]]:
    """What the index names and whatever came before each, the oldest first; not what was begun and never current."""
    named = {(cycle, name) for cycle, current in renewed.cycles.items() for name in (current.release, _newest(current))}
    found, to_read = set(named), list(named)
    while to_read:
        cycle, name = to_read.pop()
        before = _manifest(settings.releases / cycle / name)[0].previous
        if before and (before.cycle, before.release) not in found:
            found.add((before.cycle, before.release))
            to_read.append((before.cycle, before.release))
    ordered = sorted(found, key=lambda release: (release[0], release_number(release[1])))
    return [(cycle, settings.releases / cycle / name) for cycle, name in ordered]


def _put(store: Store, cycle: str, folder: Path) -> None:
    """The manifest, which only one lake can put, then the files that it names."""
    below = f"{RELEASES}/{cycle}/{folder.name}"
    manifest, sha256 = _manifest(folder)
    store.create(f"{below}/{MANIFEST}", folder / MANIFEST, sha256)
    for path, stored in sorted(manifest.all_files().items()):
        store.create(f"{below}/{path}", folder / path, stored.sha256)


def _manifest(folder: Path) -> tuple[Manifest, str]:
    try:
        return read_manifest(folder)
    except (FileNotFoundError, ManifestDamaged):
        raise PublishRefused("the release has no readable manifest", folder, "`mutakhir verify`") from None
