"""A place in an object store for each test: releases go there, deliveries come from there; and what was released."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from orchestration import store as store_module
from orchestration.settings import Settings
from orchestration.store import Store
from tests.builds import make_candidate
from tests.objectstore import BUCKET, Server, server


@pytest.fixture(scope="session")
def s3() -> Iterator[Server]:
    with server() as running:
        yield running


@pytest.fixture(params=["s3"])
def store(s3: Server, request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Store:
    """A place of the test's own, which settings name."""
    for name, value in s3.environment.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setattr(store_module, "RETRIES", 2)
    places = {"s3": f"s3://{BUCKET}/{tmp_path.name}", "file": (tmp_path / "shared place").as_uri()}
    monkeypatch.setenv("MUTAKHIR_PUBLISH_URL", places[request.param])
    return Store(places[request.param])


@pytest.fixture
def settings(tmp_path: Path, store: Store) -> Settings:
    """A lake with a candidate."""
    known = Settings(lake=tmp_path / "lake")
    make_candidate(known)
    return known
