"""The statement: what people sign, and what makes two candidates the same. Pure.

It holds the cycle, the code version, the digests of contract, rules, seeds and deliveries, rows and content digests of
every data set, the gate results and the verdict. No times, no file bytes, no release number: the same cycle run again
to the same content has the same statement.
"""

import hashlib
import json
from typing import Any

from orchestration.candidate.manifest import Manifest


def canonical_json(value: Any) -> bytes:
    """JSON with sorted keys, no blanks, UTF-8: the bytes that digests and signatures are over."""
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False).encode()


def statement_of(manifest: Manifest) -> dict[str, Any]:
    """The statement over a candidate or release, read off the rest of its manifest."""
    return {
        "cycle": manifest.cycle,
        "code_version": manifest.code_version,
        "contract": manifest.contract.digest,
        "rules": manifest.rules.digest,
        "seeds": manifest.seeds_digest,
        "deliveries": [delivery.model_dump(exclude={"files"}) for delivery in manifest.deliveries],
        "data_sets": {
            name: {"rows": data_set.rows, "content_digest": data_set.content_digest}
            for name, data_set in manifest.data_sets.items()
        },
        "gate_results": [result.model_dump() for result in manifest.gate_results],
        "passed": manifest.passed,
    }


def statement_sha256(statement: dict[str, Any]) -> str:
    """sha256 of a statement's canonical JSON, lower-case hex."""
    return hashlib.sha256(canonical_json(statement)).hexdigest()
