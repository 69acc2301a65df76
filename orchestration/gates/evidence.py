"""What the tools found out about every gate of a cycle: collected, kept with the candidate, judged when published.

Reads the ingest records, the schema gates of the build and dbt's test results, and asks Great Expectations; writes
candidates/<cycle>/gate_evidence.json. How evidence is judged stands in verdict.py.
"""

import json
import math
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from typing import Any

import duckdb
import pandas as pd
from pydantic import BaseModel, TypeAdapter, ValidationError

from orchestration.candidate.manifest import GATE_EVIDENCE
from orchestration.candidate.write import candidate_folder
from orchestration.contracts.result import ContractResult
from orchestration.contracts.sources import SOURCES
from orchestration.engine import engine, identifier
from orchestration.gates.limits import limits_in_force
from orchestration.gates.suites import run_suites
from orchestration.gates.verdict import GateEvidence, GateLimit, Verdict, evaluate
from orchestration.ingest.records import IngestedSource
from orchestration.settings import Settings, write_json_atomic
from orchestration.warehouse.build import build_file
from orchestration.warehouse.dbt_results import tests_file

TABLES = ("gate_values", "evidence_sources", "evidence_regencies", "evidence_deciles", "gate_limits_in_force")
TESTS_NAMED = 5
_KEPT = TypeAdapter(tuple[GateEvidence, ...])


class _Test(BaseModel):
    name: str
    status: str
    severity: str


class _Tests(BaseModel):
    run_id: str
    tests: tuple[_Test, ...]


@dataclass(frozen=True)
class _Measure:
    """What was measured of a gate, whoever judges it."""

    value: float | None
    worst: str = ""
    has_reference: bool = True


@dataclass(frozen=True)
class _Opinion:
    """What one tool said of a gate; ``passed`` None: nothing."""

    passed: bool | None
    error: str = ""


@dataclass(frozen=True)
class _Found:
    """Measures by gate, and opinions by gate and tool."""

    measures: dict[str, _Measure]
    opinions: dict[tuple[str, str], _Opinion]

    def add(self, gate: str, tool: str, measure: _Measure, opinion: _Opinion) -> None:
        self.measures[gate] = measure
        self.opinions[gate, tool] = opinion


def collect_evidence(settings: Settings, cycle: str) -> tuple[GateEvidence, ...]:
    """Gather the evidence of every gate in force and write it into the cycle's candidate, data docs into its report.

    Raises FileNotFoundError without a build and LimitsInvalid; a tool that failed is evidence, not an exception.
    """
    limits = limits_in_force(cycle)
    frames = _read_build(settings, cycle)
    found = _Found({}, {})
    _from_build(found, frames)
    _from_ingest(found, settings, cycle, limits, frames)
    _from_dbt(found, settings, cycle, limits, frames)
    for outcome in run_suites(frames, limits, settings.reports / cycle / "data_docs"):
        found.measures.setdefault(outcome.gate, _Measure(outcome.value, outcome.worst))
        found.opinions[outcome.gate, "gx"] = _Opinion(outcome.success, outcome.error)
    evidence = tuple(_evidence(limit, found) for limit in limits)
    write_json_atomic(
        candidate_folder(settings, cycle) / GATE_EVIDENCE,
        {"cycle": cycle, "evidence": [asdict(row) for row in evidence]},
    )
    return evidence


def evaluate_candidate(settings: Settings, cycle: str) -> Verdict:
    """The verdict over the evidence stored with the candidate, by the limits in force; unreadable is no evidence."""
    try:
        stored = json.loads((candidate_folder(settings, cycle) / GATE_EVIDENCE).read_bytes())
        evidence = _KEPT.validate_python(stored["evidence"]) if stored["cycle"] == cycle else ()
    except (OSError, ValueError, KeyError, TypeError):  # a ValidationError and a JSONDecodeError are ValueErrors
        evidence = ()
    return evaluate(evidence, limits_in_force(cycle))


def _evidence(limit: GateLimit, found: _Found) -> GateEvidence:
    measure = found.measures.get(limit.gate, _Measure(None))
    opinions = {tool: found.opinions.get((limit.gate, tool), _Opinion(None)) for tool in limit.tool.split("+")}
    said = [opinion.passed for opinion in opinions.values()]
    return GateEvidence(
        gate=limit.gate,
        value=measure.value if measure.value is not None and math.isfinite(measure.value) else None,
        tool_passed=None if None in said else all(said),
        worst=measure.worst,
        error="; ".join(f"{tool}: {opinion.error}" for tool, opinion in opinions.items() if opinion.error),
        has_reference=measure.has_reference,
    )


def _read_build(settings: Settings, cycle: str) -> dict[str, pd.DataFrame]:
    """The evidence tables of the build by name; one that is not there is left out, and its gates fail."""
    path = build_file(settings, cycle)
    if not path.is_file():
        raise FileNotFoundError(f"{path} is not there: run the cycle {cycle} from the start")
    frames = {}
    with engine(settings, path, read_only=True) as connection:
        for table in TABLES:
            try:
                frames[table] = connection.execute(f"SELECT * FROM gates.{identifier(table)}").df()
            except duckdb.CatalogException:
                continue
    return frames


