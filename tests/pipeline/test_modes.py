"""After real cycles no file or folder of the lake or of Dagster's home is open to others, but aggregates.

The commands are started with the umask of most machines, 022; locks, logs and records are looked at as lists are.
"""

import os
import stat
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.pipeline.platform import Platform
from tests.pipeline.story import NOVEMBER, Recovered, Refused

pytestmark = pytest.mark.pipeline

AGGREGATES, EXTRACTS = "bi/marts.duckdb", "extracts"
PARSED = "partial_parse.msgpack"
"""The dbt project as dbt has parsed it, beside each build: copied with its mode from dbt_project/target."""


def modes(*roots: Path) -> Iterator[tuple[Path, int]]:
    """Everything below the folders, and they themselves, with its mode; links are not followed."""
    for root in roots:
        for place, folders, names in os.walk(root):
            for path in (Path(place), *(Path(place, name) for name in (*folders, *names))):
                yield path, path.lstat().st_mode


def test_nothing_is_open_to_others_but_the_aggregates(
    platform: Platform, refused: Refused, recovered: Recovered
) -> None:
    lake = platform.settings.lake
    found = dict(modes(lake, platform.home))
    for held in (
        lake / "build" / f"{NOVEMBER}.duckdb",
        lake / "build" / f"{NOVEMBER}.dbt" / "dbt.log",
        lake / "build" / ".tmp",
        lake / "build" / ".locks",
        lake / "candidates" / NOVEMBER / "manifest.json",
        lake / "releases" / NOVEMBER / "r01" / "manifest.json",
        lake / "reports" / NOVEMBER / "data_docs" / "index.html",
        lake / "audit" / "trail.jsonl",
        platform.home / "dagster.yaml",
        platform.home / "output",
        platform.home / "history" / "runs.db",
    ):
        assert held in found
    assert [path for path in found if path.suffix == ".parquet" and lake / "raw" in path.parents]
    assert not [path for path, mode in found.items() if stat.S_ISLNK(mode)]
    open_to_others = {path: stat.S_IMODE(mode) for path, mode in found.items() if stat.S_IMODE(mode) & 0o077}
    assert open_to_others.pop(lake / AGGREGATES) == 0o644
    assert {path for path in open_to_others if path.name != PARSED and lake / EXTRACTS not in path.parents} == set()
