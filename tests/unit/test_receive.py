"""The way back: which rows of a returned work list land, which are refused and how the office learns it."""

import io
import json
import shutil
import stat
from datetime import date, datetime
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest
from openpyxl import Workbook, load_workbook
from typer.testing import CliRunner

from orchestration.audit import entries
from orchestration.cli import app
from orchestration.distribution.columns import WORK_LIST
from orchestration.distribution.returned import WrongFile, report_path
from orchestration.ingest.delivery import ingest_source
from orchestration.settings import Settings
from tests.regencies import (
    COLUMNS,
    GARUT,
    VISITS,
    fill,
    make_release,
    nik_of,
    save,
    send,
    send_packages,
    why,
)

pytestmark = pytest.mark.slow

SOURCE = "verifikasi_lapangan"
DAY = date(2025, 12, 3)


@pytest.fixture(scope="module")
def sent(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, dict[str, bytes]]:
    """A lake with a release, and the workbooks that two offices received."""
    return send_packages(tmp_path_factory.mktemp("sent"))


@pytest.fixture
def settings(tmp_path: Path, sent: tuple[Path, dict[str, bytes]]) -> Settings:
    return Settings(lake=shutil.copytree(sent[0], tmp_path / "lake"))


@pytest.fixture
def book(sent: tuple[Path, dict[str, bytes]]) -> Workbook:
    return load_workbook(io.BytesIO(sent[1][GARUT]))


def landed(settings: Settings, cycle: str = "2025-12") -> list[dict[str, Any]]:
    """Rows as ingest holds them, of an accepted delivery."""
    ingested = ingest_source(settings, cycle, SOURCE)
    assert ingested.contract is not None and not ingested.contract.failed
    assert all(one.broken == 0 for one in ingested.contract.columns)
    return [
        row for one in ingested.deliveries for file in one.files for row in pq.read_table(file.raw_path).to_pylist()
    ]


def test_good_rows_become_a_delivery_that_ingest_accepts(settings: Settings, book: Workbook) -> None:
    fill(book, "K-WAITS", verified_on=DAY, result="LAYAK", note="  rumah\n  sesuai ")
    fill(book, "K-TWICE", verified_on=datetime(2025, 12, 4, 9, 30), result=" tidak_layak ")
    fill(book, "K-PAID", verified_on="2025-12-05", result="MENOLAK", note=12)
    received = send(settings, book)
    assert (received.accepted, received.refused, received.again) == (3, (), False)
    assert (received.cycle, received.regency, received.release) == ("2025-12", GARUT, "r01")
    assert landed(settings) == [
        {"id_keluarga": family, "tanggal_verifikasi": day, "hasil": result, "alasan": note, "kode_kabupaten": GARUT}
        for family, day, result, note in (
            ("K-PAID", "2025-12-05", "MENOLAK", "12"),
            ("K-TWICE", "2025-12-04", "TIDAK_LAYAK", None),
            ("K-WAITS", "2025-12-03", "LAYAK", "rumah sesuai"),
        )
    ]
    assert received.batch is not None
    assert json.loads((received.batch / "delivery.json").read_text())["sender"] == "regency-3205"
    for path in received.batch.iterdir():
        assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert stat.S_IMODE(received.batch.stat().st_mode) == 0o700


def test_the_same_rows_land_once(settings: Settings, book: Workbook) -> None:
    fill(book, "K-WAITS", verified_on=DAY, result="LAYAK")
    first = send(settings, book)
    again = send(settings, book)
    assert (again.batch, again.again) == (first.batch, True)
    assert len([entry for entry in entries(settings) if entry.action == "receive"]) == 1
    fill(book, "K-TWICE", verified_on=DAY, result="LAYAK")
    more = send(settings, book)
    assert more.batch != first.batch and not more.again
    assert len(landed(settings)) == 3  # the repeated row is superseded in staging


def test_a_kill_before_delivery_json_is_mended_by_receiving_again(settings: Settings, book: Workbook) -> None:
    fill(book, "K-WAITS", verified_on=DAY, result="LAYAK")
    batch = send(settings, book).batch
    assert batch is not None
    (batch / "delivery.json").unlink()
    assert not send(settings, book).again
    assert len(landed(settings)) == 1


def test_bad_rows_are_refused_and_good_ones_land(settings: Settings, book: Workbook) -> None:
    fill(book, "K-OBJECTS", verified_on=DAY, result="LAYAK")
    fill(book, "K-HOLD-NIK", verified_on=date(2025, 11, 16), result="LAYAK")
    fill(book, "K-HOLD-OLD", verified_on=date(2026, 1, 1), result="BAIK")
    fill(book, "K-HOLD-NEW", verified_on="03/12/2025", result="LAYAK")
    fill(book, "K-WAITS", verified_on=DAY, result='=IF(1,"LAYAK")')
    fill(book, "K-TWICE", result="LAYAK", note="x" * 501)
    fill(book, "K-NEW-FAR", verified_on=DAY)
    fill(book, "K-NEW-OWN", verified_on=DAY, result="LAYAK", full_name="=1+1")
    fill(book, "K-PAID", verified_on=DAY, result="LAYAK", note="a\u200eb")
    received = send(settings, book)
    assert received.accepted == 1
    reasons = why(received)
    assert set(reasons) == set(VISITS) - {"K-OBJECTS"}
    assert reasons["K-HOLD-NIK"] == "The date of the visit is outside 2025-11-17 - 2025-12-31."
    assert "outside" in reasons["K-HOLD-OLD"] and "none of the list" in reasons["K-HOLD-OLD"]
    assert reasons["K-HOLD-NEW"] == "The date of the visit is no date."
    assert reasons["K-WAITS"] == reasons["K-NEW-OWN"] == "There is a formula; enter values alone."
    assert "date of the visit is empty" in reasons["K-TWICE"] and "longer than 500" in reasons["K-TWICE"]
    assert reasons["K-NEW-FAR"] == "The result is empty."
    assert reasons["K-PAID"] == "The note has unprintable characters."
    assert [row["id_keluarga"] for row in landed(settings)] == ["K-OBJECTS"]


