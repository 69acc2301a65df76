"""The dbt project as Dagster sees it: where it is, its manifest, and how models are named, grouped and owned.

Runs no model; a gate's severity is judged by the gates, so no dbt test stops the run that it belongs to.
"""

import os
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from dagster_dbt import DagsterDbtTranslator, DbtCliResource, DbtProject
from filelock import FileLock

from orchestration.settings import DBT_PROJECT_DIR, Engine, Settings, private_dir

PROJECT = DbtProject(project_dir=DBT_PROJECT_DIR, profiles_dir=DBT_PROJECT_DIR)
DBT = str(Path(sys.executable).with_name("mutakhir-dbt"))
"""The command of dbt_command.py, in this environment whatever the PATH says."""


def ensure_manifest(target: Engine = "duckdb") -> Path:
    """The project's manifest for a target, parsed anew when a file of the project is newer. Raises CalledProcessError.

    Parsed beside and renamed under a lock, so that two commands that start at once never meet half a manifest.
    """
    manifest = Path(PROJECT.manifest_path)
    if target != "duckdb":
        manifest = manifest.parent / target / manifest.name
    folder = private_dir(manifest.parent)
    with FileLock(folder / ".parse.lock"):
        if _is_current(manifest):
            return manifest
        with TemporaryDirectory(dir=folder) as beside:
            subprocess.run(
                [
                    Path(sys.executable).with_name("dbt"),
                    "--quiet",
                    "parse",
                    "--target",
                    target,
                    "--target-path",
                    beside,
                ],  # fmt: skip
                cwd=DBT_PROJECT_DIR,
                env={**os.environ, "DBT_PROFILES_DIR": str(DBT_PROJECT_DIR), "DO_NOT_TRACK": "1"},
                check=True,
            )
            for name in ("partial_parse.msgpack", manifest.name):
                os.replace(Path(beside) / name, folder / name)
    return manifest


def _is_current(manifest: Path) -> bool:
    if not (manifest.exists() and manifest.with_name("partial_parse.msgpack").exists()):
        return False
    sources = [DBT_PROJECT_DIR / "dbt_project.yml", DBT_PROJECT_DIR / "profiles.yml"]
    for folder in ("models", "macros", "seeds", "tests"):
        sources += (DBT_PROJECT_DIR / folder).rglob("*")
    return max(path.stat().st_mtime for path in sources) <= manifest.stat().st_mtime


def dbt_environment(settings: Settings, build_file: Path) -> dict[str, str]:
    """Environment by which dbt_command.py finds the manifest, profiles.yml the build file and the machine's bounds."""
    return {
        "MUTAKHIR_MANIFEST": str(ensure_manifest(settings.engine).with_name("partial_parse.msgpack")),
        "MUTAKHIR_BUILD_FILE": str(build_file),
        "MUTAKHIR_MEMORY_LIMIT": settings.memory_limit,
        "MUTAKHIR_THREADS": str(settings.threads),
        "MUTAKHIR_TEMP_DIR": str(private_dir(settings.build / ".tmp")),
        "DBT_LOG_LEVEL_FILE": "info",  # of every step within dbt a line, by default: a tenth of a small build
        "DO_NOT_TRACK": "1",
    }


class DbtCommand(DbtCliResource):
    """dbt as a command of its own process, and nothing besides."""

    def _initialize_dbt_core_adapter(self, args: Sequence[str]) -> Any:
        """None: an adapter would read the project's macros to look up columns and rows, which nobody asks for here."""


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
