"""Reads a workbook that an office sent back, as what it is: a file from outside.

Bounds before parsing, no macros, no links to other files, formulas as formulas. Knows the form of a package and
judges no value: that is receive.py.
"""

import io
import re
import warnings
import zipfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from openpyxl import load_workbook

from orchestration.distribution.columns import WORK_LIST
from orchestration.distribution.cover import STATED
from orchestration.distribution.workbook import COVER, work_list_headings
from orchestration.ingest.files import open_regular

MAX_BYTES = 128 << 20
"""Largest file, in bytes: a package with 500,000 listed families had 54 MB."""
MAX_UNPACKED = 1 << 30
"""Most that its parts may unpack to, in bytes."""
MAX_PARTS = 500
MAX_ROWS = 1_048_576
_COVER_ROWS = 40
_FOREIGN = re.compile(r"vbaproject|/externallinks/|/embeddings/|/activex/|/connections\.xml", re.IGNORECASE)

Said = tuple[str, str]
"""A sentence in Indonesian and in English."""


class WrongFile(Exception):
    """The file is refused whole: it is no package of ours, or its cover does not fit."""

    def __init__(self, said_id: str, said_en: str) -> None:
        """The same in Indonesian and in English."""
        super().__init__(said_en)
        self.said: Said = (said_id, said_en)
        self.report: Path | None = None

    def __str__(self) -> str:
        return self.said[1] + (f" Report for the office: {self.report}" if self.report else "")


class Formula:
    """Stands for a cell that holds a formula; what it says is not kept."""


@dataclass(frozen=True)
class ReturnedRow:
    """A row of a work list that somebody filled in; ``number`` as the sheet shows it; an empty cell is None."""

    sheet: str
    number: int
    cells: Mapping[str, Any]


@dataclass(frozen=True)
class Returned:
    """What the cover states, by the keys of STATED, and the rows that were filled in."""

    stated: Mapping[str, str]
    rows: list[ReturnedRow]


def read_returned(path: Path) -> Returned:
    """Read a returned package. Raises WrongFile, and UnreadableFile when there is no regular file."""
    with open_regular(path) as file:
        content = file.read(MAX_BYTES + 1)
    _refuse_unsafe(content)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # what a spreadsheet program adds and openpyxl does not know
            book = load_workbook(io.BytesIO(content), read_only=True, keep_links=False)
            sheets = [sheet for sheet in book.worksheets if sheet.title.startswith(WORK_LIST.title)]
            if book.sheetnames[:1] != [COVER] or not sheets:
                raise _no_package()
            stated = _stated(book[COVER])
            return Returned(stated, [row for sheet in sheets for row in _filled(sheet)])
    except WrongFile:
        raise
    except Exception:  # openpyxl raises whatever a damaged part leads to
        raise _damaged() from None


def report_path(path: Path) -> Path:
    """Beside the returned file: ``<file>.report.xlsx``."""
    return path.with_name(f"{path.name}.report.xlsx")


def _no_package() -> WrongFile:
    return WrongFile(
        "Ini bukan paket kabupaten/kota: lembar Ringkasan atau Daftar Kerja tidak ada atau judul kolomnya berubah.",
        "This is no regency package: the summary or the work list is missing, or column heads were changed.",
    )


def _damaged() -> WrongFile:
    return WrongFile(
        "Berkas tidak dapat dibaca sebagai XLSX; simpan lagi sebagai XLSX tanpa kata sandi.",
        "The file cannot be read as XLSX; save it again as XLSX without a password.",
    )


def _refuse_unsafe(content: bytes) -> None:
    """Size, parts and what they unpack to; ``zipfile`` unpacks no more than a part says it holds."""
    if len(content) > MAX_BYTES:
        raise WrongFile(
            f"Berkas lebih besar dari {MAX_BYTES >> 20} MB.", f"The file is larger than {MAX_BYTES >> 20} MB."
        )
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            parts = archive.infolist()
    except (zipfile.BadZipFile, ValueError, RuntimeError):  # of a newer version, or in several parts
        raise _damaged() from None
    if len(parts) > MAX_PARTS or sum(part.file_size for part in parts) > MAX_UNPACKED:
        raise WrongFile("Isi berkas terlalu besar setelah dibuka.", "The file unpacks to more than a package can hold.")
    if any(_FOREIGN.search(f"/{part.filename}") for part in parts):
        raise WrongFile(
            "Berkas berisi makro, tautan, atau objek lain; simpan sebagai XLSX biasa.",
            "The file holds macros, links to other files or objects; save it as plain XLSX.",
        )


def _stated(sheet: Any) -> dict[str, str]:
    sheet.reset_dimensions()
    keys = {label: key for key, label in STATED.items()}
    found = {}
    for label, value in sheet.iter_rows(max_row=_COVER_ROWS, max_col=2, values_only=True):
        if label in keys:
            found[keys[label]] = str(value)
    return found


def _filled(sheet: Any) -> Iterator[ReturnedRow]:
    """Rows in which at least one cell to fill in is not empty."""
    sheet.reset_dimensions()  # what the file says of its size is not believed
    names = [column.name for column in WORK_LIST.columns]
    entered = [column.name for column in WORK_LIST.columns if column.entered]
    for number, row in enumerate(sheet.iter_rows(max_col=len(names)), start=1):
        if number > MAX_ROWS:
            raise _damaged()
        cells = [_value(cell) for cell in row]
        if number == 1:
            if cells != work_list_headings():
                raise _no_package()
            continue
        by_name = dict(zip(names, cells, strict=False))
        if any(by_name.get(name) is not None for name in entered):
            yield ReturnedRow(sheet.title, number, by_name)


def _value(cell: Any) -> Any:
    """The value, None for an empty or blank cell; a text that begins like a formula counts as one."""
    value = cell.value
    if isinstance(value, str):
        value = value.strip() or None
    if cell.data_type == "f" or (isinstance(value, str) and value.startswith("=")):
        return Formula()
    return value
