"""What each mart and column means, in words: the dbt descriptions, and those of gate_results, which the gates write.

Says it for tools that show comments; decides nothing.
"""

from dataclasses import dataclass
from typing import Final

import yaml

from orchestration.settings import DBT_PROJECT_DIR


@dataclass(frozen=True)
class Described:
    """A mart in one paragraph, and its columns in a sentence each."""

    mart: str
    columns: dict[str, str]


_GATE_RESULTS: Final = Described(
    "One row per gate: what it measured against its limits, as it was sealed with the candidate.",
    {
        "cycle": "The cycle, YYYY-MM",
        "gate": "Gate (docs/gates.md)",
        "tool": "Who judged: dbt, gx (Great Expectations), or both",
        "value": "What was measured; null when there was nothing to compare with",
        "lower": "Lowest value that passes; null when there is none",
        "upper": "Highest value that passes; null when there is none",
        "severity": "block: no release while it fails; warn: shown alone",
        "passed": "Whether the value is within the limits",
        "detail": "The result in words",
    },
)


def descriptions() -> dict[str, Described]:
    """By mart; a mart of an older release that the project no longer has is not there."""
    text = (DBT_PROJECT_DIR / "models" / "marts" / "_marts.yml").read_text(encoding="utf-8")
    found = {
        model["name"]: Described(
            model["description"].strip(),
            {column["name"]: column["description"].strip() for column in model["columns"]},
        )
        for model in yaml.safe_load(text)["models"]
    }
    return {**found, "gate_results": _GATE_RESULTS}
