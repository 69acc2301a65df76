"""What a run of a cycle tells people when a step of it fails, or a gate: hooks, which work in the run's own process.

So a run that the daemon starts and one from a shell tell it alike, and once. How it is sent stands in alerts.py.
"""

import dagster as dg

from orchestration.alerts import send
from orchestration.candidate.manifest import GateResult, ManifestDamaged, read_manifest
from orchestration.settings import Settings

_NEEDS = {"settings", "cycle"}
_VERDICT = "gate_verdict"


@dg.failure_hook(required_resource_keys=_NEEDS)
def alert_on_failure(context: dg.HookContext) -> None:
    """A delivery is refused, a gate blocks, or anything else failed."""
    cycle, step = context.resources.cycle, context.step_key
    said = context.op_exception.metadata if isinstance(context.op_exception, dg.Failure) else {}
    if "failed_gates" in said:
        failed = _failed_gates(context)
        _tell(context, f"cycle {cycle} is blocked by its gates", _gates(failed), _AFTER_GATES.format(cycle=cycle))
    elif step.startswith("raw__") and "problems" in said:
        source = step.removeprefix("raw__")
        _tell(context, f"cycle {cycle}: the delivery of {source} is refused", _words(context), _AFTER_REFUSAL)
    else:
        _tell(context, f"cycle {cycle} failed in {step}", _words(context), _AFTER_FAILURE.format(cycle=cycle))


@dg.success_hook(required_resource_keys=_NEEDS)
def alert_on_warnings(context: dg.HookContext) -> None:
    """The cycle passed, but a gate that only warns failed."""
    if context.step_key == _VERDICT and (failed := _failed_gates(context)):
        title = f"cycle {context.resources.cycle} passed, with warnings of its gates"
        _tell(context, title, _gates(failed), "What to do: read them before you sign.")


_AFTER_GATES = (
    "What to do: what each gate says. Then mutakhir run --cycle {cycle}, or, after a changed limit, with --from gates."
    " The release that is current stays."
)
_AFTER_REFUSAL = (
    "What to do: have it corrected and delivered again; the cycle then runs by itself. Nothing of it was taken."
)
_AFTER_FAILURE = "What to do: read the run in Dagster, mend what it names, then mutakhir run --cycle {cycle}."


def _tell(context: dg.HookContext, title: str, what: str, advice: str) -> None:
    settings: Settings = context.resources.settings
    where = f"Run {context.run_id}, lake {settings.lake}"
    if problem := send(settings, title, f"{what}\n\n{advice}\n{where}"):
        context.log.warning(f"nobody was told that {title}: {problem}")


def _words(context: dg.HookContext) -> str:
    """What the stage itself says; of an error that nobody foresaw the kind alone, for its words may hold a value."""
    error = context.op_exception
    if isinstance(error, dg.Failure) and error.description:
        return error.description
    return f"An error that was not foreseen ({type(error).__name__})."


def _failed_gates(context: dg.HookContext) -> list[GateResult]:
    """Of the candidate that this run has sealed; those that block come first."""
    try:
        manifest, _ = read_manifest(context.resources.settings.candidates / context.resources.cycle)
    except (FileNotFoundError, ManifestDamaged):  # somebody else's work of this very moment
        return []
    failed = [row for row in manifest.gate_results if not row.passed]
    return sorted(failed, key=lambda row: row.severity != "block")


def _gates(failed: list[GateResult]) -> str:
    return "\n".join(
        f"- {row.gate} ({'blocks' if row.severity == 'block' else 'warns'}): {row.detail}" for row in failed
    )
