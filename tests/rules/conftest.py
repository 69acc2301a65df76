"""Models compiled once for all tests of the rules, and the many registries that only run when they are asked for."""

import pytest

from tests.models import Models


def pytest_configure(config: pytest.Config) -> None:
    """Name the marker of tests that take minutes."""
    config.addinivalue_line("markers", "exhaustive: hundreds of random registries, ten minutes; run with -m exhaustive")


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Leave the exhaustive tests out unless the expression of ``-m`` names them."""
    if "exhaustive" not in config.option.markexpr:
        left_out = [item for item in items if item.get_closest_marker("exhaustive")]
        items[:] = [item for item in items if item not in left_out]
        config.hook.pytest_deselected(items=left_out)


@pytest.fixture(scope="session")
def models(tmp_path_factory: pytest.TempPathFactory) -> Models:
    """The dbt models as SQL."""
    return Models(tmp_path_factory.mktemp("dbt"))
