"""Publishing into an object store: a real server that speaks S3, and a folder; what is put, refused, tampered with."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from orchestration.publish.push import CURRENT
from orchestration.publish.release import publish
from orchestration.publish.store import Store
from orchestration.publish.verify_store import verify_store
from orchestration.settings import Settings
from tests.builds import make_candidate, passes
from tests.objectstore import BUCKET, Server, server

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def s3() -> Iterator[Server]:
    with server() as running:
        yield running


@pytest.fixture
def url(s3: Server, request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    """A place of the test's own, which settings name."""
    for name, value in s3.environment.items():
        monkeypatch.setenv(name, value)
    found = f"s3://{BUCKET}/{request.node.name}"
    monkeypatch.setenv("MUTAKHIR_PUBLISH_URL", found)
    return found


@pytest.fixture
def settings(tmp_path: Path, url: str) -> Settings:
    return Settings(lake=tmp_path / "lake")


def test_a_release_and_then_current_json(settings: Settings, url: str) -> None:
    make_candidate(settings)
    release = publish(settings, "2025-11", evaluate=passes).folder
    store = Store(url)
    wanted = {path.relative_to(settings.lake).as_posix() for path in release.rglob("*") if path.is_file()}
    assert set(store.names("releases")) == wanted | {CURRENT}
    found = store.read(CURRENT)
    assert found is not None and found.content.strip() == (settings.releases / "current.json").read_bytes().strip()
    assert verify_store(settings, url) == []
