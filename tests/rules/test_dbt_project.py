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
VIEWS = "".join(
    f"create table lists.held as from lists.{name}; drop view lists.{name}; alter table lists.held rename to {name};"
    for name in ("decisions", "next_list")
)
"""The lists that are views, as tables that can be written to."""
LISTS = """
    insert into lists.decisions by name
        select 'PKH' as programme, family_id, province_code, regency_code, previous_status, decision, primary_reason,
            false as review, new_status, decision in ('keep', 'confirm') as payable,
            decision in ('pending', 'hold', 'replace') as on_work_list, selection_round, replaces_family_id
        from (values
            ('K', '31', '3171', 'active', 'keep', 'STILL_ELIGIBLE', 'active', null, null),
            ('C', '31', '3171', 'nominated', 'confirm', 'VERIFIED', 'active', null, null),
            ('P', '31', '3172', 'nominated', 'pending', 'VERIFICATION_PENDING', 'nominated', null, null),
            ('H', null, null, 'active', 'hold', 'NOT_IN_REGISTRY', 'active', null, null),
            ('R-1', '31', '3171', 'active', 'remove', 'ASN', null, null, null),
            ('R-2', '31', '3172', 'active', 'remove', 'ASN', null, null, null),
            ('R-3', '32', '3201', 'active', 'remove', 'ASN', null, null, null),
            ('S-1', '31', '3171', null, 'replace', null, 'nominated', 'regency', 'R-1'),
            ('S-2', '31', '3171', null, 'replace', null, 'nominated', 'province', 'R-2'),
            ('S-3', '33', '3301', null, 'replace', null, 'nominated', 'national', 'R-3')
        ) as rows(family_id, province_code, regency_code, previous_status, decision, primary_reason, new_status,
            selection_round, replaces_family_id);
    insert into lists.next_list by name
        select programme, family_id, new_status as status, payable from lists.decisions where decision <> 'remove';
    insert into lists.candidates by name
        select 'PKH' as programme, family_id, province_code, regency_code, selection_order
        from (values
            ('S-1', '31', '3171', 1), ('S-3', '33', '3301', 2), ('S-2', '31', '3171', 3), ('W-1', '31', '3171', 4),
            ('W-2', '31', '3172', 5), ('W-3', '34', '3401', 6)
        ) as rows(family_id, province_code, regency_code, selection_order);
    insert into lists.selections by name
        select candidates.*, decisions.selection_round
        from lists.candidates join lists.decisions using (family_id);
    insert into lists.waiting_list by name
        select programme, family_id, regency_code, 1 as position_in_regency
        from lists.candidates where family_id like 'W-%';
"""
BROKEN = {
    "delete from staging.stg_cycle": "cycle_is_one_row",
    "insert into staging.stg_cycle select * from staging.stg_cycle": "cycle_is_one_row",
    "update lists.decisions set payable = true where family_id = 'H'": "decisions_follow_their_table",
    "update lists.decisions set payable = false where family_id = 'C'": "decisions_follow_their_table",
    "update lists.decisions set on_work_list = false where family_id = 'S-1'": "decisions_follow_their_table",
    "update lists.decisions set review = true where family_id = 'R-1'": "decisions_follow_their_table",
    "update lists.decisions set new_status = 'active' where family_id = 'P'": "decisions_follow_their_table",
    "update lists.decisions set new_status = 'nominated' where family_id = 'H'": "decisions_follow_their_table",
    "update lists.decisions set primary_reason = null where family_id = 'K'": "decisions_follow_their_table",
    "update lists.decisions set selection_round = null where family_id = 'S-3'": "decisions_follow_their_table",
    "delete from lists.next_list where family_id = 'K'": "next_list_is_the_decisions_that_stay",
    "update lists.next_list set family_id = 'R-1' where family_id = 'K'": "next_list_is_the_decisions_that_stay",
    "update lists.next_list set status = 'active' where family_id = 'P'": "next_list_is_the_decisions_that_stay",
    "update lists.next_list set payable = true where family_id = 'H'": "next_list_is_the_decisions_that_stay",
    "update lists.decisions set replaces_family_id = 'R-2' where family_id = 'S-3'": "replacements_pair_one_to_one",
    "update lists.decisions set replaces_family_id = 'K' where family_id = 'S-3'": "replacements_pair_one_to_one",
    "update lists.decisions set replaces_family_id = 'S-1' where family_id = 'K'": "replacements_pair_one_to_one",
    "update lists.decisions set regency_code = '3172' where family_id = 'R-1'": "replacements_pair_one_to_one",
    "update lists.decisions set province_code = null where family_id = 'R-2'": "replacements_pair_one_to_one",
    "update lists.candidates set selection_order = 0 where family_id = 'W-1'": "selections_respect_the_order",
    "update lists.selections set selection_order = 6 where family_id = 'S-2'": "selections_respect_the_order",
    "update lists.selections set selection_order = 7 where family_id = 'S-3'": "selections_respect_the_order",
    "update lists.waiting_list set family_id = 'S-1' where family_id = 'W-1'": "waiting_families_are_on_no_list",
    "update lists.waiting_list set family_id = 'H' where family_id = 'W-1'": "waiting_families_are_on_no_list",
    "insert into lists.decisions from lists.decisions where family_id = 'K'": "decisions_are_unique",
    "update lists.waiting_list set regency_code = '3171'": "waiting_list_positions_are_unique",
    "insert into lists.decision_evidence (programme, family_id, criterion) values ('PKH', 'R-1', 'ASN'), "
    "('PKH', 'R-1', 'ASN')": "decision_evidence_is_unique",
    "update marts.targeting_accuracy set listed = 1": "targeting_accuracy_holds_together",
    "update marts.targeting_accuracy set intended = 1": "targeting_accuracy_holds_together",
    "update marts.targeting_accuracy set cgh_index = 1, cgh_index_upper = 0.9": "targeting_accuracy_holds_together",
    "update marts.targeting_accuracy set exclusion_error = 0.5, structural_exclusion = 0.1, "
    "avoidable_exclusion = 0.1": "targeting_accuracy_holds_together",
}


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
