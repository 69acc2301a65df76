"""Sealing: the manifest comes last and says what lies there; the statement is the content, and only that."""

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import duckdb
import pytest

from orchestration.candidate.check import content_problems, file_problems, statement_problems
from orchestration.candidate.digests import file_sha256
from orchestration.candidate.manifest import GATE_EVIDENCE, MANIFEST, Manifest, read_manifest
from orchestration.candidate.seal import CandidateUnfit, seal, unseal
from orchestration.candidate.statement import canonical_json, statement_of
from orchestration.candidate.write import ORIGIN, candidate_folder, write_candidate
from orchestration.engine import engine
from orchestration.settings import Settings
from tests.builds import PASSING, make_build, make_candidate, seal_candidate


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return Settings(lake=tmp_path / "lake")


def problems(settings: Settings, manifest: Manifest) -> list[str]:
    folder = candidate_folder(settings, "2025-11")
    with engine(settings) as connection:
        found = content_problems(connection, folder, manifest)
    return found + file_problems(folder, manifest, beside={ORIGIN}) + statement_problems(manifest)


def all_values(value: Any) -> list[Any]:
    match value:
        case dict():
            return [found for part in value.values() for found in all_values(part)]
        case list():
            return [found for part in value for found in all_values(part)]
        case _:
            return [value]


def test_the_manifest_says_what_lies_there(settings: Settings) -> None:
    manifest = make_candidate(settings)
    folder = candidate_folder(settings, "2025-11")
    assert read_manifest(folder) == (manifest, file_sha256(folder / MANIFEST))
    assert problems(settings, manifest) == []
    assert set(manifest.all_files()) == {
        path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file()
    } - {MANIFEST, ORIGIN}
    decisions = manifest.data_sets["decisions"]
    assert decisions.rows == 5
    assert decisions.columns[:3] == ["cycle", "programme", "family_id"]
    assert [file.path for file in decisions.files] == [
        "decisions/programme=PKH/part-0.parquet",
        "decisions/programme=SEMBAKO/part-0.parquet",
    ]
    assert manifest.data_sets["waiting_list"].files == []
    assert [delivery.source for delivery in manifest.deliveries] == ["dtsen_keluarga", "kemensos_penerima"]
    assert (manifest.release, manifest.reason, manifest.previous, manifest.signoffs) == (None, None, None, [])
    assert manifest.run_id == "run-1" and manifest.code_version == "0.1.0+0123456789abcdef"
    assert datetime.now(UTC) - datetime.fromisoformat(manifest.created_at) < timedelta(minutes=5)


def test_gate_results_are_a_mart(settings: Settings) -> None:
    make_candidate(settings)
    path = candidate_folder(settings, "2025-11") / "marts/gate_results.parquet"
    with duckdb.connect() as connection:
        found = connection.execute(f"select gate, value, lower, upper, severity, passed from '{path}'").fetchall()
    assert found == [
        ("decile_balance", 0.13, 0.08, 0.12, "warn", False),
        ("hold_rate", 0.025, None, 0.1, "block", True),
        ("quota_respected", 0.0, None, 0.0, "block", True),
    ]


def test_the_statement_holds_content_and_neither_times_nor_bytes(settings: Settings) -> None:
    manifest = make_candidate(settings)
    assert set(manifest.statement) == {
        "cycle",
        "code_version",
        "contract",
        "rules",
        "seeds",
        "deliveries",
        "data_sets",
        "gate_results",
        "passed",
    }
    values = all_values(manifest.statement)
    assert manifest.created_at not in values and manifest.run_id not in values
    assert not {file.sha256 for file in manifest.all_files().values()} & set(map(str, values))
    assert {"d1-dtsen_keluarga", "d1-kemensos_penerima", "5eed", manifest.code_version} <= set(map(str, values))


def test_the_same_cycle_run_again_to_the_same_content_has_the_same_statement(settings: Settings) -> None:
    first = make_candidate(settings)
    again = make_candidate(settings, run_id="run-2", families=FAMILIES_SHUFFLED)
    assert again.run_id != first.run_id
    assert again.statement_sha256 == first.statement_sha256


FAMILIES_SHUFFLED = [
    ("SEMBAKO", "F-1", "3201"),
    ("PKH", "F-2", "1101"),
    ("PKH", "F-9", None),
    ("PKH", "F-1", "3201"),
    ("PKH", "F-3", "3201"),
]


def test_other_content_has_another_statement(settings: Settings) -> None:
    first = make_candidate(settings)
    other_amount = make_candidate(settings, amount=1)
    moved = make_candidate(
        settings,
        families=[("SEMBAKO", *row[1:]) if row[0] == "PKH" else ("PKH", *row[1:]) for row in FAMILIES_SHUFFLED],
    )
    blocked = make_candidate(settings, passed=False)
    assert len({manifest.statement_sha256 for manifest in (first, other_amount, moved, blocked)}) == 4
    assert first.data_sets["decisions"].content_digest != other_amount.data_sets["decisions"].content_digest
    assert first.data_sets["decisions"].content_digest != moved.data_sets["decisions"].content_digest


