"""What a result was made with: digests of the code, the rules and the seeds, as they are on disk.

Below every stage, because the build records them and the candidate states them. The contract has its own digest.
"""

import hashlib
from collections.abc import Iterable
from importlib.metadata import version
from pathlib import Path

from orchestration.settings import DBT_PROJECT_DIR, PROJECT_ROOT, SEEDS_DIR

RULES_VERSION = 1
"""Version of the decision rules that the models compute."""

_MADE_BY_TOOLS = {"__pycache__", "target", "logs", "dbt_packages"}


def tree_digest(root: Path, files: Iterable[Path]) -> str:
    """sha256 over path (relative to ``root``) and bytes of every file, in order of the path; renaming a file counts."""
    digest = hashlib.sha256()
    for name, path in sorted((path.relative_to(root).as_posix(), path) for path in files):
        digest.update(f"{name}\0{hashlib.sha256(path.read_bytes()).hexdigest()}\n".encode())
    return digest.hexdigest()


def _sources(folder: Path) -> list[Path]:
    """Files that people wrote: no hidden ones, no caches, nothing that dbt, Python or DuckDB left."""
    return [
        path
        for path in folder.rglob("*")
        if path.is_file()
        and not any(part in _MADE_BY_TOOLS or part.startswith(".") for part in path.relative_to(folder).parts)
        and path.suffix not in {".pyc", ".duckdb", ".wal"}
    ]


def code_version(root: Path = PROJECT_ROOT) -> str:
    """Package version and digest of orchestration/ and dbt_project/ without the seeds' data: ``0.1.0+<16 hex>``."""
    seeds = root / "dbt_project" / "seeds"
    files = _sources(root / "orchestration") + _sources(root / "dbt_project")
    code = [path for path in files if not (path.parent == seeds and path.suffix == ".csv")]
    return f"{version('mutakhir')}+{tree_digest(root, code)[:16]}"


def seeds_digest(seeds: Path = SEEDS_DIR) -> str:
    """Digest of every seed: the dated values that the ministry decides, gate limits included."""
    return tree_digest(seeds, seeds.glob("*.csv"))


def rules_digest(project: Path = DBT_PROJECT_DIR) -> str:
    """Digest of the decision rules' logic: the dbt models and macros (their values are the seeds)."""
    return tree_digest(project, _sources(project / "models") + _sources(project / "macros"))
