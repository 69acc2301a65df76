"""The dbt project as a whole: it builds on a registry without a row, its unit tests pass, its layers point one way.

Its manifest is held against what its models yield. The rules themselves are dbt unit tests, beside the models.
"""

import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import duckdb
import pytest

from orchestration.contracts.sources import SOURCES
from orchestration.ingest.records import IngestedSource
from orchestration.settings import DBT_PROJECT_DIR, Settings
from orchestration.warehouse.build import build_file, prepare_build
from orchestration.warehouse.project import dbt_environment
from tests.rules.lists import BROKEN, LISTS, VIEWS

CYCLE = "2025-11"
LEFT = {
    "staging": {"staging"},
    "households": {"staging", "households"},
    "eligibility": {"staging", "households", "eligibility"},
    "lists": {"staging", "households", "eligibility", "lists"},
    "gates": {"staging", "households", "eligibility", "lists", "gates"},
    "marts": {"staging", "households", "eligibility", "lists", "marts"},
}
ENGINES_OWN = {
    "select a from t qualify row_number() over (order by a) = 1": r"\bqualify\b",
    "select a, count(*) from t group by all": r"\b(group|order)\s+by\s+all\b",
    "select a::date from t": r"::",
    "select count(*) filter (where a > 1) from t": r"\)\s*filter\s*\(",
    "select list_transform(a, x -> x + 1) from t": r"->",
    "select list_sum(a) from t": r"\b(list|array)_\w+\s*\(",
    "select * from read_parquet('a.parquet')": r"\bread_\w+\s*\(",
    "select * exclude (a) from t": r"\*\s*(exclude|except|replace|rename)\b",
    "select columns('a') from t": r"\bcolumns\s*\(",
    "select try_cast(a as date) from t": r"\btry_cast\b",
    "select string_agg(a, ',') from t": r"\b(string_agg|listagg|group_concat)\b",
    "select regexp_matches(a, 'b') from t": r"\bregexp_|\bsimilar\s+to\b|~",
    "select json_object('a', a) from t": r"\bjson_\w+\s*\(",
    "select s.person.nik from t as s": r"\b[a-z]\w*\.[a-z]\w*\.[a-z]\w*",
    "select struct_pack(a := 1)": r"\b(struct_\w+|row)\s*\(|:=|\bunnest\s*\(",
    "select a // 2 from t": r"//",
    "select a from t union all by name select a from u": r"\bunion\s+(all\s+)?by\s+name\b",
    "select cast(a as hugeint) from t": r"\bu?hugeint\b",
    "select date_diff('day', a, b) from t": r"\b(date_diff|datediff|strftime|strptime|age)\s*\(",
}
ENGINES_FILES = ("macros/portable.sql", "macros/spark.sql")
"""What engines write differently, and where Spark reads and stores."""


@dataclass(frozen=True)
class Project:
    """The project, built whole: dbt's manifest, how every node ended, and the columns that the models yield."""

    manifest: dict[str, Any]
    statuses: dict[str, str]
    columns: dict[tuple[str, str], dict[str, str]]
    path: Path

    def nodes(self, kind: str) -> list[dict[str, Any]]:
        """Nodes of one kind: model, test, seed."""
        return [node for node in self.manifest["nodes"].values() if node["resource_type"] == kind]


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Project:
    """One ``dbt build`` of everything, on the build file of a cycle in which nothing was delivered."""
    lake = tmp_path_factory.mktemp("lake")
    settings = Settings(lake=lake)
    absent = {
        name: IngestedSource(source=name, cycle=CYCLE, deliveries=(), warnings=(), absent=True, contract=None)
        for name in SOURCES
    }
    prepare_build(settings, CYCLE, "run", absent)
    path = build_file(settings, CYCLE)
    command = [str(Path(sys.executable).with_name("dbt")), "--quiet", "build", "--target-path", str(lake / "target")]
    folders = ["--project-dir", str(DBT_PROJECT_DIR), "--profiles-dir", str(DBT_PROJECT_DIR)]
    environment = {**os.environ, **dbt_environment(settings, path)}
    done = subprocess.run(
        [*command, *folders, "--log-path", str(lake)], env=environment, capture_output=True, text=True, check=False
    )
    assert (lake / "target/run_results.json").exists(), done.stdout
    results = json.loads((lake / "target/run_results.json").read_text())["results"]
    columns: dict[tuple[str, str], dict[str, str]] = {}
    with duckdb.connect(str(path), read_only=True) as connection:
        for schema, table, column, kind in connection.execute(
            "select schema_name, table_name, column_name, lower(data_type) from duckdb_columns() where not internal"
        ).fetchall():
            columns.setdefault((schema, table), {})[column] = kind
    return Project(
        manifest=json.loads((lake / "target/manifest.json").read_text()),
        statuses={result["unique_id"]: result["status"] for result in results},
        columns=columns,
        path=path,
    )


