"""The way back: which rows of a returned work list land, which are refused and how the office learns it."""

import io
import json
import os
import shutil
import stat
import zipfile
from datetime import date, datetime
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest
from openpyxl import Workbook, load_workbook
from typer.testing import CliRunner

from orchestration.audit import entries
from orchestration.cli import app
from orchestration.distribution import returned as returned_module
from orchestration.distribution.columns import RECIPIENTS, WORK_LIST
from orchestration.distribution.cover import STATED
from orchestration.distribution.packages import make_packages
from orchestration.distribution.receive import Received, receive
from orchestration.distribution.returned import WrongFile, report_path
from orchestration.distribution.workbook import COVER
from orchestration.ingest.delivery import ingest_source
from orchestration.settings import Settings
from tests.regencies import BANDUNG, COLUMNS, CYCLE, GARUT, VISITS, Office, fill, make_release, nik_of, write_keys

SOURCE = "verifikasi_lapangan"
DAY = date(2025, 12, 3)


@pytest.fixture(scope="module")
def sent(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, dict[str, bytes]]:
    """A lake with a release, and the workbooks that two offices received."""
    root = tmp_path_factory.mktemp("sent")
    offices = {GARUT: Office(), BANDUNG: Office()}
    settings = Settings(lake=root / "lake", regency_keys=write_keys(root / "keys.toml", offices))
    make_release(settings)
    made = make_packages(settings, CYCLE).made
    return settings.lake, {one.regency: offices[one.regency].decrypt(one.files[0]) for one in made}


@pytest.fixture
def settings(tmp_path: Path, sent: tuple[Path, dict[str, bytes]]) -> Settings:
    return Settings(lake=shutil.copytree(sent[0], tmp_path / "lake"))


@pytest.fixture
def book(sent: tuple[Path, dict[str, bytes]]) -> Workbook:
    return load_workbook(io.BytesIO(sent[1][GARUT]))


def save(book: Workbook, settings: Settings) -> Path:
    path = settings.lake.parent / "garut.xlsx"
    book.save(path)
    return path


def send(settings: Settings, book: Workbook, cycle: str | None = None) -> Received:
    return receive(settings, save(book, settings), cycle)


def why(received: Received) -> dict[str, str]:
    """English reasons by family."""
    return {one.family_id: " ".join(said[1] for said in one.reasons) for one in received.refused}


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


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("regency", BANDUNG),
        ("regency", "../.."),
        ("cycle", "2025-10"),
        ("cycle", "../2025-11"),
        ("release", "r02"),
        ("release", "../r01"),
        ("package", "0" * 64),
        ("package", None),
        ("contract", "2"),
        ("kind", "mutakhir-regency-package 2"),
    ],
)
def test_a_cover_that_was_changed_is_refused_whole(
    settings: Settings, book: Workbook, key: str, value: str | None
) -> None:
    cell = next(row[1] for row in book[COVER].iter_rows(max_col=2) if row[0].value == STATED[key])
    cell.value = value
    fill(book, "K-WAITS", verified_on=DAY, result="LAYAK")
    with pytest.raises(WrongFile, match="summary was changed|contract version is another"):
        send(settings, book)
    nothing_landed(settings)


def nothing_landed(settings: Settings) -> None:
    assert not settings.landing.exists()
    assert not [entry for entry in entries(settings) if entry.action == "receive"]


def test_another_regencys_sheet_in_this_package_is_refused(
    settings: Settings, sent: tuple[Path, dict[str, bytes]]
) -> None:
    """Its rows are bound to its own package."""
    ours, theirs = (load_workbook(io.BytesIO(sent[1][code])) for code in (GARUT, BANDUNG))
    fill(theirs, "K-FAR", verified_on=DAY, result="LAYAK")
    row = [cell.value for cell in theirs[WORK_LIST.title][2]]
    ours[WORK_LIST.title].append(row)
    assert why(send(settings, ours)) == {"K-FAR": "This family is not on the work list of this regency."}
    nothing_landed(settings)


