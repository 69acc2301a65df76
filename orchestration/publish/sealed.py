"""The sealed candidate as people sign it and publishing takes it: its manifest, after every digest was taken again."""

from pathlib import Path

from orchestration.candidate.check import content_problems, file_problems, statement_problems
from orchestration.candidate.manifest import Manifest, ManifestDamaged, read_manifest
from orchestration.candidate.statement import canonical_json
from orchestration.candidate.write import ORIGIN, candidate_folder
from orchestration.engine import engine
from orchestration.settings import Settings


class PublishRefused(RuntimeError):
    """Nothing was published or signed, the current release is as it was: what is wrong, where, what to do."""

    def __init__(self, what: str, where: Path | str, todo: str) -> None:
        """``todo`` is a sentence or a command."""
        super().__init__(f"{what} ({where}). {todo}")
        self.what, self.where, self.todo = what, where, todo


def sound_candidate(settings: Settings, cycle: str) -> Manifest:
    """The manifest of the cycle's candidate, which holds what was sealed. Raises PublishRefused."""
    folder = candidate_folder(settings, cycle)
    run_again = f"`mutakhir run --cycle {cycle}`"
    if not folder.is_dir():
        raise PublishRefused(f"cycle {cycle} has no candidate", folder, run_again)
    try:
        manifest, _ = read_manifest(folder)
    except FileNotFoundError:
        raise PublishRefused("the candidate is not sealed: its gates did not finish", folder, run_again) from None
    except ManifestDamaged as error:
        raise PublishRefused(str(error), folder, run_again) from error
    problems = statement_problems(manifest) + file_problems(folder, manifest, beside={ORIGIN})
    if manifest.cycle != cycle or manifest.release is not None:
        problems.append("the manifest is of another cycle or of a release")
    if not problems:
        with engine(settings) as connection:
            problems = content_problems(connection, folder, manifest)
    if problems:
        raise PublishRefused(f"the candidate is not what was sealed: {'; '.join(problems)}", folder, run_again)
    return manifest


def refuse_blocked(manifest: Manifest, folder: Path) -> None:
    """Raises PublishRefused when the sealed verdict blocks the candidate."""
    if not manifest.passed:
        failed = [gate.detail for gate in manifest.gate_results if gate.severity == "block" and not gate.passed]
        raise PublishRefused(
            " ".join(["the gates blocked this candidate.", *failed]),
            folder,
            f"Mend what they name, then `mutakhir run --cycle {manifest.cycle}`.",
        )


def signable_statement(settings: Settings, cycle: str) -> bytes:
    """What people sign of the cycle's candidate, if its gates passed: its statement's canonical JSON.

    Raises PublishRefused.
    """
    manifest = sound_candidate(settings, cycle)
    refuse_blocked(manifest, candidate_folder(settings, cycle))
    return canonical_json(manifest.statement)
