"""The last asset of a cycle: every gate as a check result, the candidate sealed, and the run failed if a gate blocks.

What a gate measures stands in dbt_project/models/gates, how it is judged in verdict.py.
"""

from collections.abc import Iterator
from typing import Any

import dagster as dg

from orchestration.audit import record
from orchestration.candidate.seal import CandidateUnfit, seal, unseal
from orchestration.gates.evidence import TABLES, collect_evidence, evaluate_candidate
from orchestration.gates.limits import gate_measures, record_limits
from orchestration.gates.verdict import GateResult
from orchestration.resources import CYCLES
from orchestration.settings import Settings

_VERDICT = dg.AssetKey("gate_verdict")


@dg.asset(
    key=_VERDICT,
    deps=["candidate", *(dg.AssetKey(["gates", table]) for table in TABLES)],
    group_name="gates",
    partitions_def=CYCLES,
    check_specs=[
        dg.AssetCheckSpec(name=gate, asset=_VERDICT, description=measure, blocking=False)
        for gate, measure in gate_measures().items()
    ],
    description="Every gate judged; seals the candidate with the results and fails the run when a blocking gate fails.",
    owners=["team:data-engineering"],
    kinds={"greatexpectations"},
)
def gate_verdict(
    context: dg.AssetExecutionContext, settings: dg.ResourceParam[Settings], cycle: dg.ResourceParam[str]
) -> Iterator[Any]:
    """Collect the evidence, judge it, seal the candidate; only then pass or fail."""
    try:
        record_limits(settings)
        unseal(settings, cycle)
        collect_evidence(settings, cycle)
        verdict = evaluate_candidate(settings, cycle)
        manifest = seal(settings, cycle, [_row(cycle, result) for result in verdict.results], verdict.passed)
    except (CandidateUnfit, FileNotFoundError) as unfit:
        raise dg.Failure(description=str(unfit), allow_retries=False) from unfit
    record(
        settings,
        "verdict",
        cycle,
        passed=verdict.passed,
        failed=[result.gate for result in verdict.results if not result.passed],
        statement_sha256=manifest.statement_sha256,
        run_id=manifest.run_id,
    )
    for result in verdict.results:
        yield _check(result)
    # Numbers of the asset itself: Dagster plots them over the cycles.
    yield dg.MaterializeResult(
        metadata={
            "passed": verdict.passed,
            "failed": [result.gate for result in verdict.results if not result.passed],
            "statement_sha256": manifest.statement_sha256,
            "manifest": dg.MetadataValue.path(str(settings.candidates / cycle / "manifest.json")),
            "data_docs": dg.MetadataValue.path(str(settings.reports / cycle / "data_docs" / "index.html")),
            "reports": dg.MetadataValue.path(str(settings.reports / cycle)),
            **{f"gate/{result.gate}": result.value for result in verdict.results if result.value is not None},
        }
    )
    if not verdict.passed:
        raise dg.Failure(
            description=_blocked(cycle, [result.gate for result in verdict.blocking]),
            metadata={
                "candidate": dg.MetadataValue.path(str(settings.candidates / cycle)),
                "failed_gates": [result.gate for result in verdict.blocking],
            },
            allow_retries=False,
        )


def _blocked(cycle: str, gates: list[str]) -> str:
    """Why the run fails; what each gate says is in its check and in the candidate's gate_results."""
    failed = f"blocking gates failed: {', '.join(gates)}" if gates else "no gate has a limit in force"
    return f"cycle {cycle} is blocked and cannot be published; {failed}"


def _row(cycle: str, result: GateResult) -> dict[str, Any]:
    """A row of the mart gate_results."""
    return {
        "cycle": cycle,
        "gate": result.gate,
        "tool": result.tool,
        "value": result.value,
        "lower": result.lower,
        "upper": result.upper,
        "severity": result.severity,
        "passed": result.passed,
        "detail": result.message,
    }


def _check(result: GateResult) -> dg.AssetCheckResult:
    """A gate as Dagster shows it."""
    blocks = result.severity == "block"
    return dg.AssetCheckResult(
        check_name=result.gate,
        asset_key=_VERDICT,
        passed=result.passed,
        severity=dg.AssetCheckSeverity.ERROR if blocks else dg.AssetCheckSeverity.WARN,
        description=result.message,
        metadata={
            "value": result.value,
            "lower": result.lower,
            "upper": result.upper,
            "severity": result.severity,
            "tool": result.tool,
            "worst": result.worst,
        },
    )