def test_sheets_that_are_missing_or_changed(settings: Settings, book: Workbook) -> None:
    book[RECIPIENTS.title].title = "mine"  # the other sheets are nobody's concern
    fill(book, "K-WAITS", verified_on=DAY, result="LAYAK")
    assert send(settings, book).accepted == 1
    book[WORK_LIST.title]["C1"] = "NIK"
    with pytest.raises(WrongFile, match="column heads were changed"):
        send(settings, book)
    book[WORK_LIST.title].title = "Sheet1"
    with pytest.raises(WrongFile, match="no regency package"):
        send(settings, book)


def test_nothing_filled_in(settings: Settings, book: Workbook) -> None:
    fill(book, "K-WAITS", note="   ")
    with pytest.raises(WrongFile, match="No row is filled in"):
        send(settings, book)
    whole = list(load_workbook(report_path(settings.lake.parent / "garut.xlsx")).active.iter_rows(values_only=True))
    assert [row[0] for row in whole[4:6]] == ["Tidak ada baris yang diisi.", "No row is filled in."]
    nothing_landed(settings)


def with_part(path: Path, name: str, content: bytes) -> Path:
    with zipfile.ZipFile(path, "a", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr(name, content)
    return path


def replaced_part(path: Path, name: str, content: bytes) -> Path:
    with zipfile.ZipFile(path) as archive:
        parts = {part: archive.read(part) for part in archive.namelist()}
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for part, old in parts.items():
            archive.writestr(part, content if part == name else old)
    return path


def test_files_from_outside_that_are_not_what_they_seem(
    settings: Settings, book: Workbook, monkeypatch: pytest.MonkeyPatch
) -> None:
    fill(book, "K-WAITS", verified_on=DAY, result="LAYAK")
    for name in ("xl/vbaProject.bin", "xl/externalLinks/externalLink1.xml", "xl/embeddings/oleObject1.bin"):
        with pytest.raises(WrongFile, match="macros, links"):
            receive(settings, with_part(save(book, settings), name, b"x"))
    monkeypatch.setattr(returned_module, "MAX_UNPACKED", 1 << 20)
    with pytest.raises(WrongFile, match="unpacks to more"):
        receive(settings, with_part(save(book, settings), "xl/media/bomb", bytes(1 << 20)))
    bomb = b'<?xml version="1.0"?><!DOCTYPE x [<!ENTITY a "aaaa"><!ENTITY b "&a;&a;">]><workbook>&b;</workbook>'
    with pytest.raises(WrongFile, match="cannot be read"):
        receive(settings, replaced_part(save(book, settings), "xl/workbook.xml", bomb))
    path = save(book, settings)
    path.write_bytes(path.read_bytes()[:-100])
    with pytest.raises(WrongFile, match="cannot be read as XLSX"):
        receive(settings, path)
    monkeypatch.setattr(returned_module, "MAX_BYTES", 1000)
    with pytest.raises(WrongFile, match="larger than"):
        receive(settings, save(book, settings))
    nothing_landed(settings)


def test_a_row_far_below_does_not_keep_us_reading(
    settings: Settings, book: Workbook, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(returned_module, "MAX_ROWS", 10_000)
    fill(book, "K-WAITS", verified_on=DAY, result="LAYAK")
    path = save(book, settings)
    with zipfile.ZipFile(path) as archive:
        content = archive.read("xl/worksheets/sheet2.xml")
    last = f'<row r="{len(VISITS) + 1}"'.encode()
    assert last in content
    replaced_part(path, "xl/worksheets/sheet2.xml", content.replace(last, b'<row r="99999999999"'))
    with pytest.raises(WrongFile, match="cannot be read"):
        receive(settings, path)


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


def test_a_link_is_not_followed(settings: Settings, book: Workbook) -> None:
    path = save(book, settings)
    link = path.with_name("link.xlsx")
    os.symlink(path, link)
    done = CliRunner(env={"MUTAKHIR_LAKE": str(settings.lake)}).invoke(app, ["receive", str(link)])
    assert (done.exit_code, "cannot be opened" in done.stderr) == (1, True)
