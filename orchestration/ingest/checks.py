"""The contract check of each source: its Pandera schema's outcome as a Dagster check.

It does not block the run: the verdict judges it with the other gates. What a schema asks stands in contracts/.
"""

import dagster as dg

from orchestration.contracts.sources import Source
from orchestration.ingest.records import IngestedSource


def contract_check(source: Source) -> dg.AssetCheckSpec:
    """The check ``contract_<source>`` on the raw asset."""
    return dg.AssetCheckSpec(
        name=f"contract_{source.name}",
        asset=dg.AssetKey(["raw", source.name]),
        description="Pandera: required columns and types; no column breaks its domain in more rows than the limit",
        blocking=False,
    )


def contract_outcome(ingested: IngestedSource) -> dg.AssetCheckResult:
    """The check's result: shares of breaking rows by column, never a value of a row."""
    contract = ingested.contract
    return dg.AssetCheckResult(
        check_name=f"contract_{ingested.source}",
        passed=contract is None or contract.passed,
        severity=dg.AssetCheckSeverity.ERROR,
        metadata={
            "limit": contract.limit if contract else None,
            "shares": {column.column: column.share for column in contract.columns if column.broken} if contract else {},
        },
    )
