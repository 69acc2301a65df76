"""Dagster's instance folder: made on first use, the same for the commands, the webserver and the daemon.

``python -m orchestration.instance`` makes it and prints where it is.
"""

import os
import shutil
from pathlib import Path

from orchestration.settings import PROJECT_ROOT, private_by_default, private_dir

_QUIET = {
    "DO_NOT_TRACK": "1",
    "DAGSTER_DISABLE_TELEMETRY": "yes",
    "GX_ANALYTICS_ENABLED": "false",
    "DBT_SEND_ANONYMOUS_USAGE_STATS": "false",
}


def ensure_home() -> Path:
    """DAGSTER_HOME (default ./.dagster), made with config/dagster.yaml when missing; telemetry off for what starts."""
    home = Path(os.environ.get("DAGSTER_HOME") or ".dagster").expanduser().absolute()
    private_dir(home)
    if not (home / "dagster.yaml").exists():
        shutil.copyfile(PROJECT_ROOT / "config" / "dagster.yaml", home / "dagster.yaml")
    os.environ["DAGSTER_HOME"] = str(home)
    for name, value in _QUIET.items():
        os.environ.setdefault(name, value)
    return home


if __name__ == "__main__":
    private_by_default()
    print(ensure_home())
