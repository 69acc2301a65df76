"""The core on bare DuckDB: the SQL over views of the Parquet files, in memory, spilling to its folder."""

from benchmarks.peers.sql import DUCKDB, queries
from benchmarks.peers.task import COLUMNS, THREADS, Task

_REPEATED = "having count(*) > 1"
"""Stands in a query that looks for the few keys of many that repeat. With a third thread DuckDB groups in parts, which
takes half to three quarters of the time there, of two cores too; other queries take longer."""


def run(task: Task) -> None:
    """Write the results of the core."""
    with task.phase("start"):
        import duckdb

        settings: dict[str, str | int | bool] = {
            "threads": THREADS,
            "memory_limit": f"{task.engine_memory_mb}MB",
            "preserve_insertion_order": False,
        }
        connection = duckdb.connect(config={**settings, "temp_directory": str(task.folder / "spilled")})
        task.told |= {"version": duckdb.__version__, "settings": settings}
    with task.phase("core"):
        for source in COLUMNS:
            connection.read_parquet(task.files(source)).create_view(source)
        for query in queries(task.rules, DUCKDB):
            connection.execute(f"set threads = {THREADS + 1 if _REPEATED in query.text else THREADS}")
            if query.kind == "result":
                connection.execute(f"copy ({query.text}) to '{task.folder / query.name}.parquet'")
            else:
                form = "view" if query.kind == "view" else "temp table"
                connection.execute(f"create {form} {query.name} as {query.text}")
