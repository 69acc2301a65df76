"""A PostgreSQL of the tests' own: initdb into a folder, a server on a free port of 127.0.0.1, gone afterwards.

PostgreSQL does not run as root: there it runs as nobody.
"""

import os
import pwd
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psycopg

PASSWORD = "c0rrect-horse"


@dataclass(frozen=True)
class Server:
    """Where it listens; ``url`` is a superuser's, in the database postgres."""

    port: int

    @property
    def url(self) -> str:
        return self.url_of("postgres", PASSWORD)

    def url_of(self, user: str, password: str, database: str = "postgres") -> str:
        return f"postgresql://{user}:{password}@127.0.0.1:{self.port}/{database}"

    def query(self, text: str, url: str | None = None) -> list[tuple[Any, ...]]:
        with psycopg.connect(url or self.url, autocommit=True) as connection:
            cursor = connection.execute(text.encode())
            return cursor.fetchall() if cursor.description else []


@contextmanager
def server() -> Iterator[Server]:
    """Start one, and end it."""
    folder = Path(tempfile.mkdtemp(prefix="mutakhir-pg-"))
    as_whom: dict[str, Any] = {}
    if os.getuid() == 0:
        nobody = pwd.getpwnam("nobody")
        os.chown(folder, nobody.pw_uid, nobody.pw_gid)
        as_whom = {"user": nobody.pw_uid, "group": nobody.pw_gid, "extra_groups": []}
    try:
        secret = folder / "password"
        secret.write_text(PASSWORD)
        secret.chmod(0o644)  # the folder is closed to others
        subprocess.run(
            [_command("initdb"), "-D", folder / "data", "-U", "postgres", "-A", "scram-sha-256", "--pwfile", secret]
            + ["-E", "UTF8", "--locale", "C", "--no-sync"],
            check=True, capture_output=True, cwd=folder, **as_whom,
        )  # fmt: skip
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            port = free.getsockname()[1]
        options = {"listen_addresses": "127.0.0.1", "unix_socket_directories": str(folder), "fsync": "off"}
        chosen = [part for name, value in options.items() for part in ("-c", f"{name}={value}")]
        process = subprocess.Popen(
            [_command("postgres"), "-D", folder / "data", "-p", str(port), *chosen],
            cwd=folder, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, **as_whom,
        )  # fmt: skip
        try:
            found = Server(port)
            _wait(found, process)
            yield found
        finally:
            process.send_signal(signal.SIGINT)  # ends connections that are open
            process.wait(20)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _wait(found: Server, process: "subprocess.Popen[bytes]") -> None:
    until = time.monotonic() + 30
    while True:
        assert process.poll() is None, "PostgreSQL ended as it began"
        try:
            found.query("select 1")
            return
        except psycopg.OperationalError:
            assert time.monotonic() < until, "PostgreSQL does not answer"
            time.sleep(0.1)


def _command(name: str) -> str:
    """On the PATH, or where Debian puts it."""
    folders = [os.environ["PATH"], *map(str, Path("/usr/lib/postgresql").glob("*/bin"))]
    path = shutil.which(name, path=os.pathsep.join(folders))
    assert path, f"{name} is missing: make test installs PostgreSQL where it may"
    return path


CONTENT = "select md5(string_agg(t::text, '|' order by t::text)) from {}.{} as t"
READS = """
import sys
from pathlib import Path
import psycopg

url, schema, stop = sys.argv[1], sys.argv[2], Path(sys.argv[3])
seen, reads, last = set(), 0, False
with psycopg.connect(url) as connection:
    connection.isolation_level = psycopg.IsolationLevel.REPEATABLE_READ
    while not last:
        last = stop.exists()  # before the read: what was there when it was asked to stop is seen
        row = connection.execute(f"select sum(listed), count(*) from {schema}.cycle_funnel").fetchone()
        row += connection.execute(f"select string_agg(release, ',' order by cycle) from {schema}.releases").fetchone()
        connection.commit()
        seen.add("/".join(map(str, row)))
        reads += 1
        if reads == 1:
            print("reads", flush=True)
print(reads, *sorted(seen))
"""
"""A process that reads until it is told to stop, and says what it saw."""


def content(pg: Server, schema: str) -> dict[str, Any]:
    """A digest of each table."""
    tables = [name for (name,) in pg.query(f"select tablename from pg_tables where schemaname = '{schema}' order by 1")]
    return {table: pg.query(CONTENT.format(schema, table))[0][0] for table in tables}


WRONG_URLS = (
    "postgresql://postgres:{wrong}@127.0.0.1:{port}/postgres",
    "postgresql://postgres:{wrong}@127.0.0.1:1/postgres",
    "postgresql://postgres:{wrong}@@127.0.0.1:{port}/postgres",
    "postgresql://postgres:a@{wrong}@127.0.0.1:{port}/postgres",
    "postgresql://postgres:a/{wrong}@127.0.0.1:{port}/postgres",
    "postgresql://postgres:a?{wrong}@127.0.0.1:{port}/postgres",
    "postgres:{wrong}",
    "host=127.0.0.1 port={port} user=postgres password='{wrong}",
    "postgresql://postgres:{password}@127.0.0.1:{port}/{wrong}",
)
