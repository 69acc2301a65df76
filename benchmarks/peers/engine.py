"""One engine in a process of its own: `python -m benchmarks.peers.engine '{"engine": "duckdb", ...}'`.

Runs in the engine's own environment, so it imports nothing but plain Python and, of the engines, the one asked for. The
last line that it prints is JSON: version, settings, seconds by phase.
"""

import importlib
import json
import os
import sys
from pathlib import Path

from benchmarks.peers.rules import rules_of
from benchmarks.peers.task import THREADS, Task


def main(asked: str) -> None:
    """Run the engine that ``asked`` (JSON: engine, landing, folder, memory_gb, cycle) names."""
    os.sched_setaffinity(0, sorted(os.sched_getaffinity(0))[:THREADS])  # no more cores than these, however many threads
    what = json.loads(asked)
    task = Task(Path(what["landing"]), Path(what["folder"]), what["memory_gb"], rules_of(what["cycle"]))
    importlib.import_module(f"benchmarks.peers.on_{what['engine']}").run(task)
    print(json.dumps(task.told))


if __name__ == "__main__":
    main(sys.argv[1])
