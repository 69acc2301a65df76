"""What `make dashboards` says where Superset itself has no part; the dashboards are tested in tests/dashboards."""

import os
import subprocess
from pathlib import Path

from orchestration.settings import PROJECT_ROOT


def said(environment: Path, home: Path) -> str:
    done = subprocess.run(
        ["make", "dashboards", f"SUPERSET={environment}", f"SUPERSET_HOME={home}"],
        cwd=PROJECT_ROOT, env={**os.environ, "MUTAKHIR_LAKE": str(home)}, capture_output=True, text=True, check=True,
    )  # fmt: skip
    return done.stdout.strip()


def test_a_password_s_file_is_named_where_there_is_one(tmp_path: Path) -> None:
    (tmp_path / "bin").mkdir()
    for command in ("python", "gunicorn"):  # an environment that does nothing
        (tmp_path / "bin" / command).symlink_to("/bin/true")
    (tmp_path / "installed").touch()
    home = tmp_path / "home"
    assert said(tmp_path, home).endswith("user admin, password as MUTAKHIR_DASHBOARDS_PASSWORD was at the first start")
    (home / "admin-password").touch()
    assert said(tmp_path, home).endswith(f"user admin, password in {home}/admin-password")