@pytest.fixture
def lists(project: Project, tmp_path: Path) -> Iterator[duckdb.DuckDBPyConnection]:
    """A copy of the build with a few lists by hand, in which everything holds that must."""
    with duckdb.connect(str(shutil.copy(project.path, tmp_path / "build.duckdb"))) as connection:
        connection.execute(VIEWS + LISTS)
        yield connection


def test_everything_builds_and_every_test_passes(project: Project) -> None:
    """A unit test that fails names its rule here; ``dbt test --select <name>`` shows the rows that differ."""
    assert not {node: status for node, status in project.statuses.items() if status not in ("success", "pass", "no-op")}
    units = set(project.manifest["unit_tests"])
    assert units
    assert units <= set(project.statuses)


def test_layers_read_only_layers_to_their_left(project: Project) -> None:
    models = {model["unique_id"]: model for model in project.nodes("model")}
    assert {model["schema"] for model in models.values()} == set(LEFT)
    wrong = [
        (model["name"], models[parent]["name"])
        for model in models.values()
        for parent in model["depends_on"]["nodes"]
        if parent in models and models[parent]["schema"] not in LEFT[model["schema"]]
    ]
    assert not wrong


def test_a_layer_is_a_folder_and_only_staging_reads_sources(project: Project) -> None:
    readers = set()
    for model in project.nodes("model"):
        assert model["path"].split("/")[0] == model["schema"]
        readers |= {model["schema"] for parent in model["depends_on"]["nodes"] if parent.startswith("source.")}
    assert readers == {"staging"}


def test_every_model_and_column_is_described(project: Project) -> None:
    documented = {(m["schema"], m["name"]): set(m["columns"]) for m in project.nodes("model")}
    yielded = {key: set(project.columns[key]) for key in documented}
    assert documented == yielded
    bare = [m["name"] for m in project.nodes("model") if not m["description"].strip()]
    bare += [
        f"{model['name']}.{column['name']}"
        for model in project.nodes("model")
        for column in model["columns"].values()
        if not column["description"].strip()
    ]
    assert not bare


def test_seeds_sources_and_tests_that_are_not_one_column_s_are_described(project: Project) -> None:
    described = [*project.nodes("seed"), *project.manifest["sources"].values()]
    described += [
        test
        for test in project.nodes("test")
        if test.get("test_metadata", {"name": "singular"})["name"] in ("singular", "unique_combination")
    ]
    assert not [node["name"] for node in described if not node["description"].strip()]


def test_marts_keep_an_enforced_contract(project: Project) -> None:
    marts = [model for model in project.nodes("model") if model["schema"] == "marts"]
    assert marts
    for mart in marts:
        assert mart["config"]["contract"]["enforced"], mart["name"]
        types = {column["name"]: column["data_type"] for column in mart["columns"].values()}
        contract = {name: "varchar" if said == "string" else said for name, said in types.items()}
        assert contract == project.columns["marts", mart["name"]]
        assert "cycle" in contract
        assert not {"family_id", "person_id", "nik"} & set(contract)


