"""The dbt project as Dagster sees it: where it is, its manifest, and how models are named, grouped and owned.

Runs no model; a gate's severity is judged by the gates, so no dbt test stops the run that it belongs to.
"""

import os
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from dagster_dbt import DagsterDbtTranslator, DbtProject

from orchestration.settings import DBT_PROJECT_DIR, Settings, private_dir

PROJECT = DbtProject(project_dir=DBT_PROJECT_DIR, profiles_dir=DBT_PROJECT_DIR)
DBT = str(Path(sys.executable).with_name("dbt"))
"""The dbt command of this environment, whatever the PATH says."""


def ensure_manifest() -> Path:
    """The project's manifest, parsed anew when a file of the project is newer than it. Raises CalledProcessError."""
    manifest = Path(PROJECT.manifest_path)
    made = manifest.stat().st_mtime if manifest.exists() else 0.0
    sources = [DBT_PROJECT_DIR / "dbt_project.yml", DBT_PROJECT_DIR / "profiles.yml"]
    for folder in ("models", "macros", "seeds", "tests"):
        sources += (DBT_PROJECT_DIR / folder).rglob("*.*")
    if any(path.stat().st_mtime > made for path in sources):
        subprocess.run(
            [DBT, "--quiet", "parse"],
            cwd=DBT_PROJECT_DIR,
            env={**os.environ, "DBT_PROFILES_DIR": str(DBT_PROJECT_DIR), "DO_NOT_TRACK": "1"},
            check=True,
        )
        manifest.touch()
    return manifest


def dbt_environment(settings: Settings, build_file: Path) -> dict[str, str]:
    """Environment by which profiles.yml finds the cycle's build file and the machine's bounds."""
    return {
        "MUTAKHIR_BUILD_FILE": str(build_file),
        "MUTAKHIR_MEMORY_LIMIT": settings.memory_limit,
        "MUTAKHIR_THREADS": str(settings.threads),
        "MUTAKHIR_TEMP_DIR": str(private_dir(settings.build / ".tmp")),
        "DO_NOT_TRACK": "1",
    }


class Translator(DagsterDbtTranslator):
    """Groups are the layers, as the keys <layer>/<model> are by themselves, and checks never block the run."""

    def get_group_name(self, dbt_resource_props: Mapping[str, Any]) -> str | None:
        """The layer."""
        return str(dbt_resource_props["schema"])

    def get_owners(self, dbt_resource_props: Mapping[str, Any]) -> list[str]:
        """Everyone who may be asked about a model."""
        return ["team:data-engineering"]

    def get_asset_check_spec(self, *args: Any, **kwargs: Any) -> Any:
        """A dbt test as check that does not block: the candidate is written whatever fails, the gates judge."""
        spec = super().get_asset_check_spec(*args, **kwargs)
        return spec._replace(blocking=False) if spec else None
