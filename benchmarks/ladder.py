"""Whole cycles of growing nations, each in a lake and processes of its own: ingest to gates, as users run it.

Deliveries are simulated before the clock starts. What is kept and shown stands in results.py.
"""

import json
import os
import re
import shutil
import sys
from pathlib import Path
from typing import Any

from benchmarks.watch import size, watch

CYCLE = "2025-11"
_STEP = re.compile(r"^  (\S+): (done|failed) in ([0-9.]+) s\b", re.MULTILINE)


def rung(folder: Path, families: int, form: str, memory_limit: str) -> dict[str, Any]:
    """One cycle of ``families`` families in a lake under ``folder``, which must have room for it.

    Deliveries of that size and form that lie there already are used again; whatever else is there is removed.
    Returns seconds by step and by dbt model, and in bytes the peak memory of all processes together, disk, and what
    was read, written and spilled. Raises RuntimeError when a command fails.
    """
    lake, home = folder / "lake", folder / "home"
    environment = {
        **os.environ,
        "MUTAKHIR_LAKE": str(lake),
        "DAGSTER_HOME": str(home),
        "MUTAKHIR_MEMORY_LIMIT": memory_limit,
    }
    if _delivered(lake) == (families, form):
        for path in (home, *(path for path in lake.iterdir() if path.name not in ("landing", "simulation"))):
            shutil.rmtree(path, ignore_errors=True)
    else:
        shutil.rmtree(folder, ignore_errors=True)
        _simulate(lake, families, form)
    deliveries = size(lake)
    run = watch([_command("mutakhir"), "run", "--cycle", CYCLE], environment, folder, lake / "build" / ".tmp")
    if run.exit_code:
        raise RuntimeError(f"the cycle of {families} families failed:\n{run.output}")
    return {
        "families": families,
        "format": form,
        "memory_limit": memory_limit,
        "seconds": run.seconds,
        "cpu_seconds": run.cpu_seconds,
        "peak_memory": run.peak_memory,
        "read_bytes": run.read,
        "written_bytes": run.written,
        "peak_spilled": run.peak_spilled,
        "deliveries_bytes": deliveries,
        "peak_disk_beside_deliveries": run.peak_disk - deliveries,
        "disk_beside_deliveries": size(folder) - deliveries,
        "steps": {step: float(seconds) for step, _, seconds in _STEP.findall(run.output)},
        "models": _models(lake),
    }


def _delivered(lake: Path) -> tuple[int, str] | None:
    """Families and form of the deliveries that the lake already has."""
    record = lake / "simulation" / f"{CYCLE}.json"
    if not record.exists():
        return None
    made = json.loads(record.read_text(encoding="utf-8"))
    return made["families"], made["format"]


def simulated(folder: Path, families: int) -> Path:
    """The landing zone of the cycle, in a lake of so many families under ``folder``, delivered as Parquet.

    Deliveries that are there are used again. Raises RuntimeError when the simulation fails.
    """
    lake = folder / "lake"
    if _delivered(lake) != (families, "parquet"):
        shutil.rmtree(lake, ignore_errors=True)
        _simulate(lake, families, "parquet")
    return lake / "landing" / CYCLE


def _simulate(lake: Path, families: int, form: str) -> None:
    lake.mkdir(parents=True)
    made = watch(
        [_command("mutakhir-simulate"), "--families", str(families), "--cycle", CYCLE, "--format", form],
        {**os.environ, "MUTAKHIR_LAKE": str(lake)},
        lake,
    )
    if made.exit_code:
        raise RuntimeError(f"the simulation of {families} families failed:\n{made.output}")
    os.sync()  # deliveries arrive before a cycle, not in it: writing them to disk is not part of it


def _command(name: str) -> str:
    return str(Path(sys.executable).with_name(name))


def _models(lake: Path) -> dict[str, float]:
    """Seconds by dbt model, slowest first."""
    results = json.loads((lake / "build" / f"{CYCLE}.dbt" / "models" / "run_results.json").read_text())["results"]
    seconds = {row["unique_id"].split(".")[2]: round(row["execution_time"], 2) for row in results}
    return dict(sorted(seconds.items(), key=lambda item: -item[1]))
