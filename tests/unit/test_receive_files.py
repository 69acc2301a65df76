"""Returned files that are refused whole: not our package, an edited cover, and what only looks like a workbook."""

import io
import os
import shutil
import zipfile
from datetime import date
from pathlib import Path

import pytest
from openpyxl import Workbook, load_workbook
from typer.testing import CliRunner

from orchestration.audit import entries
from orchestration.cli import app
from orchestration.distribution import returned as returned_module
from orchestration.distribution.columns import RECIPIENTS, WORK_LIST
from orchestration.distribution.cover import STATED
from orchestration.distribution.receive import receive
from orchestration.distribution.returned import WrongFile, report_path
from orchestration.distribution.workbook import COVER
from orchestration.settings import Settings
from tests.regencies import (
    BANDUNG,
    GARUT,
    VISITS,
    fill,
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


def nothing_landed(settings: Settings) -> None:
    assert not settings.landing.exists()
    assert not [entry for entry in entries(settings) if entry.action == "receive"]


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


def test_a_link_is_not_followed(settings: Settings, book: Workbook) -> None:
    path = save(book, settings)
    link = path.with_name("link.xlsx")
    os.symlink(path, link)
    done = CliRunner(env={"MUTAKHIR_LAKE": str(settings.lake)}).invoke(app, ["receive", str(link)])
    assert (done.exit_code, "cannot be opened" in done.stderr) == (1, True)
