"""Deliveries that must not be published: beyond the limits of the gates, and not what was agreed."""

import csv

import pytest

from orchestration.candidate.manifest import read_manifest
from orchestration.settings import SEEDS_DIR
from tests.pipeline.platform import Platform
from tests.pipeline.story import NOVEMBER, Blocked, Refused
from tests.pipeline.tampered import PLANTED
from tests.receiver import Receiver

pytestmark = pytest.mark.pipeline

TRIPPED = ("removal_rate", "rejected_share_dtsen_individu", "contract_dtsen_individu", "unlisted_rows")


def advice(gate: str) -> str:
    with (SEEDS_DIR / "gate_limits.csv").open(encoding="utf-8", newline="") as file:
        return next(row["advice"] for row in csv.DictReader(file) if row["gate"] == gate)


def gate_table(output: str) -> dict[str, list[str]]:
    """The rows of the table by their first cell, cells that are broken into lines in one piece."""
    rows: list[list[str]] = []
    for line in output.splitlines():
        if line.startswith("│"):
            cells = [cell.strip() for cell in line.strip("│").split("│")]
            if cells[0]:
                rows.append(cells)
            else:
                rows[-1] = [f"{above} {below}".strip() for above, below in zip(rows[-1], cells, strict=True)]
    return {row[0]: row[1:] for row in rows}


def test_a_blocked_run_shows_what_failed_by_how_much_where_and_what_to_do(platform: Platform, blocked: Blocked) -> None:
    assert blocked.run.returncode == 1
    rows = gate_table(blocked.run.stdout)
    results = {
        gate.gate: gate
        for gate in read_manifest(platform.settings.candidates / NOVEMBER)[0].gate_results
        if not gate.passed
    }
    assert rows.keys() == results.keys() >= set(TRIPPED)
    for gate in TRIPPED:
        blocks, value, limit, message = rows[gate]
        assert (blocks, limit) == ("yes", f"<= {results[gate].upper:.6g}")
        assert float(value) == pytest.approx(results[gate].value, rel=1e-5)
        assert float(value) > float(results[gate].upper or 0)
        assert "above the upper limit" in message and message.endswith(advice(gate))
    assert "worst in jenis_kelamin" in rows["contract_dtsen_individu"][-1]
    assert "worst in bad_code" in rows["rejected_share_dtsen_individu"][-1]


def test_its_candidate_is_written_and_sealed_as_blocked(platform: Platform, blocked: Blocked) -> None:
    folder = platform.settings.candidates / NOVEMBER
    manifest = read_manifest(folder)[0]
    assert not manifest.passed
    assert manifest.data_sets["decisions"].rows > 0
    assert all((folder / path).is_file() for path in manifest.all_files())


@pytest.mark.parametrize("way", ["command", "job"])
def test_it_cannot_be_published_by_anybody(blocked: Blocked, way: str) -> None:
    if way == "command":
        assert blocked.publish.returncode == 1
        said = blocked.publish.stderr
    else:
        assert list(blocked.job_says) == ["release"]
        said = blocked.job_says["release"]
    assert "not published: the gates blocked this candidate." in said
    for gate in TRIPPED:
        assert f"{gate} is " in said


def test_what_is_published_stays_byte_for_byte(blocked: Blocked) -> None:
    assert blocked.published_before == blocked.published_after
    assert any(path.endswith("bi/marts.duckdb") for path in blocked.published_before)


def test_a_refused_delivery_names_file_and_cause(refused: Refused) -> None:
    """Every refused source is told, each with all of its problems; the gates are not reached."""
    assert refused.run.returncode == 1
    said = refused.run.stderr
    for source, cause in (
        ("dtsen_individu", "part-01.csv: its digest is not the one in delivery.json"),
        ("kuota_program", "part-01.csv: rows rejected as bad_code: 1"),
        ("register_pengecualian", f"landing/{NOVEMBER}/register_pengecualian: has not arrived"),
        ("sanggahan", "delivery.json: contract_version: "),
    ):
        problems = said.split(f"raw__{source}: the delivery of {source} is refused:")[1].split("raw__")[0]
        assert cause in problems
    assert said.count("is refused:") == 4
    assert "Gates of" not in refused.run.stdout


def test_a_refused_delivery_leaves_nothing_behind(platform: Platform, refused: Refused) -> None:
    """Nothing in raw, and candidate, releases and BI file are those from before."""
    assert refused.after == refused.before
    assert not [path for path in platform.settings.raw.rglob("*.partial")]
    records = {path.stem for path in (platform.settings.build / f"{NOVEMBER}.ingest").iterdir()}
    assert not records & {"dtsen_individu", "kuota_program", "register_pengecualian", "sanggahan"}
    assert "dtsen_keluarga" in records


def test_people_are_told_of_both_once_and_of_nobody(told: Receiver, blocked: Blocked, refused: Refused) -> None:
    alerts = {alert["title"]: alert["message"] for alert in told.alerts if NOVEMBER in alert["title"]}
    assert [title for title in told.titles if title in alerts] == list(alerts)  # none came twice
    message = alerts.pop(f"Mutakhir: cycle {NOVEMBER} is blocked by its gates")
    for gate in TRIPPED:
        assert f"- {gate} (blocks): {gate} is " in message and advice(gate) in message
    assert alerts.keys() == {
        f"Mutakhir: cycle {NOVEMBER}: the delivery of {source} is refused"
        for source in ("dtsen_individu", "kuota_program", "register_pengecualian", "sanggahan")
    }
    assert not [value for value in PLANTED if value in str(told.alerts)]
