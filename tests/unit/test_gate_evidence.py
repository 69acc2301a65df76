"""Evidence from a build made by hand: gathered, stored with the candidate, judged again; closed against every gap."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import duckdb
import pytest

from orchestration.candidate.manifest import GATE_EVIDENCE
from orchestration.candidate.write import candidate_folder
from orchestration.contracts.result import ColumnShare, ContractResult
from orchestration.contracts.sources import SOURCES
from orchestration.gates.evidence import collect_evidence, evaluate_candidate
from orchestration.gates.limits import limits_in_force
from orchestration.gates.verdict import GateResult, Verdict
from orchestration.ingest.records import Delivery, IngestedSource, RawFile
from orchestration.settings import Settings, private_dir, write_json_atomic
from orchestration.warehouse.build import build_file
from orchestration.warehouse.dbt_results import tests_file as results_file

pytestmark = pytest.mark.slow

CYCLE = "2025-11"
LIMITS = {limit.gate: limit for limit in limits_in_force(CYCLE)}
FILL = ("replacement_fill", "verification_coverage")
LONG = ("removal_rate_regency", "decile_balance", "delivery_intact", "dbt_tests")
SINGLE = [g for g in LIMITS if g not in LONG and not g.startswith(("contract_", "rejected_share_"))]
GATE_TESTS = [f"gate_{gate}" for gate, limit in LIMITS.items() if "dbt" in limit.tool and gate != "dbt_tests"]
ROWS = 50  # delivered by every source
Edit = Callable[[duckdb.DuckDBPyConnection], Any]


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    """A lake with a build, ingest records and test results of which every gate passes."""
    settings = Settings(lake=tmp_path / "lake")
    private_dir(settings.build)
    with duckdb.connect(str(build_file(settings, CYCLE))) as connection:
        connection.execute("""
            create schema gates;
            create table gates.gate_values (gate varchar, value decimal(18, 9), numerator bigint, denominator bigint,
                worst varchar, has_reference boolean);
            create table gates.evidence_sources (source varchar, delivered bigint, accepted bigint, rejected bigint,
                rejected_share decimal(18, 9), worst_rule varchar);
            create table gates.evidence_regencies as select '3171' as regency_code, 300 as listed, 30 as removed,
                cast(0.1 as decimal(18, 9)) as removal_rate;
            create table gates.evidence_deciles as select unnest(range(1, 11)) as welfare_decile, 5 as persons,
                cast(0.1 as decimal(18, 9)) as share;
            create table gates.gate_limits_in_force (gate varchar, lower decimal(18, 9), upper decimal(18, 9),
                severity varchar);
        """)
        connection.executemany(
            "insert into gates.gate_values values (?, ?, 0, 1, '31', true)", [[g, float(g in FILL)] for g in SINGLE]
        )
        connection.executemany(
            "insert into gates.evidence_sources values (?, ?, ?, 1, 0.02, 'bad_code')",
            [[source, ROWS, ROWS - 1] for source in SOURCES],
        )
        connection.executemany(
            "insert into gates.gate_limits_in_force values (?, ?, ?, ?)",
            [[limit.gate, limit.lower, limit.upper, limit.severity] for limit in LIMITS.values()],
        )
    for source in SOURCES:
        write_ingested(settings, ingested(source))
    write_json_atomic(build_file(settings, CYCLE).with_suffix(".json"), {"cycle": CYCLE, "run_id": "run-1"})
    write_tests(settings, {})
    return settings


def ingested(source: str, share: float = 0.0, limit: float = 0.01, failed: tuple[str, ...] = ()) -> IngestedSource:
    """The record of one source: one file, of which one column breaks its domain in ``share`` of the rows."""
    columns = SOURCES[source].column_names
    broken = [ColumnShare(column=c, broken=0, share=share if c == columns[-1] else 0.0) for c in columns]
    contract = ContractResult(source=source, rows=ROWS, limit=limit, columns=tuple(broken), failed=failed)
    file = RawFile(
        path="part.csv", sha256="0" * 64, rows=ROWS, raw_path=Path("part.parquet"), decimal_comma=False, is_csv=True
    )
    delivery = Delivery(
        cycle=CYCLE, batch="", digest="0" * 64, sender="bps", sent_at="2025-11-16T09:00:00+07:00", contract_version=1,
        files=(file,), extra_columns=(),
    )  # fmt: skip
    return IngestedSource(
        source=source, cycle=CYCLE, deliveries=(delivery,), warnings=(), absent=False, contract=contract
    )


def record(settings: Settings, source: str) -> Path:
    return settings.build / f"{CYCLE}.ingest" / f"{source}.json"


def write_ingested(settings: Settings, found: IngestedSource) -> None:
    write_json_atomic(record(settings, found.source), found.model_dump(mode="json"))


def write_tests(settings: Settings, changes: dict[str, str | None], run_id: str = "run-1") -> None:
    """Every test passes, but those in ``changes`` (None: it is not there); severity warn where the name begins so."""
    statuses = {**dict.fromkeys([*GATE_TESTS, "unique_decisions", "warn_few_villages"], "pass"), **changes}
    tests = [
        {"name": name, "status": status, "severity": "warn" if name.startswith("warn_") else "error", "failures": 0}
        for name, status in statuses.items()
        if status is not None
    ]
    write_json_atomic(results_file(settings, CYCLE), {"run_id": run_id, "tests": tests})


def edit(settings: Settings, *statements: str) -> None:
    with duckdb.connect(str(build_file(settings, CYCLE))) as connection:
        for statement in statements:
            connection.execute(statement)


def judged(settings: Settings) -> Verdict:
    collect_evidence(settings, CYCLE)
    return evaluate_candidate(settings, CYCLE)


def failed(verdict: Verdict) -> dict[str, GateResult]:
    return {result.gate: result for result in verdict.results if not result.passed}


def test_a_clean_cycle_passes_every_gate(settings: Settings) -> None:
    verdict = judged(settings)
    assert verdict.passed
    assert failed(verdict) == {}
    assert [result.gate for result in verdict.results] == list(LIMITS)
    assert (settings.reports / CYCLE / "data_docs/index.html").is_file()


def test_the_stored_evidence_is_judged_anew(settings: Settings) -> None:
    assert judged(settings).passed
    path = candidate_folder(settings, CYCLE) / GATE_EVIDENCE
    stored = json.loads(path.read_text())
    assert {row["gate"] for row in stored["evidence"]} == set(LIMITS)
    for row in stored["evidence"]:
        if row["gate"] == "hold_rate":
            row["value"] = 0.2
    path.write_text(json.dumps(stored))
    assert list(failed(evaluate_candidate(settings, CYCLE))) == ["hold_rate"]


def test_evidence_that_cannot_be_read_is_no_evidence(settings: Settings) -> None:
    collect_evidence(settings, CYCLE)
    path = candidate_folder(settings, CYCLE) / GATE_EVIDENCE
    of_another_cycle = path.read_text().replace(f'"cycle": "{CYCLE}"', '"cycle": "2025-10"')
    for content in (of_another_cycle, "", "[]", "{}", f'{{"cycle": "{CYCLE}", "evidence": [{{}}]}}', "\xff", None):
        path.unlink() if content is None else path.write_text(content, encoding="latin-1")
        verdict = evaluate_candidate(settings, CYCLE)
        assert not verdict.passed
        assert set(failed(verdict)) == set(LIMITS)


def test_values_and_places_come_from_the_build(settings: Settings) -> None:
    edit(
        settings,
        "update gates.gate_values set value = 0.4, worst = '33' where gate = 'removal_rate'",
        "update gates.gate_values set value = null where gate = 'orphan_share'",
        "delete from gates.gate_values where gate = 'hold_rate'",
        "insert into gates.gate_values from gates.gate_values where gate = 'duplicate_nik_share'",
        "update gates.evidence_sources set rejected_share = 0.03 where source = 'usulan'",
        "update gates.evidence_regencies set removal_rate = 0.7",
    )
    verdict = judged(settings)
    results = failed(verdict)
    assert set(results) == {
        "removal_rate", "orphan_share", "hold_rate", "duplicate_nik_share", "rejected_share_usulan",
        "removal_rate_regency",
    }  # fmt: skip
    assert "removal_rate_regency" not in {result.gate for result in verdict.blocking}
    assert (results["removal_rate"].value, results["removal_rate"].worst) == (0.4, "33")
    assert "5 points above the upper limit of 35 %, worst in 33" in results["removal_rate"].message
    assert results["rejected_share_usulan"].worst == "bad_code"
    assert (results["removal_rate_regency"].value, results["removal_rate_regency"].worst) == (0.7, "3171")
    assert {results[gate].value for gate in ("orphan_share", "hold_rate", "duplicate_nik_share")} == {None}


def test_without_a_release_before_the_drift_warns(settings: Settings) -> None:
    edit(
        settings,
        "update gates.gate_values set has_reference = false where gate in ('family_count_drift', 'list_drift')",
    )
    verdict = judged(settings)
    assert verdict.passed
    assert {gate: result.severity for gate, result in failed(verdict).items()} == {"family_count_drift": "warn"}


def test_a_missing_evidence_table_fails_its_gates(settings: Settings) -> None:
    edit(settings, "drop table gates.evidence_regencies", "drop table gates.gate_values")
    results = failed(judged(settings))
    assert set(results) == {*SINGLE, "removal_rate_regency"}


def test_a_cycle_without_a_build_is_refused(settings: Settings) -> None:
    build_file(settings, CYCLE).unlink()
    with pytest.raises(FileNotFoundError, match="from the start"):
        collect_evidence(settings, CYCLE)


def test_a_source_without_its_record_is_not_intact(settings: Settings) -> None:
    record(settings, "usulan").unlink()
    record(settings, "sanggahan").write_text("{")
    write_json_atomic(record(settings, "hasil_salur"), ingested("usulan").model_dump(mode="json"))
    results = failed(judged(settings))
    gates = {"delivery_intact", "contract_usulan", "contract_sanggahan", "contract_hasil_salur"}
    assert set(results) == gates
    assert (results["delivery_intact"].value, results["delivery_intact"].worst) == (
        3.0,
        "sanggahan, usulan, hasil_salur",
    )


def test_a_build_that_counted_other_rows_than_were_delivered_is_not_intact(settings: Settings) -> None:
    edit(settings, f"update gates.evidence_sources set delivered = {ROWS - 1} where source = 'dtsen_individu'")
    results = failed(judged(settings))
    assert {gate: result.worst for gate, result in results.items()} == {"delivery_intact": "dtsen_individu"}


def test_an_absent_source_passes_only_when_it_may_be_absent(settings: Settings) -> None:
    edit(settings, "update gates.evidence_sources set delivered = 0 where source in ('usulan', 'dtsen_keluarga')")
    for source in ("usulan", "dtsen_keluarga"):
        nothing = {"deliveries": (), "absent": True, "contract": None}
        write_ingested(settings, ingested(source).model_copy(update=nothing))
    results = failed(judged(settings))
    assert set(results) == {"delivery_intact", "contract_dtsen_keluarga"}
    assert results["delivery_intact"].worst == "dtsen_keluarga"


def test_a_contract_is_judged_by_its_worst_column(settings: Settings) -> None:
    worst = SOURCES["dtsen_individu"].column_names[-1]
    write_ingested(settings, ingested("dtsen_individu", share=0.02, failed=(f"share of {worst}",)))
    write_ingested(settings, ingested("dtsen_keluarga", share=0.01))
    write_ingested(settings, ingested("sanggahan", failed=("putusan",)))
    results = failed(judged(settings))
    assert set(results) == {"contract_dtsen_individu", "contract_sanggahan"}
    assert (results["contract_dtsen_individu"].value, results["contract_dtsen_individu"].worst) == (0.02, worst)
    assert "could not be judged: pandera: failed putusan" in results["contract_sanggahan"].message


def test_a_contract_limit_changed_since_the_ingestion_is_judged_by_the_verdict(settings: Settings) -> None:
    share = f"share of {SOURCES['usulan'].column_names[-1]}"
    write_ingested(settings, ingested("usulan", share=0.009, limit=0.001, failed=(share,)))
    write_ingested(settings, ingested("sanggahan", share=0.02, limit=0.05))
    write_ingested(settings, ingested("hasil_salur", limit=0.001, failed=("tanggal",)))
    assert set(failed(judged(settings))) == {"contract_sanggahan", "contract_hasil_salur"}


def test_a_gate_needs_its_data_test(settings: Settings) -> None:
    changes: dict[str, str | None] = {
        "gate_conservation": "fail",
        "gate_quota_respected": "error",
        "gate_no_excluded_on_list": "skipped",
        "gate_unlisted_rows": "warn",
        "gate_rejected_share_usulan": None,
    }
    write_tests(settings, changes)
    verdict = judged(settings)
    assert {f"gate_{gate}" for gate in failed(verdict)} == set(changes)
    assert not verdict.passed
    assert "the test gate_quota_respected ended as error" in failed(verdict)["quota_respected"].message


def test_a_limit_changed_since_the_build_is_judged_by_the_verdict(settings: Settings) -> None:
    """`--from gates` runs no data test again: a test that failed the old limit does not outlive it."""
    edit(
        settings,
        "update gates.gate_values set value = 0.0001 where gate = 'unnamed_person_rows'",
        "update gates.gate_limits_in_force set upper = 0.00001 where gate = 'unnamed_person_rows'",
        "update gates.gate_values set value = 1 where gate = 'conservation'",
        "update gates.gate_limits_in_force set upper = 5 where gate = 'conservation'",
    )
    write_tests(settings, {"gate_unnamed_person_rows": "fail"})
    assert set(failed(judged(settings))) == {"conservation"}


def test_every_other_data_test_counts(settings: Settings) -> None:
    changes = {"unique_decisions": "fail", "not_null_a": "error", "not_null_b": "skipped", "warn_few_villages": "warn"}
    write_tests(settings, {**changes, "gate_of_nothing": "fail", **{f"late_{n}": "skipped" for n in range(3)}})
    results = failed(judged(settings))
    assert set(results) == {"dbt_tests"}
    assert results["dbt_tests"].value == 7
    assert results["dbt_tests"].worst == "unique_decisions, not_null_a, not_null_b, gate_of_nothing, late_0 and 2 more"


@pytest.mark.parametrize("damage", ["missing", "broken", "none run", "another build", "no build record"])
def test_without_test_results_of_this_build_every_dbt_gate_fails(settings: Settings, damage: str) -> None:
    match damage:
        case "missing":
            results_file(settings, CYCLE).unlink()
        case "broken":
            results_file(settings, CYCLE).write_text("{")
        case "none run":
            write_json_atomic(results_file(settings, CYCLE), {"run_id": "run-1", "tests": []})
        case "another build":
            write_tests(settings, {}, run_id="run-0")
        case "no build record":
            build_file(settings, CYCLE).with_suffix(".json").unlink()
    results = failed(judged(settings))
    assert set(results) == {"dbt_tests", *(name.removeprefix("gate_") for name in GATE_TESTS)}