def test_the_delivery_a_row_came_from_is_provenance_not_content(settings: Settings) -> None:
    first = make_candidate(settings)
    split = make_candidate(settings, delivery_digest="d2")
    content = {name: data_set.content_digest for name, data_set in first.data_sets.items()}
    assert {name: data_set.content_digest for name, data_set in split.data_sets.items()} == content
    assert first.data_sets["evidence"].provenance == ["delivery_digest"]
    # The bytes are sealed all the same, and the statement names the deliveries.
    assert first.data_sets["evidence"].files[0].sha256 != split.data_sets["evidence"].files[0].sha256
    assert first.statement_sha256 != split.statement_sha256


def test_a_row_in_several_files_is_the_same_content(settings: Settings) -> None:
    manifest = make_candidate(settings)
    part = candidate_folder(settings, "2025-11") / "decisions/programme=PKH/part-0.parquet"
    with duckdb.connect() as connection:
        connection.execute(f"create table t as from read_parquet('{part}', hive_partitioning = false)")
        connection.execute(f"copy (from t limit 1) to '{part}'")
        connection.execute(f"copy (from t offset 1) to '{part.with_name('part-1.parquet')}'")
    split = seal_candidate(settings)
    assert len(split.data_sets["decisions"].files) == 3
    assert split.statement_sha256 == manifest.statement_sha256


def test_sealing_again_with_another_limit_needs_another_signature(settings: Settings) -> None:
    first = make_candidate(settings)
    rows = [{**row, "cycle": "2025-11", "passed": True, "upper": 0.2, "detail": "as measured"} for row in PASSING]
    again = seal(settings, "2025-11", rows, True)
    assert again.statement_sha256 != first.statement_sha256
    assert problems(settings, again) == []


def test_unsealing_takes_the_manifest_away(settings: Settings) -> None:
    make_candidate(settings)
    folder = unseal(settings, "2025-11")
    with pytest.raises(FileNotFoundError):
        read_manifest(folder)


def test_what_a_killed_sealing_left_does_not_get_into_the_candidate(settings: Settings) -> None:
    make_candidate(settings)
    folder = unseal(settings, "2025-11")
    for name in (".gate_results", ".manifest.json.abc", ".gate_evidence.json.abc"):
        (folder / name).write_bytes(b"half a file")
    assert problems(settings, seal_candidate(settings)) == []


def test_a_candidate_is_not_sealed_without_the_evidence_of_its_gates(settings: Settings) -> None:
    make_candidate(settings)
    folder = unseal(settings, "2025-11")
    (folder / GATE_EVIDENCE).unlink()
    with pytest.raises(CandidateUnfit, match=GATE_EVIDENCE):
        seal(settings, "2025-11", [], True)
    assert not (folder / MANIFEST).exists()


@pytest.mark.parametrize("lost", ["decisions/programme=PKH/part-0.parquet", "marts/cycle_funnel.parquet"])
def test_a_candidate_that_lost_rows_since_it_was_written_is_not_sealed(settings: Settings, lost: str) -> None:
    make_build(settings)
    folder = write_candidate(settings, "2025-11", "run-1").folder
    (folder / lost).unlink()
    with pytest.raises(CandidateUnfit, match=lost.split(".")[0].split("/programme")[0]):
        seal_candidate(settings)
    assert not (folder / MANIFEST).exists()


@pytest.mark.parametrize("value", [float("nan"), float("inf")])
def test_a_gate_value_that_is_no_number_is_sealed_as_missing(settings: Settings, value: float) -> None:
    make_candidate(settings)
    row = {**PASSING[0], "cycle": "2025-11", "passed": False, "detail": "", "value": value}
    assert seal(settings, "2025-11", [row], False).gate_results[0].value is None
    assert read_manifest(candidate_folder(settings, "2025-11"))[0].gate_results[0].value is None


def test_canonical_json_has_one_form() -> None:
    assert canonical_json({"b": 1.5, "a": [None, True, "é"]}) == '{"a":[null,true,"é"],"b":1.5}'.encode()
    with pytest.raises(ValueError, match="JSON compliant"):
        canonical_json(float("nan"))


def test_a_statement_survives_the_way_through_the_file(settings: Settings) -> None:
    manifest = make_candidate(settings)
    stored = json.loads((candidate_folder(settings, "2025-11") / MANIFEST).read_text())
    assert canonical_json(stored["statement"]) == canonical_json(statement_of(manifest))
