"""Which data sets a candidate and a release hold: columns, types, order of rows, where they come from and go.

The four lists are laid down here; the marts are whatever the schema ``marts`` of the build holds, and gate_results,
which the gates deliver. Writes nothing.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from orchestration.engine import literal

_TEXT, _COUNT, _FLAG, _DATE, _SHARE = "VARCHAR", "BIGINT", "BOOLEAN", "DATE", "DOUBLE"

AS_PARQUET = "(format parquet, compression zstd, compression_level 1)"
"""How COPY writes every data set; of zstd the fast level, with which the files are smaller here (docs/scaling.md)."""


@dataclass(frozen=True)
class DataSet:
    """One data set.

    ``columns`` are in the order in which the content digest reads them. ``partitioned`` ones lie in one folder per
    programme: ``programme`` keeps its place among the columns (and in the digest) but is in no file, only in the path.
    ``provenance`` columns say which delivery a row came from, not what it says: the same rows in other deliveries or
    files are the same content, so they stay out of the content digest (the files' sha256 covers them).
    ``order_by`` may name a column of the table that is not exported.
    """

    name: str
    table: str
    columns: dict[str, str]
    order_by: tuple[str, ...]
    partitioned: bool = True
    provenance: frozenset[str] = field(default_factory=frozenset)

    @property
    def content_columns(self) -> list[str]:
        """Columns that the content digest covers, in order."""
        return [name for name in self.columns if name not in self.provenance]

    @property
    def stored_columns(self) -> list[str]:
        """Columns that the files hold, in order."""
        return [name for name in self.columns if not (self.partitioned and name == "programme")]


LISTS = (
    DataSet(
        name="decisions",
        table="lists.decisions",
        order_by=("regency_code", "family_id"),
        columns={
            "cycle": _TEXT,
            "programme": _TEXT,
            "family_id": _TEXT,
            "province_code": _TEXT,
            "regency_code": _TEXT,
            "district_code": _TEXT,
            "village_code": _TEXT,
            "welfare_decile": _COUNT,
            "welfare_rank": _COUNT,
            "priority_class": _COUNT,
            "previous_status": _TEXT,
            "decision": _TEXT,
            "primary_reason": _TEXT,
            "reasons": _TEXT,
            "review": _FLAG,
            "new_status": _TEXT,
            "payable": _FLAG,
            "on_work_list": _FLAG,
            "quarterly_amount_idr": _COUNT,
            "payee_person_id": _TEXT,
            "selection_round": _TEXT,
            "selection_rank": _COUNT,
            "replaces_family_id": _TEXT,
        },
    ),
    DataSet(
        name="waiting_list",
        table="lists.waiting_list",
        order_by=("regency_code", "family_id"),
        columns={
            "cycle": _TEXT,
            "programme": _TEXT,
            "family_id": _TEXT,
            "regency_code": _TEXT,
            "position_in_regency": _COUNT,
        },
    ),
    DataSet(
        name="next_list",
        table="lists.next_list",
        order_by=("regency_code", "family_id"),
        columns={
            "programme": _TEXT,
            "family_id": _TEXT,
            "status": _TEXT,
            "listed_since": _DATE,
            "channel": _TEXT,
            "village_code": _TEXT,
            "payable": _FLAG,
            "payee_person_id": _TEXT,
            "quarterly_amount_idr": _COUNT,
        },
    ),
    DataSet(
        name="evidence",
        table="lists.decision_evidence",
        order_by=("regency_code", "family_id", "criterion"),
        columns={
            "cycle": _TEXT,
            "programme": _TEXT,
            "family_id": _TEXT,
            "criterion": _TEXT,
            "action": _TEXT,
            "evidence_date": _DATE,
            "source": _TEXT,
            "delivery_digest": _TEXT,
            "cleared": _FLAG,
            "cleared_by": _TEXT,
        },
        provenance=frozenset({"delivery_digest"}),
    ),
)


def mart(name: str, columns: dict[str, str]) -> DataSet:
    """A mart of the build: one file, all columns are content, rows in order of all columns."""
    return DataSet(f"marts/{name}", f"marts.{name}", columns, order_by=tuple(columns), partitioned=False)


GATE_RESULTS = mart(
    "gate_results",
    {
        "cycle": _TEXT,
        "gate": _TEXT,
        "tool": _TEXT,
        "value": _SHARE,
        "lower": _SHARE,
        "upper": _SHARE,
        "severity": _TEXT,
        "passed": _FLAG,
        "detail": _TEXT,
    },
)


def paths_of(name: str, paths: Iterable[str]) -> list[str]:
    """Those of ``paths`` (POSIX, relative to a candidate or release) that are files of the data set, sorted."""
    return sorted(path for path in paths if path == f"{name}.parquet" or path.startswith(f"{name}/"))


def parquet_relation(paths: Sequence[Path]) -> str:
    """SQL after FROM that reads Parquet files as one, columns by name; ``programme`` comes from the path, if there."""
    files = ", ".join(literal(path) for path in paths)
    partitioned = all(path.parent.name.startswith("programme=") for path in paths)
    hive = "true, hive_types = {'programme': VARCHAR}" if partitioned else "false"
    return f"read_parquet([{files}], union_by_name = true, hive_partitioning = {hive})"
