"""What a command and all processes under it use while they run: memory together, bytes read, written and spilled, disk.

Samples the operating system; knows nothing of the command.
"""

import os
import subprocess
import tempfile
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

import psutil

_EVERY_SECONDS = 0.1
_MEMORY_SECONDS = 1.0
_MEMORY_SHARE = 0.03
"""Of the time that adding up memory may take, as of a processor: the kernel walks all pages for it, which costs what it
measures. So it is done every second at the most, and less often where memory is large."""
_DENSE_SECONDS = 5.0
"""At the start it is done all the time: a short command would be over."""


@dataclass
class Watched:
    """One command, from its start to its end; sizes in bytes, times in seconds."""

    seconds: float = 0.0
    cpu_seconds: float = 0.0
    peak_memory: int = 0
    peak_disk: int = 0
    peak_spilled: int = 0
    read: int = 0
    written: int = 0
    output: str = ""
    exit_code: int = 0
    stopped: str = ""  # why it was not left to end
    _cpu: dict[int, float] = field(default_factory=dict)
    _io: dict[int, tuple[int, int]] = field(default_factory=dict)


def watch(
    command: Sequence[str],
    environment: Mapping[str, str],
    folder: Path,
    spill: Path | None = None,
    most_seconds: float = float("inf"),
    most_memory: float = float("inf"),
) -> Watched:
    """Run ``command`` to its end, or until it takes longer or more memory than given (in seconds, bytes).

    ``folder`` is where its disk is measured, ``spill`` where the engine's own part is. Memory is the sum of the
    proportional set sizes of the process and all its descendants, so that shared pages count once; the highest of one
    sample a second (fewer when memory is large, more in the first five seconds). Bytes read and written count those
    of the page cache too.
    """
    found = Watched()
    start, before = time.monotonic(), _of_children()
    with tempfile.TemporaryFile("w+") as output:
        process = subprocess.Popen(command, env=dict(environment), stdout=output, stderr=subprocess.STDOUT)
        root = psutil.Process(process.pid)
        due = start
        try:
            while process.poll() is None:
                began = time.monotonic()
                if began >= due:
                    _sample(found, root)
                    found.peak_disk = max(found.peak_disk, size(folder))
                    found.peak_spilled = max(found.peak_spilled, size(spill) if spill else 0)
                    took = time.monotonic() - began
                    at_start = began - start < _DENSE_SECONDS
                    due = began + (0 if at_start else max(_MEMORY_SECONDS, took / _MEMORY_SHARE))
                if began - start > most_seconds:
                    found.stopped = f"longer than {most_seconds:g} s"
                elif found.peak_memory > most_memory:
                    found.stopped = f"more than {most_memory / 1e9:.0f} GB memory"
                if found.stopped:
                    _end(root)
                time.sleep(_EVERY_SECONDS)
        finally:
            if process.poll() is None:  # nobody watches it any more
                _end(root)
        found.seconds = time.monotonic() - start
        output.seek(0)
        found.output = output.read()
    found.exit_code = 1 if found.stopped else process.returncode
    found.peak_disk = max(found.peak_disk, size(folder))
    found.cpu_seconds = max(sum(found._cpu.values()), _of_children() - before)
    found.read = sum(read for read, _ in found._io.values())
    found.written = sum(written for _, written in found._io.values())
    return found


def _of_children() -> float:
    """Processor seconds of all processes that ended, whose parents waited for them: exact, but not complete."""
    times = os.times()
    return times.children_user + times.children_system


def _sample(found: Watched, root: psutil.Process) -> None:
    memory = 0
    with suppress(psutil.Error):
        for process in (root, *root.children(recursive=True)):
            with suppress(psutil.Error):
                memory += process.memory_full_info().pss
                times = process.cpu_times()
                found._cpu[process.pid] = times.user + times.system
                moved = process.io_counters()
                found._io[process.pid] = moved.read_chars, moved.write_chars
    found.peak_memory = max(found.peak_memory, memory)


def _end(root: psutil.Process) -> None:
    """End a process and all under it; kill what has not ended after ten seconds."""
    with suppress(psutil.Error):
        processes = [root, *root.children(recursive=True)]
        for process in processes:
            with suppress(psutil.Error):
                process.terminate()
        for process in psutil.wait_procs(processes, timeout=10)[1]:
            with suppress(psutil.Error):
                process.kill()


def size(folder: Path) -> int:
    """Bytes that the files below ``folder`` take on disk; a file that several names link to counts once.

    What vanishes meanwhile does not count.
    """
    seen, total = set(), 0
    for where, folders, files in os.walk(folder):
        for name in (*folders, *files):
            with suppress(OSError):
                status = os.lstat(os.path.join(where, name))
                if status.st_ino not in seen:
                    seen.add(status.st_ino)
                    total += status.st_blocks * 512
    return total
