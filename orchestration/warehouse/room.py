"""Is there room for a build, on disk and in memory? Asked before it begins, so that it does not die after an hour.

The factors are those measured by `python -m benchmarks ladder` (benchmarks/RESULTS.md), with a margin.
"""

import shutil
from collections.abc import Iterable

import psutil

from orchestration.engine import engine
from orchestration.ingest.records import IngestedSource
from orchestration.settings import Settings
from orchestration.warehouse.build import build_file

DISK_FACTOR = 5.0
"""Bytes of build, spilled data and candidate for each byte of raw Parquet."""
MEMORY_FACTOR = 20.0
"""Bytes of memory that a build takes for each byte of raw Parquet, unless the engine's limit is lower."""
_GB = 1e9


class NoRoom(RuntimeError):
    """The build would not fit; nothing was begun. The message says what is missing and what to do."""


def require_room(settings: Settings, cycle: str, ingested: Iterable[IngestedSource]) -> None:
    """Raise NoRoom when disk or memory is too small for a build of these deliveries; an old build makes room."""
    raw = raw_bytes(ingested)
    old = build_file(settings, cycle)
    free = shutil.disk_usage(settings.build).free + (old.stat().st_size if old.exists() else 0)
    need = raw * DISK_FACTOR
    if free < need:
        raise NoRoom(
            f"the build of {cycle} needs about {need / _GB:.1f} GB of disk and {free / _GB:.1f} GB are free"
            f" ({settings.build}). Make room (`mutakhir retain`), or put the lake on a larger disk, then run again."
        )
    memory, available = min(raw * MEMORY_FACTOR, memory_bytes(settings)), psutil.virtual_memory().available
    if available < memory:
        raise NoRoom(
            f"the build of {cycle} takes up to {memory / _GB:.1f} GB of memory and {available / _GB:.1f} GB are free."
            " Stop what else runs here, or set MUTAKHIR_MEMORY_LIMIT lower: it then spills to disk, and takes longer."
        )


def raw_bytes(ingested: Iterable[IngestedSource]) -> int:
    """Bytes of all raw Parquet that counts in the cycle."""
    files = (file for source in ingested for delivery in source.deliveries for file in delivery.files)
    return sum(file.raw_path.stat().st_size for file in files)


def memory_bytes(settings: Settings) -> float:
    """What the engine makes of the limit that people wrote, in bytes."""
    with engine(settings) as connection:
        (said,) = connection.execute("select current_setting('memory_limit')").fetchone() or ("0 bytes",)
    number, unit = str(said).split()
    return float(number) * {"bytes": 1, "KiB": 2**10, "MiB": 2**20, "GiB": 2**30, "TiB": 2**40}[unit]
