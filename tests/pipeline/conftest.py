"""The golden case, decided once by the pipeline. The story is told by tests/conftest.py."""

from pathlib import Path

import pytest

from tests.golden import loader
from tests.pipeline.golden import decided
from tests.pipeline.platform import Platform


@pytest.fixture(scope="session")
def golden() -> loader.Golden:
    return loader.load()


@pytest.fixture(scope="session")
def golden_candidate(golden: loader.Golden, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What the pipeline makes of the golden case, delivered as CSV."""
    platform = Platform(tmp_path_factory.mktemp("golden"))
    golden.write(platform.settings.lake)
    return decided(platform)
