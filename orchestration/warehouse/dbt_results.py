"""What dbt said of its tests, kept beside the build for the gates: name, status, severity and count of each data test.

Judges nothing; a test that did not finish is written as it is.
"""

from pathlib import Path
from typing import Any

from orchestration.settings import Settings, write_json_atomic


def tests_file(settings: Settings, cycle: str) -> Path:
    """build/<cycle>.dbt_tests.json."""
    return settings.build / f"{cycle}.dbt_tests.json"


def write_test_results(
    settings: Settings, cycle: str, run_id: str, manifest: dict[str, Any], run_results: dict[str, Any]
) -> dict[str, int]:
    """Write the outcome of every data test of the manifest and return how many ended in which status.

    A test of the manifest that dbt did not run counts as ``skipped``.
    """
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