def test_what_decides_about_families_has_unit_tests(project: Project) -> None:
    tested = {test["model"] for test in project.manifest["unit_tests"].values()}
    deciding = {m["name"] for m in project.nodes("model") if m["schema"] in ("households", "eligibility", "lists")}
    assert deciding <= tested


def test_what_looks_for_repeated_keys_of_a_nation_has_a_third_thread_and_gives_it_back(project: Project) -> None:
    """With two threads DuckDB takes two to three times as long for them (docs/scaling.md)."""
    hooks = {
        node["name"]: ([hook["sql"] for hook in node["config"]["pre-hook"]], node["config"]["post-hook"][0]["sql"])
        for node in project.nodes("model")
        if node["config"]["pre-hook"]
    }
    searching = ("stg_duplicates", "stg_person_duplicates", "repeated_niks", "conservation_violations")
    assert hooks == dict.fromkeys(searching, (["{{ at_least_threads(3) }}"], "{{ at_least_threads(1) }}"))


def test_every_mart_is_shown_to_someone(project: Project) -> None:
    exposures = project.manifest["exposures"].values()
    assert {exposure["name"] for exposure in exposures} == {
        "cycle_table",
        "cycle_dashboard",
        "region_dashboard",
        "data_quality_dashboard",
        "trends_dashboard",
    }
    assert all(exposure["owner"]["name"] and exposure["description"].strip() for exposure in exposures)
    shown = {parent for exposure in exposures for parent in exposure["depends_on"]["nodes"]}
    assert shown == {model["unique_id"] for model in project.nodes("model") if model["schema"] == "marts"}


@pytest.mark.parametrize(("example", "pattern"), ENGINES_OWN.items())
def test_an_engine_s_own_sql_stands_in_portable_alone(project: Project, example: str, pattern: str) -> None:
    assert re.search(pattern, plain_sql(example), re.IGNORECASE)
    sources = {node["original_file_path"]: node["raw_code"] for node in project.nodes("model") + project.nodes("test")}
    for macro in project.manifest["macros"].values():
        if macro["package_name"] == "mutakhir" and macro["original_file_path"] not in ENGINES_FILES:
            sources[f"{macro['original_file_path']} {macro['name']}"] = macro["macro_sql"]
    assert any(path.startswith("macros/parsing.sql") for path in sources)
    assert any(path.startswith("tests/generic/") for path in sources)
    assert not [path for path, sql in sources.items() if re.search(pattern, plain_sql(sql), re.IGNORECASE)]


def plain_sql(code: str) -> str:
    """Code without Jinja, comments and string literals: what is left is SQL of our own."""
    for jinja in (r"\{#.*?#\}", r"\{%.*?%\}", r"\{\{.*?\}\}"):
        code = re.sub(jinja, " x ", code, flags=re.DOTALL)
    code = re.sub(r"--[^\n]*", " ", code)
    return re.sub(r"'(?:[^']|'')*'", "''", code)


def failing_tests(project: Project, connection: duckdb.DuckDBPyConnection) -> set[str]:
    """Data tests, singular or on a combination of columns, that return rows."""
    tests = [test for test in project.nodes("test") if test["description"]]
    return {test["name"] for test in tests if connection.execute(test["compiled_code"]).fetchall()}


def test_lists_on_which_everything_holds_pass_the_data_tests(
    project: Project, lists: duckdb.DuckDBPyConnection
) -> None:
    assert lists.execute("select count(*) from lists.selections").fetchall() == [(3,)]
    assert failing_tests(project, lists) == set()


@pytest.mark.parametrize(("change", "name"), BROKEN.items())
def test_a_data_test_notices_what_it_says(
    project: Project, lists: duckdb.DuckDBPyConnection, change: str, name: str
) -> None:
    lists.execute(change)
    assert name in failing_tests(project, lists)
