"""The parts of the story, each told once, in an order that keeps them apart; a reader of the BI file watches."""

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.golden import loader
from tests.pipeline import story
from tests.pipeline.golden import decided
from tests.pipeline.platform import Platform
from tests.pipeline.reader import BiReader
from tests.receiver import Receiver, receiver


@pytest.fixture(scope="session")
def released(tmp_path_factory: pytest.TempPathFactory) -> story.Released:
    return story.release(Platform(tmp_path_factory.mktemp("nation")))


@pytest.fixture(scope="session")
def platform(released: story.Released) -> Platform:
    """Where the story takes place."""
    return released.platform


@pytest.fixture(scope="session")
def reader(platform: Platform) -> Iterator[BiReader]:
    """Reads the BI file from the first release on, in a process of its own."""
    watching = BiReader(platform.settings.bi / "marts.duckdb", platform.root / "stop")
    yield watching
    watching.stop()


@pytest.fixture(scope="session")
def november(released: story.Released, tmp_path_factory: pytest.TempPathFactory) -> Platform:
    """The lake as it was when November was released, for what is done beside the story."""
    beside = Platform(tmp_path_factory.mktemp("november"))
    shutil.copytree(released.platform.settings.lake, beside.settings.lake)
    return beside


@pytest.fixture(scope="session")
def told(platform: Platform) -> Iterator[Receiver]:
    """Who is told of trouble, after the first release."""
    with receiver() as listening:
        platform.alerts = listening.url
        yield listening


@pytest.fixture(scope="session")
def blocked(platform: Platform, reader: BiReader, november: Platform, told: Receiver) -> story.Blocked:
    return story.block(platform)


@pytest.fixture(scope="session")
def refused(platform: Platform, blocked: story.Blocked) -> story.Refused:
    return story.refuse(platform)


@pytest.fixture(scope="session")
def killed(platform: Platform, reader: BiReader) -> story.Killed:
    return story.kill(platform)


@pytest.fixture(scope="session")
def recovered(platform: Platform, killed: story.Killed) -> story.Recovered:
    return story.recover(platform)


@pytest.fixture(scope="session")
def golden() -> loader.Golden:
    return loader.load()


@pytest.fixture(scope="session")
def golden_candidate(golden: loader.Golden, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What the pipeline makes of the golden case, delivered as CSV."""
    platform = Platform(tmp_path_factory.mktemp("golden"))
    golden.write(platform.settings.lake)
    return decided(platform)
