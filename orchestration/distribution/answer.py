"""The report that goes back to the office: what was accepted, and each refused row with its reasons, as XLSX.

It names families by their ids, and nobody else reads it: it lies beside the returned file, private.
"""

import io
from collections.abc import Sequence
from pathlib import Path

import xlsxwriter

from orchestration.distribution.files import write_private
from orchestration.distribution.returned import Said, report_path

REPORT_SHEET = "Laporan - Report"
_HEADS = ("Lembar\nSheet", "Baris\nRow", "ID keluarga\nFamily id", "Alasan ditolak", "Why it is refused")
_WIDTHS = (24, 8, 18, 70, 70)


def write_answer(
    path: Path, accepted: int, refused: Sequence[tuple[str, int, str, Sequence[Said]]], whole: Said | None = None
) -> Path:
    """Write the report on a returned file. ``whole``: why all of it is refused."""
    content = io.BytesIO()
    options = {"in_memory": True, "strings_to_formulas": False, "strings_to_urls": False}
    with xlsxwriter.Workbook(content, options) as book:
        page = book.add_worksheet(REPORT_SHEET)
        title = book.add_format({"bold": True, "font_size": 14})
        head = book.add_format(
            {"bold": True, "text_wrap": True, "bg_color": "#1F4E5F", "font_color": "#FFFFFF", "valign": "vcenter"}
        )
        text = book.add_format({"text_wrap": True, "valign": "top", "quote_prefix": True})
        for at, width in enumerate(_WIDTHS):
            page.set_column(at, at, width)
        page.write_string(0, 0, "Laporan penerimaan Daftar Kerja / Report on the returned work list", title)
        page.write_string(1, 0, f"Berkas / File: {path.name}")
        if whole:
            page.write_string(3, 0, "Berkas ditolak seluruhnya. / The file is refused whole.", title)
            page.write_string(4, 0, whole[0])
            page.write_string(5, 0, whole[1])
        else:
            page.write_string(2, 0, f"Diterima / accepted: {accepted}. Ditolak / refused: {len(refused)}.")
        if refused:
            page.write_string(3, 0, "Perbaiki baris ini dan kirim lagi. / Correct these rows and send the file again.")
            for at, name in enumerate(_HEADS):
                page.write_string(5, at, name, head)
            page.set_row(5, 32)
            for row, (sheet, number, family, reasons) in enumerate(refused, start=6):
                page.write_string(row, 0, sheet, text)
                page.write_number(row, 1, number, text)
                page.write_string(row, 2, family, text)
                page.write_string(row, 3, "\n".join(reason[0] for reason in reasons), text)
                page.write_string(row, 4, "\n".join(reason[1] for reason in reasons), text)
                page.set_row(row, 30 * len(reasons))  # two lines each
            page.freeze_panes(6, 0)
            page.autofilter(5, 0, 5 + len(refused), len(_HEADS) - 1)
        page.set_landscape()
        page.fit_to_pages(1, 0)
    report = report_path(path)
    write_private(report, content.getvalue())
    return report
