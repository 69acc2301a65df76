"""A BI tool's stand-in: a process that opens bi/marts.duckdb read-only again and again, and notes what it sees."""

import json
import subprocess
import sys
from pathlib import Path

Seen = frozenset[tuple[str, tuple[str, ...]]]
"""What the file showed at one moment: the cycles in every table, the releases, a digest of November in all tables."""

_LOOP = """
import json, sys, time
from pathlib import Path
import duckdb

path, stop = sys.argv[1], Path(sys.argv[2])
before, reads = None, 0
while not stop.exists():
    with duckdb.connect(path, read_only=True) as connection:
        tables = connection.execute("select table_name from duckdb_tables() where schema_name = 'main'").fetchall()
        seen = {
            name: sorted(cycle for (cycle,) in connection.execute(f'select distinct cycle from "{name}"').fetchall())
            for (name,) in tables
        }
        digests = [
            connection.execute(f'select bit_xor(hash(t)) from "{name}" as t where cycle = ?', ["2025-11"]).fetchone()[0]
            for (name,) in sorted(tables)
        ]
        seen["content of November"] = [str(digests)]
        seen["releases"] = sorted(
            f"{cycle}/{release}"
            for cycle, release in connection.execute("select cycle, release from about.releases").fetchall()
        )
    reads += 1
    if seen != before:
        print(json.dumps(seen), flush=True)
        before = seen
    time.sleep(0.25)  # leaves the processors to the others
print(reads)
"""


class BiReader:
    """Reads until it is stopped; an error ends it."""

    def __init__(self, path: Path, stop: Path) -> None:
        self._stop = stop
        self._process = subprocess.Popen(
            [sys.executable, "-c", _LOOP, str(path), str(stop)],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        self.first = self._line()
        self.later: list[Seen] = []
        self.reads = 0
        self.errors = ""

    def stop(self) -> None:
        """End it, and take what it saw after the first time, in order."""
        if not self._stop.exists():
            self._stop.touch()
            output, self.errors = self._process.communicate(timeout=60)
            if self._process.returncode == 0:
                *changes, reads = output.splitlines()
                self.later, self.reads = [_seen(line) for line in changes], int(reads)

    def _line(self) -> Seen:
        assert self._process.stdout is not None
        return _seen(self._process.stdout.readline())


def _seen(line: str) -> Seen:
    return frozenset((name, tuple(values)) for name, values in json.loads(line).items())
