"""Every table that the models make is the same on DuckDB and on Spark, down to the cell: small registries, all edges.

The registries are the oracle's (tests/oracle/registries.py), made from a seed, which is the test's parameter.
"""

import random
from contextlib import closing

import pytest

from tests.golden import loader
from tests.oracle.registries import random_registry
from tests.spark.engines import BothEngines, differences

pytestmark = [pytest.mark.spark, pytest.mark.timeout(600)]

FAMILIES = 60
SEEDS = range(3)
MORE_SEEDS = range(3, 25)


def agree(both: BothEngines, seed: int) -> None:
    drawn = random_registry(random.Random(seed), FAMILIES, raw_lines=seed % 2 == 1)
    with closing(both.run(drawn.rows(), drawn.cycle)) as connection:
        found = differences(connection)
        assert not found, "\n".join([f"seed {seed}, cycle {drawn.cycle}", *found])


@pytest.mark.parametrize("seed", SEEDS)
def test_random_registries(both: BothEngines, seed: int) -> None:
    agree(both, seed)


@pytest.mark.exhaustive
@pytest.mark.parametrize("seed", MORE_SEEDS)
def test_more_random_registries(both: BothEngines, seed: int) -> None:
    agree(both, seed)


def test_the_golden_case_and_what_a_difference_says(both: BothEngines) -> None:
    """No difference; and one that is made on purpose is named with its table, its column and its rows."""
    with closing(both.run(loader.load().rows(), loader.CYCLE)) as connection:
        assert not (found := differences(connection)), "\n".join(found)
        connection.execute("create or replace table build.lists.waiting_list as from build.lists.waiting_list")
        connection.execute("update build.lists.waiting_list set position_in_regency = 99 where position_in_regency = 1")
        found = differences(connection)
    assert found[0].startswith("lists.waiting_list: ") and found[0].endswith("rows differ, in position_in_regency")
    assert '"position_in_regency": "99"' in found[1] and '"family_id"' in found[1]
