"""The models and the oracle decide alike, row by row: the golden case, and random registries that are hard to judge.

A registry is made from a seed, which is the test's parameter: a failure is repeated by its name.
"""

import random
from functools import cache

import pytest

from tests.golden import expected, loader
from tests.models import Models
from tests.oracle import rules
from tests.oracle.compare import KEYS
from tests.oracle.draws import Registry
from tests.oracle.registries import random_registry
from tests.oracle.run import run
from tests.oracle.staging import FLAGS, ROW_RULES
from tests.rules.judged import differences, modelled

FAMILIES = 60
SEEDS = range(25)
MANY_SEEDS = range(25, 425)
SHOWN = 15


@cache
def registry(seed: int) -> Registry:
    return random_registry(random.Random(seed), FAMILIES, raw_lines=seed % 2 == 1)


def agree(models: Models, seed: int) -> None:
    drawn = registry(seed)
    found = differences(models, drawn.rows(), drawn.cycle)
    head = f"seed {seed}, cycle {drawn.cycle}: {len(found)} differences"
    assert not found, "\n".join([head, *found[:SHOWN]])


@pytest.mark.parametrize("seed", SEEDS)
def test_random_registries(models: Models, seed: int) -> None:
    agree(models, seed)


@pytest.mark.exhaustive
@pytest.mark.parametrize("seed", MANY_SEEDS)
def test_many_random_registries(models: Models, seed: int) -> None:
    agree(models, seed)


def test_the_seeds_meet_every_rule() -> None:
    """Agreement says nothing of a rule that no seed meets; of the registers, which are all alike, two will do."""
    met = set[object]()
    for seed in SEEDS:
        outcome = run(registry(seed).rows(), registry(seed).cycle)
        met |= {row.decision for row in outcome.decided} | {row.selection_round for row in outcome.decided}
        for item in outcome.tables()["evidence"]:
            met |= {item["criterion"], item["action"], item["cleared_by"]}
        met |= {rule for (_, rule), (_, _, rows) in outcome.quality().items() if rows}
    wanted = {"keep", "confirm", "pending", "hold", "remove", "replace", "not_in_force"}
    wanted |= {"regency", "province", "national", "review", "verification", "objection"}
    values = rules.load("2025-11")
    wanted |= (set(values.criteria) - values.register_codes) | {"ASN", "GAMBLING_FLAG"} | set(ROW_RULES + FLAGS)
    assert sorted(wanted - met) == []


def test_the_golden_case(models: Models) -> None:
    golden = loader.load()
    assert not differences(models, golden.rows(), loader.CYCLE)
    data_sets, counts = modelled(models, golden.rows(), loader.CYCLE)
    found = [line for table in KEYS for line in expected.differences(golden, table, data_sets[table])]
    found += expected.quality_differences(golden, counts)
    assert not found, "\n".join(found)
