"""What holds for all tests: which run only when asked for, which stay together in one process."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

os.environ["MUTAKHIR_APPROVERS"] = str(Path(__file__).with_name("no_signoffs.toml"))
"""Tests that are about sign-offs name approvers of their own."""
SLOW_FIRST = ("pipeline", "browser", "rules")
SHARED = {"released": "story", "models": "models", "golden_candidate": "golden"}
"""Fixtures of a session that take long to make, and the name of the group that uses them."""


@pytest.fixture(autouse=True)
def open_umask() -> Iterator[None]:
    """What a test finds private was made so: the umask that a command sets for itself does not outlive it."""
    before = os.umask(0o022)
    yield
    os.umask(before)


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Leave the tests marked exhaustive out, unless the expression of ``-m`` names them; slow folders come first.

    The tests of a module, and those that share a fixture which takes long to make, run in one process.
    """
    if "exhaustive" not in config.option.markexpr:
        left_out = [item for item in items if item.get_closest_marker("exhaustive")]
        items[:] = [item for item in items if item not in left_out]
        config.hook.pytest_deselected(items=left_out)
    items.sort(key=lambda item: next((at for at, name in enumerate(SLOW_FIRST) if name in item.path.parts), 9))
    for item in items:
        shared = [group for fixture, group in SHARED.items() if fixture in getattr(item, "fixturenames", ())]
        item.add_marker(pytest.mark.xdist_group([*shared, item.path.stem][0]))
        if "released" in getattr(item, "fixturenames", ()):
            item.add_marker(pytest.mark.timeout(900))  # the first of them tells the whole story
