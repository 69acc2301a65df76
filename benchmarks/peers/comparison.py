"""Runs the engines side by side over the same deliveries: time, memory, and whether their results are equal.

Every engine in a process of its own, one at a time, bare DuckDB among them, in an order that alternates from repetition
to repetition. What was measured is kept and shown elsewhere (results.py, report.py).
"""

import json
import os
import shutil
import statistics
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import duckdb

from benchmarks.ladder import CYCLE, simulated
from benchmarks.peers.task import RESULTS, THREADS
from benchmarks.watch import watch
from orchestration.candidate.digests import content_digest
from orchestration.engine import literal

ENGINES = ("duckdb", "polars", "spark", "postgres", "pandas")
PROJECT = Path(__file__).parents[2]
PEERS = PROJECT / ".venv-peers" / "bin" / "python"
Say = Callable[[str], None]
Row = dict[str, Any]


class NoPeers(Exception):
    """The engines' libraries are not installed."""


def compare(
    sizes: Sequence[int],
    engines: Sequence[str],
    repetitions: int,
    most_seconds: float,
    memory_gb: float,
    folder: Path,
    say: Say,
) -> list[Row]:
    """A row for each size and engine, with ratios to bare DuckDB where the results are equal.

    An engine that fails, or runs beyond the bounds, at one size is not tried again, nor at a larger one. ``folder``
    must have room for the deliveries and what the engines write beside them. Raises NoPeers.
    """
    if set(engines) - {"duckdb"} and not PEERS.exists():
        raise NoPeers("the engines' libraries are not installed: run `make peers`, or ask for --engine duckdb alone")
    rows: list[Row] = []
    gave_up: dict[str, str] = {}
    for families in sorted(sizes):
        landing = simulated(folder, families)
        runs: dict[str, list[Row]] = {engine: [] for engine in engines}
        for repetition in range(repetitions):
            for engine in engines if repetition % 2 == 0 else reversed(engines):
                if engine in gave_up:
                    continue
                run = run_engine(engine, landing, folder / "engine", memory_gb, most_seconds)
                runs[engine].append(run)
                if "failed" in run:
                    gave_up[engine] = f"{run['failed']} at {families:,} families"
                say(f"  {families:,} {engine}: {run.get('failed') or format(work(run), '.1f') + ' s'}")
        rows += compared(families, runs, gave_up)
    return rows


def run_engine(
    engine: str, landing: Path, folder: Path, memory_gb: float, most_seconds: float, stop: bool = True
) -> Row:
    """The core once: seconds (of the process, and by phase), processor seconds, memory and disk in bytes, digests.

    ``failed`` says why there is no result. With ``stop`` it ends when it holds more than the memory.
    """
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    asked = {
        "engine": engine,
        "landing": str(landing),
        "folder": str(folder),
        "memory_gb": memory_gb,
        "cycle": CYCLE,
    }
    python = sys.executable if engine == "duckdb" else str(PEERS)
    done = watch(
        [python, "-m", "benchmarks.peers.engine", json.dumps(asked)],
        {**os.environ, "PYTHONPATH": str(PROJECT), "POLARS_MAX_THREADS": str(THREADS), "OMP_NUM_THREADS": str(THREADS)},
        folder,
        most_seconds=most_seconds,
        most_memory=memory_gb * 1e9 if stop else float("inf"),
    )
    run: Row = {
        "process_seconds": round(done.seconds, 2),
        "cpu_seconds": round(done.cpu_seconds, 2),
        "peak_memory": done.peak_memory,
        "peak_disk": done.peak_disk,
    }
    lines = done.output.strip().splitlines() or [f"exit code {done.exit_code}"]
    if done.stopped or done.exit_code:
        run["failed"] = done.stopped or lines[-1]
    else:
        run |= json.loads(lines[-1]) | {"digests": {name: digest(folder, name) for name in RESULTS}}
    shutil.rmtree(folder)
    return run


def work(run: Row) -> float:
    """Seconds of the work itself: loading, where an engine must, and the core; not of starting up."""
    return float(sum(run["seconds"].get(phase, 0) for phase in ("load", "core")))


def digest(folder: Path, result: str) -> str:
    """Rows and content digest (as of a release's data sets) of a result, whatever wrote it."""
    columns = RESULTS[result]
    csv, parquet = folder / f"{result}.csv", folder / f"{result}.parquet"
    path = f"{parquet}/*.parquet" if parquet.is_dir() else str(csv if csv.exists() else parquet)
    source = f"read_csv({literal(path)}, all_varchar=true)" if csv.exists() else f"read_parquet({literal(path)})"
    cast = ", ".join(f"cast({name} as {type_name}) as {name}" for name, type_name in columns.items())
    with duckdb.connect() as connection:
        found = content_digest(connection, f"(select {cast} from {source})", columns)
    return f"{found.rows}:{found.value}"


def compared(families: int, runs: dict[str, list[Row]], gave_up: dict[str, str]) -> list[Row]:
    """Rows of one size; equal is what all agree with, bare DuckDB first."""
    done = {engine: [run for run in of if "failed" not in run] for engine, of in runs.items()}
    digests = [run["digests"] for of in done.values() for run in of]
    rows = []
    for engine, of in done.items():
        row: Row = {"families": families, "engine": engine, "runs": runs[engine]}
        if engine in gave_up:
            row["gave_up"] = gave_up[engine]
        elif of:
            row["equal"] = all(run["digests"] == digests[0] for run in of)
            row["seconds"] = _spread([work(run) for run in of])
            bare = done.get("duckdb", [])
            if row["equal"] and len(bare) == len(of):
                row["ratio"] = _spread([work(run) / work(other) for run, other in zip(of, bare, strict=True)])
        rows.append(row)
    return rows


def _spread(values: list[float]) -> dict[str, float]:
    return {"min": min(values), "median": statistics.median(values), "max": max(values)}
