"""What holds for all tests: which run only when asked for, which stay together in one process; and the story.

The parts of the story (pipeline/story.py) are each told once, in an order that keeps them apart, to whoever looks at
them; a reader of the BI file watches. What they need is imported when the story begins: it takes seconds.
"""

import os
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from tests.pipeline import story
    from tests.pipeline.platform import Platform
    from tests.pipeline.reader import BiReader
    from tests.receiver import Receiver

os.environ["MUTAKHIR_APPROVERS"] = str(Path(__file__).with_name("no_signoffs.toml"))
"""Tests that are about sign-offs name approvers of their own."""
SLOW_FIRST = ("pipeline", "browser", "rules")
SHARED = {"released": "story", "models": "models", "golden_candidate": "golden", "s3": "store"}
"""Fixtures of a session that take long to make, and the name of the group that uses them."""


@pytest.fixture(autouse=True)
def open_umask() -> Iterator[None]:
    """What a test finds private was made so: the umask that a command sets for itself does not outlive it."""
    before = os.umask(0o022)
    yield
    os.umask(before)


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Leave tests marked exhaustive, spark or dashboards out, unless ``-m`` names the mark; slow folders first.

    The tests of a module, and those that share a fixture which takes long to make, run in one process.
    """
    not_asked_for = [mark for mark in ("exhaustive", "spark", "dashboards") if mark not in config.option.markexpr]
    for mark in not_asked_for:
        left_out = [item for item in items if item.get_closest_marker(mark)]
        items[:] = [item for item in items if item not in left_out]
        config.hook.pytest_deselected(items=left_out)
    items.sort(key=lambda item: next((at for at, name in enumerate(SLOW_FIRST) if name in item.path.parts), 9))
    for item in items:
        shared = [group for fixture, group in SHARED.items() if fixture in getattr(item, "fixturenames", ())]
        item.add_marker(pytest.mark.xdist_group([*shared, item.path.stem][0]))
        if "released" in getattr(item, "fixturenames", ()):
            item.add_marker(pytest.mark.timeout(900))  # the first of them tells the whole story


def pytest_collection_finish(session: pytest.Session) -> None:
    """Groups must have become part of the tests' names, or each process would tell the story anew."""
    if getattr(session.config.option, "loadgroup", False) and session.items and "@" not in session.items[0].nodeid:
        raise pytest.UsageError("pytest-xdist does not keep groups of tests together under this version of pytest")


@pytest.fixture(scope="session")
def released(tmp_path_factory: pytest.TempPathFactory) -> "story.Released":
    from tests.pipeline import story
    from tests.pipeline.platform import Platform

    return story.release(Platform(tmp_path_factory.mktemp("nation")))


@pytest.fixture(scope="session")
def platform(released: "story.Released") -> "Platform":
    """Where the story takes place."""
    return released.platform


@pytest.fixture(scope="session")
def reader(platform: "Platform") -> "Iterator[BiReader]":
    """Reads the BI file from the first release on, in a process of its own."""
    from tests.pipeline.reader import BiReader

    watching = BiReader(platform.settings.bi / "marts.duckdb", platform.root / "stop")
    yield watching
    watching.stop()


@pytest.fixture(scope="session")
def november(released: "story.Released", tmp_path_factory: pytest.TempPathFactory) -> "Platform":
    """The lake as it was when November was released, for what is done beside the story."""
    from tests.pipeline.platform import Platform

    beside = Platform(tmp_path_factory.mktemp("november"))
    shutil.copytree(released.platform.settings.lake, beside.settings.lake)
    return beside


@pytest.fixture(scope="session")
def told(platform: "Platform") -> "Iterator[Receiver]":
    """Who is told of trouble, after the first release."""
    from tests.receiver import receiver

    with receiver() as listening:
        platform.alerts = listening.url
        yield listening


@pytest.fixture(scope="session")
def blocked(platform: "Platform", reader: "BiReader", november: "Platform", told: "Receiver") -> "story.Blocked":
    from tests.pipeline import story

    return story.block(platform)


@pytest.fixture(scope="session")
def refused(platform: "Platform", blocked: "story.Blocked") -> "story.Refused":
    from tests.pipeline import story

    return story.refuse(platform)


@pytest.fixture(scope="session")
def killed(platform: "Platform", reader: "BiReader") -> "story.Killed":
    from tests.pipeline import story

    return story.kill(platform)


@pytest.fixture(scope="session")
def recovered(platform: "Platform", killed: "story.Killed") -> "story.Recovered":
    from tests.pipeline import story

    return story.recover(platform)
