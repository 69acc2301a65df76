"""Digests of code, rules and seeds: they change with what people wrote, and with nothing else."""

from pathlib import Path

import pytest

from orchestration.versions import code_version, rules_digest, seeds_digest

FILES = {
    "orchestration/cli.py": "print()",
    "orchestration/gates/verdict.py": "x = 1",
    "dbt_project/dbt_project.yml": "name: x",
    "dbt_project/models/staging/stg_a.sql": "select 1",
    "dbt_project/macros/portable.sql": "{# #}",
    "dbt_project/seeds/parameters.csv": "parameter,value",
    "dbt_project/seeds/_seeds.yml": "seeds: []",
}


@pytest.fixture
def project(tmp_path: Path) -> Path:
    for name, content in FILES.items():
        write(tmp_path, name, content)
    return tmp_path


def write(project: Path, name: str, content: str) -> None:
    path = project / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(content)


def digests(project: Path) -> dict[str, str]:
    dbt = project / "dbt_project"
    return {"code": code_version(project), "rules": rules_digest(dbt), "seeds": seeds_digest(dbt / "seeds")}


@pytest.mark.parametrize(
    ("changed", "name"),
    [
        ({"code"}, "orchestration/gates/verdict.py"),
        ({"code"}, "dbt_project/dbt_project.yml"),
        ({"code", "rules"}, "dbt_project/models/staging/stg_a.sql"),
        ({"code", "rules"}, "dbt_project/models/staging/stg_new.sql"),
        ({"code", "rules"}, "dbt_project/macros/portable.sql"),
        ({"seeds"}, "dbt_project/seeds/parameters.csv"),
        ({"seeds"}, "dbt_project/seeds/gate_limits.csv"),
        ({"code"}, "dbt_project/seeds/_seeds.yml"),
        (set(), "dbt_project/target/manifest.json"),
        (set(), "dbt_project/logs/dbt.log"),
        (set(), "dbt_project/.user.yml"),
        (set(), "orchestration/__pycache__/cli.cpython-311.pyc"),
        (set(), "orchestration/.cache/x.py"),
        (set(), "tests/unit/test_x.py"),
    ],
)
def test_what_changes_which_digest(project: Path, changed: set[str], name: str) -> None:
    before = digests(project)
    write(project, name, "changed")
    after = digests(project)
    assert {key for key in before if before[key] != after[key]} == changed


def test_moving_a_file_counts(project: Path) -> None:
    before = digests(project)
    models = project / "dbt_project/models"
    (models / "staging/stg_a.sql").rename(models / "stg_a.sql")
    assert digests(project)["rules"] != before["rules"]


def test_the_code_version_begins_with_the_packages(project: Path) -> None:
    assert code_version(project).startswith("0.1.0+")
    assert code_version().startswith("0.1.0+")