def test_ids_that_are_not_the_packages_are_refused(settings: Settings, book: Workbook) -> None:
    fill(book, "K-OBJECTS", verified_on=DAY, result="LAYAK", family_id="K-FAR")  # of the regency next door
    fill(book, "K-HOLD-NIK", verified_on=DAY, result="LAYAK", family_id="K-NONE")
    fill(book, "K-HOLD-OLD", verified_on=DAY, result="LAYAK", family_id="K-KEPT")  # ours, but nobody asked
    fill(book, "K-WAITS", verified_on=DAY, result="LAYAK")
    fill(book, "K-HOLD-NEW", verified_on=DAY, result="LAYAK", family_id="K-WAITS")  # ours, of another row
    fill(book, "K-TWICE", verified_on=DAY, result="LAYAK", row_code="00000000")
    fill(book, "K-PAID", verified_on=DAY, result="LAYAK", family_id=None)
    received = send(settings, book)
    reasons = why(received)
    for family in ("K-FAR", "K-NONE", "K-KEPT", ""):
        assert reasons[family] == "This family is not on the work list of this regency."
    for family in ("K-WAITS", "K-TWICE"):
        assert reasons[family].startswith("The family id or the row code was changed")
    assert [row["id_keluarga"] for row in landed(settings)] == ["K-WAITS"]  # the honest row of that family


def test_a_row_that_was_copied_is_refused_twice(settings: Settings, book: Workbook) -> None:
    fill(book, "K-WAITS", verified_on=DAY, result="LAYAK")
    fill(book, "K-TWICE", verified_on=DAY, result="LAYAK")
    sheet = book[WORK_LIST.title]
    copied = next(row for row in sheet.iter_rows(min_row=2, values_only=True) if "K-WAITS" in row)
    sheet.append([*copied[: COLUMNS.index("result")], "MENOLAK", *copied[COLUMNS.index("result") + 1 :]])
    received = send(settings, book)
    assert [(one.family_id, one.row) for one in received.refused] == [("K-WAITS", 6), ("K-WAITS", len(VISITS) + 2)]
    assert [row["id_keluarga"] for row in landed(settings)] == ["K-TWICE"]


def test_the_office_can_read_why(settings: Settings, book: Workbook) -> None:
    fill(book, "K-WAITS", verified_on=DAY, result="LAYAK")
    fill(book, "K-TWICE", verified_on=DAY, result="BAIK")
    received = send(settings, book)
    assert received.report == settings.lake.parent / "garut.xlsx.report.xlsx"
    assert stat.S_IMODE(received.report.stat().st_mode) == 0o600
    rows = list(load_workbook(received.report).active.iter_rows(values_only=True))
    assert rows[2][0] == "Diterima / accepted: 1. Ditolak / refused: 1."
    assert rows[6] == (
        WORK_LIST.title, VISITS.index("K-TWICE") + 2, "K-TWICE",
        "Hasil bukan salah satu dari LAYAK, TIDAK_LAYAK, TIDAK_DITEMUKAN, MENOLAK.", "The result is none of the list.",
    )  # fmt: skip


def test_the_month_it_is_received_in(settings: Settings, book: Workbook) -> None:
    fill(book, "K-WAITS", verified_on=date(2026, 1, 31), result="LAYAK")
    assert send(settings, book).accepted == 0
    received = send(settings, book, "2026-01")
    assert (received.cycle, received.accepted) == ("2026-01", 1)
    assert len(landed(settings, "2026-01")) == 1
    with pytest.raises(WrongFile, match="cannot be received in an earlier one"):
        send(settings, book, "2025-10")


def test_a_release_that_was_corrected_since_is_still_known(settings: Settings, book: Workbook) -> None:
    make_release(settings, reason="a correction")
    fill(book, "K-WAITS", verified_on=DAY, result="LAYAK")
    assert send(settings, book).release == "r01"


def test_the_command_names_no_family(settings: Settings, book: Workbook, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MUTAKHIR_LAKE", str(settings.lake))
    monkeypatch.setenv("COLUMNS", "300")
    fill(book, "K-WAITS", verified_on=DAY, result="LAYAK")
    run = CliRunner().invoke
    path = save(book, settings)
    good = run(app, ["receive", str(path)])
    assert good.exit_code == 0
    assert "Work list of 3205, cycle 2025-11, release r01: accepted 1, refused 0" in good.stdout
    assert "Delivered before, nothing was changed" in run(app, ["receive", str(path)]).stdout
    fill(book, "K-TWICE", verified_on=DAY, result="BAIK")
    some = run(app, ["receive", str(save(book, settings)), "--cycle", "2025-12"])
    assert (some.exit_code, "rows were refused (1)" in some.stderr) == (1, True)
    path.write_bytes(b"no workbook")
    none = run(app, ["receive", str(path)])
    assert (none.exit_code, "refused: The file cannot be read as XLSX" in none.stderr) == (1, True)
    assert f"Report for the office: {report_path(path)}" in none.stderr
    assert run(app, ["receive", str(path) + "x"]).exit_code == 2
    assert run(app, ["receive", str(path), "--cycle", "2025-13"]).exit_code == 2
    said = "".join(done.output for done in (good, some, none)) + (settings.audit / "trail.jsonl").read_text()
    assert not [value for family in VISITS for value in (family, nik_of(family)) if value in said]
