"""The bare core of benchmarks/peers decides as the platform does: else it would be no floor, and no yardstick."""

from collections.abc import Iterator
from pathlib import Path

import duckdb
import pyarrow.dataset as ds
import pytest

from benchmarks.peers.on_duckdb import run
from benchmarks.peers.rules import rules_of
from benchmarks.peers.task import RESULTS, Task
from orchestration.contracts.sources import SOURCES
from tests.deliveries import Row
from tests.models import Models
from tests.simulated import NOVEMBER, deliver

FAMILIES = 1500
DEFECTS = (
    "orphans=0.02",
    "families_unmatched=0.02",
    "dead_heads=0.1",
    "nik_of_head=0.02",
    "nik_of_another_family=0.2",
    "nik_serial_zero=0.02",
    "nik_no_such_day=0.02",
    "nik_letter=0.02",
    "repeated_rows:dtsen_keluarga=0.02",
    "repeated_rows:dtsen_individu=0.02",
    "repeated_rows:kemensos_penerima=0.02",
)
CONTRADICTIONS = {
    "dtsen_keluarga": "coalesce(desil_nasional, 2) % 10 + 1 as desil_nasional",
    "dtsen_individu": "case jenis_kelamin when 'P' then 'L' else 'P' end as jenis_kelamin",
    "kemensos_penerima": "case status when 'AKTIF' then 'CALON' else 'AKTIF' end as status",
}
DECISIONS = """
    select
        programme, family_id, decision, case when decision in ('remove', 'hold') then primary_reason end,
        cast(review as integer), quarterly_amount_idr, payee_person_id, selection_round, selection_rank
    from lists.decisions
"""


@pytest.fixture(scope="module")
def landing(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Deliveries with more anomalies than are ever delivered, rows that contradict each other among them."""
    lake = deliver(tmp_path_factory.mktemp("lake"), FAMILIES, defects=DEFECTS)
    folder = lake / "landing" / NOVEMBER.key
    for source, change in CONTRADICTIONS.items():
        rows = f"select * replace ({change}) from '{folder}/{source}/*.parquet' order by all limit 40"
        duckdb.execute(f"copy ({rows}) to '{folder}/{source}/contradictions.parquet'")
    return folder


def delivered(landing: Path) -> Iterator[Row]:
    """The delivered rows as text, as the contract reads them."""
    for source in SOURCES:
        for path in sorted((landing / source).rglob("*.parquet")):
            for number, values in enumerate(ds.dataset(path).to_table().to_pylist(), start=1):
                texts = {name: None if value is None else str(value) for name, value in values.items()}
                yield Row(source, NOVEMBER.key, str(path), number, texts)


@pytest.mark.slow
def test_it_decides_as_the_models_do(models: Models, landing: Path, tmp_path: Path) -> None:
    run(Task(landing, tmp_path, 1, rules_of(NOVEMBER.key)))
    connection = models.run(delivered(landing), NOVEMBER.key)
    ours = f"select {', '.join(RESULTS['decisions'])} from '{tmp_path / 'decisions.parquet'}'"
    for one, other in ((ours, DECISIONS), (DECISIONS, ours)):
        assert connection.execute(f"({one}) except all ({other}) limit 5").fetchall() == []
    met = connection.execute("select distinct criterion from lists.decision_evidence").fetchall()
    assert {criterion for (criterion,) in met} >= {
        "ASN", "NO_LIVING_MEMBER", "OUT_OF_DECILE", "SURVEY_NOT_ELIGIBLE", "MEMBERS_INCOMPLETE", "NOT_IN_REGISTRY",
        "LIST_ROW_REJECTED", "NIK_UNMATCHED", "DUPLICATE_NIK", "MOVED", "PAYMENT_FAILING",
    }  # fmt: skip