def _rows(frames: Mapping[str, pd.DataFrame], table: str, key: str) -> dict[str, dict[str, Any]]:
    """Rows of an evidence table by key, nulls None; a key that is there twice says nothing and is left out."""
    frame = frames.get(table, pd.DataFrame({key: []}))
    single = frame[~frame[key].duplicated(keep=False)]
    cells = single.astype(object).where(single.notna(), None)
    return {row[key]: {str(column): cell for column, cell in row.items()} for row in cells.to_dict("records")}


def _from_build(found: _Found, frames: Mapping[str, pd.DataFrame]) -> None:
    for gate, row in _rows(frames, "gate_values", "gate").items():
        found.measures[gate] = _Measure(_number(row["value"]), row["worst"] or "", bool(row["has_reference"]))
    for source, row in _rows(frames, "evidence_sources", "source").items():
        found.measures[f"rejected_share_{source}"] = _Measure(_number(row["rejected_share"]), row["worst_rule"] or "")


def _number(value: Any) -> float | None:
    return None if value is None else float(value)


def _from_ingest(
    found: _Found, settings: Settings, cycle: str, limits: Iterable[GateLimit], frames: Mapping[str, pd.DataFrame]
) -> None:
    """The contracts, and delivery_intact: each source has its record, and the build counted the rows delivered."""
    counted = _rows(frames, "evidence_sources", "source")
    contract_limits = {limit.gate: limit.upper for limit in limits}
    damaged = []
    for name, source in SOURCES.items():
        ingested = _ingested(settings, cycle, name)
        delivered = counted.get(name, {}).get("delivered")
        if ingested is None or (source.required and ingested.absent):
            damaged.append(name)
            continue
        if delivered != sum(file.rows for file in ingested.own_files):
            damaged.append(name)
        gate = f"contract_{name}"
        if ingested.contract:
            _judged_by_contract(found, gate, ingested.contract, contract_limits.get(gate))
        elif ingested.absent:
            found.add(gate, "pandera", _Measure(0.0), _Opinion(True))
    found.add("delivery_intact", "ingest", _Measure(float(len(damaged)), ", ".join(damaged)), _Opinion(not damaged))


def _ingested(settings: Settings, cycle: str, source: str) -> IngestedSource | None:
    try:
        record = (settings.build / f"{cycle}.ingest" / f"{source}.json").read_bytes()
        ingested = IngestedSource.model_validate_json(record)
    except (OSError, ValidationError):
        return None
    return ingested if (ingested.source, ingested.cycle) == (source, cycle) else None


def _judged_by_contract(found: _Found, gate: str, contract: ContractResult, limit: float | None) -> None:
    """A share that failed a limit that changed since is left to the verdict; any other failed check is an error."""
    worst = contract.worst
    broken = [check for check in contract.failed if not check.startswith("share of ")]
    passed = contract.passed or (contract.limit != limit and not broken)
    measure = _Measure(worst.share, worst.column if worst.share else "")
    found.add(gate, "pandera", measure, _Opinion(passed, f"failed {', '.join(broken)}" if broken else ""))


def _from_dbt(
    found: _Found, settings: Settings, cycle: str, limits: Iterable[GateLimit], frames: Mapping[str, pd.DataFrame]
) -> None:
    """Gates that are data tests, named gate_<gate>; every other test of severity error counts in dbt_tests."""
    gates = {
        f"gate_{limit.gate}": limit for limit in limits if "dbt" in limit.tool.split("+") and limit.gate != "dbt_tests"
    }
    tests, error = _tests(settings, cycle)
    if error:
        for gate in ["dbt_tests", *(limit.gate for limit in gates.values())]:
            found.opinions[gate, "dbt"] = _Opinion(None, error)
        return
    tested = _rows(frames, "gate_limits_in_force", "gate")
    for test in tests:
        if test.name in gates:
            limit = gates[test.name]
            found.opinions[limit.gate, "dbt"] = _tested(test.status, limit, tested.get(limit.gate, {}))
    failing = [
        test.name
        for test in tests
        if test.name not in gates and test.severity == "error" and test.status not in ("pass", "warn")
    ]
    more = f" and {len(failing) - TESTS_NAMED} more" if len(failing) > TESTS_NAMED else ""
    named = ", ".join(failing[:TESTS_NAMED]) + more
    found.add("dbt_tests", "dbt", _Measure(float(len(failing)), named), _Opinion(True))  # the count is what is judged


def _tests(settings: Settings, cycle: str) -> tuple[tuple[_Test, ...], str]:
    """Results of the data tests of the build that is there, or why they cannot be used."""
    path = tests_file(settings, cycle)
    try:
        results = _Tests.model_validate_json(path.read_bytes())
        build = json.loads(build_file(settings, cycle).with_suffix(".json").read_bytes())
    except (OSError, ValueError):
        return (), f"{path.name} or the record of the build is missing or damaged"
    if results.run_id != build.get("run_id"):
        return (), "the test results are of another build"
    return (results.tests, "") if results.tests else ((), "no data test was run")


def _tested(status: str, limit: GateLimit, tested: Mapping[str, Any]) -> _Opinion:
    """Tests run once, with the build: one that failed a limit that changed since is left to the verdict."""
    if status not in ("pass", "fail", "warn"):
        return _Opinion(None, f"the test gate_{limit.gate} ended as {status}")
    changed = (_number(tested.get("lower")), _number(tested.get("upper"))) != (limit.lower, limit.upper)
    return _Opinion(status == "pass" or changed)
