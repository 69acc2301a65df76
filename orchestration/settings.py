"""Where things are: the lake's folders and what the environment says about the machine and its user, read once.

Holds no rule of the cycle (dated values are seeds). Two settings are secret, for they are addresses with
passwords: they are never shown.
"""

import getpass
import json
import os
import socket
import tempfile
from functools import cached_property
from pathlib import Path
from typing import Any, Literal

from pydantic import Field, SecretStr, field_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

PROJECT_ROOT = Path(__file__).resolve().parents[1]
DBT_PROJECT_DIR = PROJECT_ROOT / "dbt_project"
SEEDS_DIR = DBT_PROJECT_DIR / "seeds"

Engine = Literal["duckdb", "spark"]
"""What computes a build: targets of dbt_project/profiles.yml."""


class Settings(BaseSettings):
    """Settings from the environment, prefix ``MUTAKHIR_``, else from ``.env`` in the project's folder.

    Every one has a default that works.
    """

    model_config = SettingsConfigDict(
        env_prefix="MUTAKHIR_", env_file=PROJECT_ROOT / ".env", frozen=True, extra="ignore"
    )

    lake: Path = Field(Path("lake"), description="root of the lake; relative to the working directory")
    engine: Engine = Field("duckdb", description="what computes the models: duckdb, or spark (docs/spark.md)")
    memory_limit: str = Field("8GB", description="memory that the engine may use before it spills to disk")
    threads: int = Field(2, ge=1, description="threads of the engine")
    first_cycle: str = Field("2025-01", description="first cycle that can be run")
    last_cycle: str = Field("2035-12", description="last cycle that can be run")

    approvers: Path = Field(PROJECT_ROOT / "config" / "approvers.toml", description="who signs, by which policy")
    keys: Path = Field(Path("~/.config/mutakhir"), description="where the commands look for a person's private keys")
    regency_keys: Path = Field(
        PROJECT_ROOT / "config" / "regency_keys.toml", description="age recipients of the regencies"
    )
    identity: str = Field("", description="who acts, as the audit trail names it; by default user@host")
    retention: Path = Field(PROJECT_ROOT / "config" / "retention.toml", description="how long what is kept")

    landing_url: str = Field("", description="where deliveries arrive: s3://bucket/prefix; empty: in the lake alone")
    publish_url: str = Field("", description="where releases go, too: s3://bucket/prefix; without credentials")
    postgres_url: SecretStr | None = Field(None, description="PostgreSQL that publishing loads the marts into, too")
    postgres_schema: str = Field("mutakhir", description="its schema")

    alerts: SecretStr = Field(SecretStr(""), description="apprise URLs that are told of trouble, separated by blanks")
    deliveries_due_day: int = Field(17, ge=1, le=28, description="day of the month by which deliveries are due")

    @field_validator("lake", "approvers", "keys", "regency_keys", "retention")
    @classmethod
    def _absolute(cls, path: Path) -> Path:
        return path.expanduser().absolute()

    @cached_property
    def who(self) -> str:
        """The identity that acts."""
        return self.identity or f"{getpass.getuser()}@{socket.gethostname()}"

    @cached_property
    def landing(self) -> Path:
        """What the agencies delivered; only read, but for what is fetched from ``landing_url``."""
        return self.lake / "landing"

    @cached_property
    def raw(self) -> Path:
        """Deliveries as Parquet, by source and delivery digest."""
        return self.lake / "raw"

    @cached_property
    def build(self) -> Path:
        """One DuckDB file per cycle, rebuilt whole."""
        return self.lake / "build"

    @cached_property
    def candidates(self) -> Path:
        """What would be published, by cycle."""
        return self.lake / "candidates"

    @cached_property
    def signoffs(self) -> Path:
        """Signed statements, by cycle."""
        return self.lake / "signoffs"

    @cached_property
    def releases(self) -> Path:
        """What was published, by cycle and release number; immutable."""
        return self.lake / "releases"

    @cached_property
    def bi(self) -> Path:
        """What BI tools open."""
        return self.lake / "bi"

    @cached_property
    def audit(self) -> Path:
        """The audit trail."""
        return self.lake / "audit"

    @cached_property
    def packages(self) -> Path:
        """What regency offices receive, by cycle, release and regency; encrypted."""
        return self.lake / "packages"

    @cached_property
    def extracts(self) -> Path:
        """What the public may read, by cycle and release; rounded."""
        return self.lake / "extracts"

    @cached_property
    def reports(self) -> Path:
        """What people read, by cycle."""
        return self.lake / "reports"


def private_by_default() -> None:
    """Have what this process and its children write be private (umask 077): tools write files of their own, too.

    For the beginning of a process. Files with persons are made private one by one besides.
    """
    os.umask(0o077)


def private_dir(path: Path) -> Path:
    """Make ``path`` and the parents that are missing, each readable by its owner alone (0700), and return it."""
    if not path.is_dir():
        private_dir(path.parent)
        path.mkdir(mode=0o700, exist_ok=True)
    return path


def fsync(path: Path) -> None:
    """Have a file, or what a folder lists, on disk before a rename says that it is whole."""
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def write_json_atomic(path: Path, value: Any) -> None:
    """Write ``value`` as JSON so that a reader sees the old or the new file, never half of one (mode 0600)."""
    private_dir(path.parent)
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    try:
        with os.fdopen(handle, "w", encoding="utf-8") as file:
            json.dump(value, file, indent=2, sort_keys=True, ensure_ascii=False, default=str)
            file.write("\n")
            file.flush()
            os.fsync(file.fileno())
        os.replace(name, path)
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise
