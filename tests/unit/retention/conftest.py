"""A lake of the test's own."""

from pathlib import Path

import pytest

from orchestration.settings import Settings


@pytest.fixture
def lake(tmp_path: Path) -> Settings:
    return Settings(lake=tmp_path / "lake")
