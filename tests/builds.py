"""Small builds by hand: real DuckDB files with the schemas that a candidate reads, and candidates made from them.

The rows are made up to show order, partitions and empty tables; no rule of the decision rules is meant by them.
"""

import shutil
import subprocess
import sys
from collections.abc import Iterator, Sequence
from itertools import count
from typing import Any

import duckdb

from orchestration.candidate.manifest import GATE_EVIDENCE, Manifest
from orchestration.candidate.seal import seal, unseal
from orchestration.candidate.write import write_candidate
from orchestration.gates.verdict import GateResult, Verdict
from orchestration.settings import PROJECT_ROOT, Settings, private_dir, write_json_atomic
from tests.killed import DEATH

Row = Sequence[Any]

DECISIONS = """cycle varchar, programme varchar, family_id varchar, province_code varchar, regency_code varchar,
    district_code varchar, village_code varchar, welfare_decile integer, welfare_rank bigint, priority_class integer,
    previous_status varchar, decision varchar, primary_reason varchar, reasons varchar, review boolean,
    new_status varchar, payable boolean, on_work_list boolean, quarterly_amount_idr bigint, payee_person_id varchar,
    selection_round varchar, selection_rank bigint, replaces_family_id varchar"""
WAITING_LIST = """cycle varchar, programme varchar, family_id varchar, regency_code varchar,
    position_in_regency bigint"""
NEXT_LIST = """programme varchar, family_id varchar, status varchar, listed_since date, channel varchar,
    village_code varchar, payable boolean, payee_person_id varchar, quarterly_amount_idr bigint, regency_code varchar"""
EVIDENCE = """cycle varchar, programme varchar, family_id varchar, criterion varchar, action varchar,
    evidence_date date, source varchar, delivery_digest varchar, cleared boolean, cleared_by varchar,
    regency_code varchar"""

PASSING = (
    {"gate": "quota_respected", "tool": "dbt", "value": 0.0, "lower": None, "upper": 0.0, "severity": "block"},
    {"gate": "hold_rate", "tool": "GX", "value": 0.025, "lower": None, "upper": 0.1, "severity": "block"},
    {"gate": "decile_balance", "tool": "GX", "value": 0.13, "lower": 0.08, "upper": 0.12, "severity": "warn"},
)


def passes(settings: Settings, cycle: str) -> Verdict:
    """A verdict evaluated anew that passes."""
    return Verdict((), True)


def blocks(settings: Settings, cycle: str) -> Verdict:
    """A verdict evaluated anew that blocks."""
    failed = GateResult("hold_rate", "gx", 0.025, None, 0.01, "block", False, "3201", "hold_rate is 2.5 %.")
    return Verdict((failed,), False)


def make_build(
    settings: Settings,
    cycle: str = "2025-11",
    run_id: str = "run-1",
    families: Sequence[tuple[str, str, str | None]] = (
        ("PKH", "F-3", "3201"),
        ("PKH", "F-1", "3201"),
        ("PKH", "F-9", None),
        ("PKH", "F-2", "1101"),
        ("SEMBAKO", "F-1", "3201"),
    ),
    delivery_digest: str = "d1",
    amount: int = 600_000,
) -> None:
    """Write build/<cycle>.duckdb and .json: every (programme, family, regency) kept, with one row of evidence each."""
    private_dir(settings.build)
    path = settings.build / f"{cycle}.duckdb"
    path.unlink(missing_ok=True)
    with duckdb.connect(str(path)) as connection:
        connection.execute(f"""
            create schema lists;
            create schema marts;
            create table lists.decisions ({DECISIONS});
            create table lists.waiting_list ({WAITING_LIST});
            create table lists.next_list ({NEXT_LIST});
            create table lists.decision_evidence ({EVIDENCE});
            create table marts.cycle_funnel (cycle varchar, programme varchar, listed bigint, share decimal(9, 4));
            create table marts.removal_reasons (cycle varchar, programme varchar, criterion varchar, families bigint);
            create view marts.dim_cycle as select '{cycle}' as cycle, date '{cycle}-17' as cutoff;
        """)
        for programme, family, regency in families:
            connection.execute(
                "insert into lists.decisions by name select ? as cycle, ? as programme, ? as family_id, "
                "? as regency_code, 2 as welfare_decile, 'active' as previous_status, 'keep' as decision, "
                "false as review, 'active' as new_status, true as payable, ? as quarterly_amount_idr",
                [cycle, programme, family, regency, amount],
            )
            connection.execute(
                "insert into lists.next_list by name select ? as programme, ? as family_id, 'active' as status, "
                "date '2024-02-29' as listed_since, true as payable, ? as quarterly_amount_idr, ? as regency_code",
                [programme, family, amount, regency],
            )
            for criterion in ("UNRANKED", "MOVED"):
                connection.execute(
                    "insert into lists.decision_evidence by name select ? as cycle, ? as programme, ? as family_id, "
                    "? as criterion, 'review' as action, date '2025-11-17' as evidence_date, "
                    "'dtsen_keluarga' as source, ? as delivery_digest, false as cleared, ? as regency_code",
                    [cycle, programme, family, criterion, delivery_digest, regency],
                )
        connection.execute(
            "insert into marts.cycle_funnel "
            "select cycle, programme, count(*), 0.2500 from lists.decisions group by cycle, programme"
        )
    build = {
        "run_id": run_id,
        "code_version": "0.1.0+0123456789abcdef",
        "seeds_digest": "5eed",
        "deliveries": [
            {
                "source": source,
                "cycle": cycle,
                "batch": "",
                "digest": f"{delivery_digest}-{source}",
                "files": [{"name": "part-0.parquet", "sha256": "ab" * 32, "rows": 3}],
            }
            for source in ("kemensos_penerima", "dtsen_keluarga")
        ],
    }
    write_json_atomic(settings.build / f"{cycle}.json", build)


def seal_candidate(settings: Settings, cycle: str = "2025-11", passed: bool = True) -> Manifest:
    """Do what the gates do after the candidate is written: store the evidence, bring the results, seal."""
    folder = unseal(settings, cycle)
    write_json_atomic(folder / GATE_EVIDENCE, {"hold_rate": 0.025})
    results = [
        {**row, "cycle": cycle, "passed": passed and row["severity"] == "block", "detail": "as measured"}
        for row in PASSING
    ]
    return seal(settings, cycle, results, passed)


def make_candidate(settings: Settings, cycle: str = "2025-11", passed: bool = True, **build: Any) -> Manifest:
    """A sealed candidate of a new build; ``build`` as for make_build."""
    make_build(settings, cycle, **build)
    write_candidate(settings, cycle, build.get("run_id", "run-1"))
    return seal_candidate(settings, cycle, passed)


def copies(settings: Settings) -> Iterator[Settings]:
    """The lake again and again, as it is now, each copy in a folder of its own."""
    for number in count(1):
        yield Settings(lake=shutil.copytree(settings.lake, settings.lake.with_name(f"{settings.lake.name}-{number}")))


def run_killed(settings: Settings, action: str, argument: str, event: str, at: int) -> bool:
    """Do ``action`` in a process of its own that dies just before its ``at``-th ``event`` on the lake's folders.

    ``event`` is one of Python's audit events. Returns whether it died; False: it came to its end.
    """
    command = [sys.executable, "-m", "tests.killed", str(settings.lake), action, argument, event, str(at)]
    done = subprocess.run(command, cwd=PROJECT_ROOT, capture_output=True, text=True, check=False)
    assert done.returncode in (0, DEATH), done.stderr
    return done.returncode == DEATH
