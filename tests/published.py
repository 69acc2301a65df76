"""Releases in a lake and in a store: what tests of both do and ask."""

import json

import pytest

from orchestration.publish.push import CURRENT
from orchestration.publish.release import publish
from orchestration.publish.verify_store import verify_store
from orchestration.released import read_index
from orchestration.settings import Settings
from orchestration.store import Store
from tests.builds import passes

CYCLE = "2025-11"
R01 = f"releases/{CYCLE}/r01"
PART = f"{R01}/decisions/programme=PKH/part-0.parquet"
FUNNEL = f"{R01}/marts/cycle_funnel.parquet"

both = pytest.mark.parametrize("store", ["s3", "file"], indirect=True)


def release(settings: Settings, reason: str | None = None, cycle: str = CYCLE) -> str:
    return publish(settings, cycle, reason, evaluate=passes).release


def named(store: Store) -> dict[str, str]:
    """The current release of each cycle, as the store says."""
    found = store.read(CURRENT)
    cycles = json.loads(found.content)["cycles"] if found else {}
    return {cycle: current["release"] for cycle, current in cycles.items()}


def in_lake(settings: Settings) -> dict[str, str]:
    index = read_index(settings)
    return {cycle: current.release for cycle, current in index.cycles.items()} if index else {}


def told(settings: Settings, store: Store) -> list[str]:
    return sorted(f"{problem.where}: {problem.what}" for problem in verify_store(settings, store.url))
