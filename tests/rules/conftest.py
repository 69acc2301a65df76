"""The models, compiled once for all tests of the rules."""

import pytest

from tests.models import Models


@pytest.fixture(scope="session")
def models(tmp_path_factory: pytest.TempPathFactory) -> Models:
    """The dbt models as SQL."""
    return Models(tmp_path_factory.mktemp("dbt"))
