"""The profile that dbt runs with, in the adapter itself: a build that is larger than the memory goes on."""

from pathlib import Path

import yaml
from dbt.adapters.duckdb import environments
from dbt.adapters.duckdb.credentials import DuckDBCredentials
from jinja2 import Environment

from orchestration.settings import DBT_PROJECT_DIR


def test_models_go_on_after_one_has_spilled(tmp_path: Path) -> None:
    """Each model opens a handle of its own, and sets again what the profile tells it to."""
    bounds = {"MUTAKHIR_MEMORY_LIMIT": "100MB", "MUTAKHIR_TEMP_DIR": str(tmp_path / "spilled")}
    rendered = Environment().from_string((DBT_PROJECT_DIR / "profiles.yml").read_text())
    profile = yaml.safe_load(rendered.render(env_var=lambda name, default: bounds.get(name, default)))
    target = profile["mutakhir"]["outputs"]["duckdb"]
    target["attach"] = []
    target["database"] = "memory"
    opened = environments.create(DuckDBCredentials.from_dict(target))
    try:
        first = opened.handle().cursor()
        first.execute("create table large as select range as n, md5(cast(range as varchar)) as m from range(4000000)")
        assert any((tmp_path / "spilled").iterdir())
        found = opened.handle().cursor().execute("select count(*) from large")
        assert found.fetchone() == (4_000_000,)
    finally:
        opened.close()
