"""The core on PostgreSQL 15: a private cluster on a unix socket, the deliveries loaded by COPY, the SQL over tables.

The load is a phase of its own: a registry that is kept in PostgreSQL all the time would not pay it each month.
Durability is off, as for any store that can be made again.
"""

import os
import shutil
import subprocess
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

from benchmarks.peers.sql import POSTGRES, queries
from benchmarks.peers.task import COLUMNS, RESULTS, THREADS, Task

VERSION = "15"
#: The server refuses to run as root; then it runs as this user, whom Debian's package makes.
USER = "postgres"


def run(task: Task) -> None:
    """Write the results of the core. Raises RuntimeError where there is no PostgreSQL 15."""
    import psycopg

    memory = task.engine_memory_mb
    settings = {
        "shared_buffers": f"{memory // 4}MB",
        "work_mem": f"{memory // 16}MB",  # a hash may take twice that, in each of two processes
        "maintenance_work_mem": f"{memory // 8}MB",
        "effective_cache_size": f"{memory // 2}MB",
        "max_parallel_workers_per_gather": str(THREADS - 1),
        "max_parallel_workers": str(THREADS - 1),
        "max_parallel_maintenance_workers": "0",
        "random_page_cost": "1.1",
        "jit": "off",
        "fsync": "off",
        "synchronous_commit": "off",
        "full_page_writes": "off",
        "wal_level": "minimal",
        "max_wal_senders": "0",
        "max_wal_size": "8GB",
        "autovacuum": "off",
        "listen_addresses": "",
    }
    with _cluster(task, settings) as address, psycopg.connect(address, autocommit=True) as connection:
        task.told |= {"version": connection.info.parameter_status("server_version"), "settings": settings}
        with task.phase("load"), ThreadPoolExecutor(THREADS) as pool:
            list(pool.map(lambda source: _load(task, address, source), _largest_first(task)))
        with task.phase("core"):
            for query in queries(task.rules, POSTGRES):
                form = "view" if query.kind == "view" else "unlogged table"
                connection.execute(f"create {form} {query.name} as {query.text}")
                if query.kind == "kept":
                    connection.execute(f"analyze {query.name}")
        with task.phase("export"):
            for result in RESULTS:
                with (
                    (task.folder / f"{result}.csv").open("wb") as file,
                    connection.cursor().copy(f"copy {result} to stdout (format csv, header)") as rows,
                ):
                    file.writelines(rows)


@contextmanager
def _cluster(task: Task, settings: dict[str, str]) -> Iterator[str]:
    """A cluster in the task's folder while it is needed; gives its address."""
    programs = _programs()
    root = os.geteuid() == 0
    data, user = task.folder / "cluster", USER if root else None
    data.mkdir()
    if root:
        shutil.chown(data, USER)
        for folder in (task.folder, task.folder.parent):  # the benchmark's own, in which nobody else can look otherwise
            folder.chmod(0o711)
    with task.phase("start"):
        made = subprocess.run(
            [programs / "initdb", "-D", data, "--locale=C", "--encoding=UTF8", "--auth=trust", f"--username={USER}"],
            user=user,
            capture_output=True,
            text=True,
        )
        if made.returncode:
            raise RuntimeError(f"initdb failed (can the user {USER} reach {data}?): {made.stderr.strip()}")
        options = [part for name, value in settings.items() for part in ("-c", f"{name}={value}")]
        log = (task.folder / "postgres.log").open("wb")
        server = subprocess.Popen(
            [programs / "postgres", "-D", data, "-k", data, *options], user=user, stdout=log, stderr=log
        )
        while not (data / "postmaster.pid").exists() or "ready" not in (data / "postmaster.pid").read_text():
            if server.poll() is not None:
                raise RuntimeError(f"PostgreSQL did not start:\n{(task.folder / 'postgres.log').read_text()}")
            time.sleep(0.05)
    try:
        yield f"host={data} user={USER} dbname=postgres"
    finally:
        server.terminate()
        server.wait()


def _programs() -> Path:
    for folder in (Path(f"/usr/lib/postgresql/{VERSION}/bin"), Path(shutil.which("initdb") or "initdb").parent):
        if (folder / "postgres").exists():
            return folder
    raise RuntimeError(f"PostgreSQL {VERSION} is missing: install postgresql-{VERSION}, or leave the engine out")


def _largest_first(task: Task) -> list[str]:
    return sorted(COLUMNS, key=lambda source: -sum(os.path.getsize(file) for file in task.files(source)))


def _load(task: Task, address: str, source: str) -> None:
    """Load the columns that the core reads of a source, and let the planner know them."""
    import psycopg
    import pyarrow as pa
    import pyarrow.csv
    import pyarrow.dataset as ds

    names = {pa.string(): "text", pa.large_string(): "text", pa.date32(): "date", pa.int32(): "integer"}
    rows = ds.dataset(task.files(source))
    types = {name: rows.schema.field(name).type for name in COLUMNS[source]}
    columns = ", ".join(
        f"{name} {'numeric' if pa.types.is_decimal(type_) else names.get(type_, 'bigint')}"
        for name, type_ in types.items()
    )
    written = pyarrow.csv.WriteOptions(include_header=False)
    with psycopg.connect(address, autocommit=True) as connection:
        connection.execute(f"create unlogged table {source} ({columns})")
        with connection.cursor().copy(f"copy {source} from stdin (format csv)") as copy:
            for batch in rows.to_batches(columns=list(types), batch_size=50_000):
                buffer = pa.BufferOutputStream()
                pyarrow.csv.write_csv(batch, buffer, written)
                copy.write(buffer.getvalue().to_pybytes())
        connection.execute(f"analyze {source}")
