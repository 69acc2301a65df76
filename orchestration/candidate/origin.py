"""Whether the build that lies there is the one that a candidate or release was made of."""

import json

from orchestration.candidate.manifest import Manifest
from orchestration.settings import Settings


def other_build(settings: Settings, manifest: Manifest) -> str:
    """In what the cycle's build differs from what the release was made of; empty when in nothing."""
    try:
        record = json.loads((settings.build / f"{manifest.cycle}.json").read_text(encoding="utf-8"))
        found = {(one["source"], one["cycle"], one["digest"]) for one in record["deliveries"]}
        code, seeds = record["code_version"], record["seeds_digest"]
    except (OSError, ValueError, KeyError, TypeError):
        return "it is missing or not finished"
    differing = {
        "deliveries": found != {(one.source, one.cycle, one.digest) for one in manifest.deliveries},
        "code": code != manifest.code_version,
        "seeds": seeds != manifest.seeds_digest,
    }
    return ", ".join(f"other {name}" for name, differs in differing.items() if differs)
