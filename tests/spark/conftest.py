"""One Spark for all tests of the models; and one cycle that was run by the commands, once on each engine."""

from collections.abc import Iterator

import pytest

from tests.spark.engines import BothEngines, session


@pytest.fixture(scope="session")
def both(tmp_path_factory: pytest.TempPathFactory) -> Iterator[BothEngines]:
    """The models on both engines."""
    folder = tmp_path_factory.mktemp("spark")
    with session(folder) as spark:
        yield BothEngines(spark, folder)
