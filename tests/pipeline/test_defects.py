"""Every gate is tripped by a defect, and a defect trips its gates and no others: the matrix of docs/simulation.md.

The matrix runs in December, on a released November, by the real ingestion and the compiled models (tests/gated.py);
one run with several defects goes through Dagster, dbt and Great Expectations.
"""

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from orchestration.gates.evidence import evaluate_candidate
from orchestration.gates.limits import limits_in_force
from orchestration.settings import Settings
from simulation.clock import Month
from simulation.defects.catalogue import DEFECTS, GUARDS, REFUSED_FIRST
from tests.gated import copied, failing, release
from tests.models import Models
from tests.simulated import deliver

pytestmark = pytest.mark.pipeline

DECEMBER = Month.parse("2025-12")
FAMILIES = 20_000
#: Defects of every kind; the others only in `make test-all`.
FEW = (
    "file_cut",
    "families_left_out",
    "list_rows_left_out",
    "ranking_jumps",
    "not_eligible_everywhere",
    "bad_values:dtsen_individu",
    "repeated_rows:usulan",
    "csv_not_utf8",
    "csv_semicolons",
)


@pytest.fixture(scope="module")
def models(tmp_path_factory: pytest.TempPathFactory) -> Models:
    return Models(tmp_path_factory.mktemp("compiled"))


@pytest.fixture(scope="module")
def november(tmp_path_factory: pytest.TempPathFactory, models: Models) -> Path:
    """November, built and released."""
    lake = deliver(tmp_path_factory.mktemp("november"), FAMILIES)
    settings = Settings(lake=lake)
    assert failing(settings, "2025-11", models) == set()
    release(settings, "2025-11")
    return lake


@pytest.fixture
def lake(tmp_path: Path, november: Path) -> Iterator[Path]:
    yield copied(november, tmp_path / "lake").lake


def test_every_gate_has_its_defect_or_guards_our_own_code() -> None:
    gates = {limit.gate for limit in limits_in_force("2025-12")}
    tripped = {gate for defect in DEFECTS.values() for gate in defect.trips}
    assert tripped | {*GUARDS, REFUSED_FIRST} == gates
    assert not tripped & {*GUARDS, REFUSED_FIRST}


def test_without_defects_every_gate_passes(lake: Path, models: Models) -> None:
    deliver(lake, FAMILIES, cycle=DECEMBER)
    assert failing(Settings(lake=lake), "2025-12", models) == set()


@pytest.mark.parametrize(
    "name", [name if name in FEW else pytest.param(name, marks=pytest.mark.exhaustive) for name in DEFECTS]
)
def test_a_defect_trips_its_gates_and_no_others(name: str, lake: Path, models: Models) -> None:
    defect, kind = DEFECTS[name], "csv" if DEFECTS[name].needs == "csv" else "parquet"
    if defect.families > FAMILIES:  # a regency must be large to be judged: a nation of its own, without a release
        lake = lake.with_name("larger")
    deliver(lake, max(defect.families, FAMILIES), cycle=DECEMBER, defects=[name], kind=kind)
    assert failing(Settings(lake=lake), "2025-12", models) == set(defect.trips)


@pytest.mark.timeout(900)
def test_a_run_with_several_defects_fails_all_their_gates(tmp_path: Path) -> None:
    names = ["families_unmatched", "orphans", "list_rows_of_no_family", "bad_values:hasil_salur", "nik_of_head"]
    lake = deliver(tmp_path / "lake", FAMILIES, defects=names)
    environment = {**os.environ, "MUTAKHIR_LAKE": str(lake), "DAGSTER_HOME": str(tmp_path / "home")}
    command = [str(Path(sys.executable).with_name("mutakhir")), "run", "--cycle", "2025-11"]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 1, done.stdout
    verdict = evaluate_candidate(Settings(lake=lake), "2025-11")
    assert {result.gate for result in verdict.blocking} == {gate for name in names for gate in DEFECTS[name].trips}
