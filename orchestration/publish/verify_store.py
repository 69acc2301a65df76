"""`mutakhir verify --url`: the releases in a store verify themselves as those of the lake do. Reads only.

The same checks (verify.py) see a folder with the manifests of all releases, into which the files of one release at a
time are fetched: it takes as much room as the largest release. The audit trail is the lake's, and is not looked at.
"""

import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path, PurePosixPath

from orchestration.candidate.manifest import MANIFEST, ManifestDamaged, read_manifest
from orchestration.publish.push import CURRENT, RELEASES
from orchestration.publish.verify import Problem, Read, releases_read
from orchestration.released import RELEASE_NAME, ReleaseIndexDamaged, index_path, read_index
from orchestration.settings import Settings, private_dir
from orchestration.store import Store


def verify_store(settings: Settings, url: str) -> list[Problem]:
    """Fetch everything and take every digest again; empty when all is as published. Raises StoreFailed.

    The store that the settings name must hold the releases of this lake besides.
    """
    store = Store(url)
    found = store.names(RELEASES)
    folders = {str(parent) for name in found for parent in PurePosixPath(name).parents}
    names = [name for name in found if name not in folders]
    with tempfile.TemporaryDirectory(dir=private_dir(settings.build / ".tmp"), prefix="store-") as folder:
        mirror = Settings(**{**settings.model_dump(), "lake": Path(folder)})
        for name in names:
            if name == CURRENT or name.endswith(f"/{MANIFEST}"):
                store.fetch(name, mirror.lake / name)
            else:
                _beside(mirror.lake / name)

        @contextmanager
        def at_hand(cycle: str, release: Path) -> Iterator[None]:
            below = f"{RELEASES}/{cycle}/{release.name}/"
            for name in names:
                if name.startswith(below):
                    store.fetch(name, mirror.lake / name)
            yield
            for path in release.iterdir():
                if path.is_dir():
                    shutil.rmtree(path)
                elif path.name != MANIFEST:
                    path.unlink()

        read, problems = releases_read(mirror, at_hand)
        problems += [Problem(name, "is no part of a release") for name in sorted(folders & set(found))]
        if url.rstrip("/") == settings.publish_url.rstrip("/"):
            problems += _other_than_the_lakes(settings, mirror, read)
    return problems


def _beside(path: Path) -> None:
    """The folder of a release's file that is fetched later; a name that stands for what lies elsewhere."""
    private_dir(path.parent)
    if not any(RELEASE_NAME.fullmatch(part.name) for part in path.parents):
        path.touch(mode=0o600)


def _other_than_the_lakes(settings: Settings, mirror: Settings, read: Read) -> list[Problem]:
    problems = []
    for (cycle, release), (_, sha256) in sorted(read.items()):
        try:
            if read_manifest(settings.releases / cycle / release)[1] != sha256:
                problems.append(Problem(f"{cycle}/{release}", "is another release than the lake's"))
        except (FileNotFoundError, ManifestDamaged):
            problems.append(Problem(f"{cycle}/{release}", "is not in the lake"))
    try:
        if read_index(mirror) != read_index(settings):
            problems.append(Problem(index_path(settings).name, "names others than the lake's: publish again"))
    except ReleaseIndexDamaged:
        pass  # told by the checks of each
    return problems
