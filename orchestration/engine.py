"""One short-lived DuckDB with the settings' bounds, for every stage that moves data outside dbt.

Its own database is in memory unless a file is named; it spills to build/.tmp and never goes to the network.
"""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import duckdb

from orchestration.settings import Settings, private_dir


@contextmanager
def engine(
    settings: Settings,
    database: Path | None = None,
    *,
    read_only: bool = False,
    config: Mapping[str, str] | None = None,
) -> Iterator[duckdb.DuckDBPyConnection]:
    """A connection to an empty database in memory, or to a file; it keeps no order of rows that is not asked for.

    ``config``: further settings of DuckDB.
    """
    connection = duckdb.connect(
        str(database or ":memory:"),
        read_only=read_only,
        config={
            "memory_limit": settings.memory_limit,
            "threads": settings.threads,
            "temp_directory": str(private_dir(settings.build / ".tmp")),
            "autoinstall_known_extensions": False,
            "preserve_insertion_order": False,
            **(config or {}),
        },
    )
    try:
        yield connection
    finally:
        connection.close()


def literal(value: str | Path) -> str:
    """A text as an SQL literal, for places that take no parameter."""
    return "'" + str(value).replace("'", "''") + "'"


def identifier(name: str) -> str:
    """A name as a quoted SQL identifier."""
    return '"' + name.replace('"', '""') + '"'
