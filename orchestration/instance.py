"""Dagster's instance folder: made on first use, the same for the commands, the webserver and the daemon.

``python -m orchestration.instance`` makes it and prints where it is.
"""

import os
import re
import sys
from pathlib import Path

from orchestration.settings import PROJECT_ROOT, private_by_default, private_dir

_QUIET = {
    "DO_NOT_TRACK": "1",
    "DAGSTER_DISABLE_TELEMETRY": "yes",
    "GX_ANALYTICS_ENABLED": "false",
    "DBT_SEND_ANONYMOUS_USAGE_STATS": "false",
}

DATABASE = "MUTAKHIR_DAGSTER_POSTGRES_URL"
"""Names the PostgreSQL that keeps runs and events. It holds a password: no message repeats it."""


class InstanceUnusable(RuntimeError):
    """Runs could not be recorded: what is wrong, and what to do."""


def ensure_home() -> Path:
    """DAGSTER_HOME (default ./.dagster), made from config/ when missing; telemetry off for what starts.

    With DATABASE set it keeps its records in PostgreSQL, which must answer. Raises InstanceUnusable.
    """
    home = Path(os.environ.get("DAGSTER_HOME") or ".dagster").expanduser().absolute()
    private_dir(home)
    written, url = home / "dagster.yaml", os.environ.get(DATABASE, "")
    if not written.exists():
        parts = ["dagster.yaml", "dagster-postgres.yaml" if url else "dagster-sqlite.yaml"]
        written.write_text("\n".join((PROJECT_ROOT / "config" / part).read_text() for part in parts))
    _check_database(written, url)
    os.environ["DAGSTER_HOME"] = str(home)
    for name, value in _QUIET.items():
        os.environ.setdefault(name, value)
    return home


def _check_database(written: Path, url: str) -> None:
    used = re.search(rf"^[^#\n]*\b{DATABASE}\b", written.read_text(), re.MULTILINE) is not None
    if used and not url:
        raise InstanceUnusable(f"{written} keeps its records in the PostgreSQL of {DATABASE}, which is not set: set it")
    if url and not used:
        raise InstanceUnusable(
            f"{DATABASE} is set, and {written} says nothing of it. Write config/dagster-postgres.yaml into it in place "
            "of event_log_storage (what SQLite holds of earlier runs stays there), or unset the variable"
        )
    if not url:
        return
    if not url.startswith("postgresql://"):
        raise InstanceUnusable(
            f"{DATABASE} is no URL of PostgreSQL; write postgresql://user:password@host:5432/database"
        )
    import psycopg

    try:
        psycopg.connect(url, connect_timeout=10).close()
    except (psycopg.Error, ValueError):  # what a driver says may repeat the URL
        raise InstanceUnusable(
            f"the PostgreSQL of {DATABASE} does not answer, or lets nobody in so; check host, port, database, user and "
            "password. Nothing was started"
        ) from None


if __name__ == "__main__":
    private_by_default()
    try:
        print(ensure_home())
    except InstanceUnusable as unusable:
        sys.exit(str(unusable))
