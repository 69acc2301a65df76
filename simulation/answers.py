"""The answer key: what was simulated for a cycle, and how often each defect is in it; `simulation/<cycle>.json`.

It lies in the lake beside the deliveries, where no delivery is looked for. `--next` goes on from the newest.
"""

import json
import os
from collections import Counter
from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from pathlib import Path

from simulation.clock import Month
from simulation.defects.catalogue import DEFECTS
from simulation.defects.everyday import EVERYDAY
from simulation.deliveries import make_private
from simulation.plan import Plan


@dataclass(frozen=True)
class Answer:
    """A defect as it was made: of what its share is, how many were spoilt, and which gates must fail for it."""

    name: str
    what: str
    of: str
    share: float
    spoilt: int
    trips: tuple[str, ...] = ()


def on_demand(spoilt: Mapping[str, int], plan: Plan) -> list[Answer]:
    """The answers about the defects asked for. Gates are named where the share is the default or more."""
    answers = []
    for name, share in plan.defects:
        defect = DEFECTS[name]
        trips = defect.trips if share >= defect.share else ()
        answers.append(Answer(name, defect.what, defect.of, share, spoilt[name], trips))
    return answers


def everyday(counts: Counter[str]) -> list[Answer]:
    """The answers about the anomalies that every delivery has."""
    return [Answer(name, what, of, share, counts[name]) for name, (what, of, share) in EVERYDAY.items()]


def write(lake: Path, plan: Plan, kind: str, answers: list[Answer]) -> Path:
    """Write the answer key of the plan's cycle; only its owner may read it."""
    path = _folder(lake) / f"{plan.cycle.key}.json"
    make_private(path.parent)
    known = {"cycle": plan.cycle.key, "families": plan.families, "seed": plan.seed, "clean": plan.clean, "format": kind}
    draft = path.with_suffix(".draft")
    draft.touch(mode=0o600)
    draft.write_text(json.dumps(known | {"defects": [asdict(answer) for answer in answers]}, indent=1) + "\n", "utf-8")
    os.replace(draft, path)
    return path


def newest(lake: Path) -> tuple[Plan, str]:
    """The plan, without its defects, and the format of the newest cycle that was simulated in this lake.

    Raises FileNotFoundError when none was, ValueError when the newest answer key cannot be read.
    """
    keys = sorted(_folder(lake).glob("20??-??.json"))
    if not keys:
        raise FileNotFoundError(f"nothing was simulated in {lake} yet; name --families and --cycle")
    try:
        known = json.loads(keys[-1].read_text("utf-8"))
        return Plan(known["families"], Month.parse(known["cycle"]), known["seed"], known["clean"]), known["format"]
    except (KeyError, TypeError, ValueError) as error:
        raise ValueError(f"{keys[-1]} does not say what was simulated: {error}") from error


def following(lake: Path) -> tuple[Plan, str]:
    """The same of the cycle after that one. Raises as well ValueError when no cycle follows it."""
    plan, kind = newest(lake)
    return replace(plan, cycle=Month.parse((plan.cycle + 1).key)), kind


def _folder(lake: Path) -> Path:
    return lake / "simulation"
