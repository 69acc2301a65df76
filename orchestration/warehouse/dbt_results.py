"""What dbt left: the rows of its models, and what it said of its tests, kept beside the build for the gates.

Judges nothing; a test that did not finish is written as it is.
"""

import json
from pathlib import Path

from orchestration.settings import Settings, write_json_atomic


def tests_file(settings: Settings, cycle: str) -> Path:
    """build/<cycle>.dbt_tests.json."""
    return settings.build / f"{cycle}.dbt_tests.json"


def read_row_counts(file: Path) -> dict[str, int]:
    """Rows of every table that the models made, by name; views have none. macros/row_counts.sql wrote the file."""
    tables = json.loads(file.read_bytes())
    return {table["table_name"]: table["row_count"] for table in tables}


def write_test_results(settings: Settings, cycle: str, run_id: str, target: Path) -> dict[str, int]:
    """Write name, status, severity and count of every data test; return how many ended in which status.

    ``target``: where dbt left the artifacts of the tests. One of the manifest that dbt did not run is ``skipped``.
    """
    manifest, run_results = (json.loads((target / f"{name}.json").read_bytes()) for name in ("manifest", "run_results"))
    outcomes = {result["unique_id"]: result for result in run_results["results"]}
    tests = []
    for unique_id, node in manifest["nodes"].items():
        if node["resource_type"] != "test" or not node["config"].get("enabled", True):
            continue
        outcome = outcomes.get(unique_id, {})
        tests.append(
            {
                "name": node["name"],
                "status": outcome.get("status", "skipped"),
                "severity": str(node["config"].get("severity", "error")).lower(),
                "failures": outcome.get("failures"),
            }
        )
    write_json_atomic(
        tests_file(settings, cycle), {"run_id": run_id, "tests": sorted(tests, key=lambda test: test["name"])}
    )
    statuses = [test["status"] for test in tests]
    return {status: statuses.count(status) for status in sorted(set(statuses))}
