"""The sheets of a regency package: their columns, headings in Indonesian and English, and the words for codes.

Says nothing of where values come from (families.py) and how they are laid out (workbook.py).
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

Kind = Literal["text", "number", "money", "date", "flag"]


@dataclass(frozen=True)
class Column:
    """One column: name in the Parquet table, headings, width in characters, and words for its codes.

    ``entered``: the office fills it in; it is on the sheet alone.
    """

    name: str
    name_id: str
    name_en: str
    width: int = 14
    kind: Kind = "text"
    words: Mapping[str, str] = field(default_factory=dict)
    entered: bool = False

    @property
    def heading(self) -> str:
        """Both languages, one above the other."""
        return f"{self.name_id}\n{self.name_en}"


@dataclass(frozen=True)
class Sheet:
    """One table of the package; ``frozen`` columns stay in sight."""

    table: str
    title: str
    columns: tuple[Column, ...]
    frozen: int

    @property
    def stored(self) -> list[str]:
        """Columns of the Parquet table, in order."""
        return [column.name for column in self.columns if not column.entered]


STATUS = {"active": "Aktif / Active", "nominated": "Calon / Nominated"}
DECISIONS = {
    "keep": "Tetap / Kept",
    "confirm": "Ditetapkan / Confirmed",
    "pending": "Menunggu verifikasi / Pending",
    "hold": "Ditahan / Held",
    "replace": "Pengganti / Replacement",
    "not_in_force": "Program tidak berjalan / Not in force",
}
TASKS = {
    "hold": "Ditahan: periksa sebabnya / Held: check the reason",
    "pending": "Calon: verifikasi kelayakan / Nominated: verify",
    "replace": "Pengganti: verifikasi kelayakan / Replacement: verify",
    "review": "Tetap dibayar: tinjau ulang / Paid: review",
}
ROUNDS = {
    "regency": "Kabupaten/kota / Regency",
    "province": "Provinsi / Province",
    "national": "Nasional / Nation",
}
CLASSES = {
    "1": "Lansia tunggal / Elderly living alone",
    "2": "Disabilitas tunggal / Disabled living alone",
    "3": "Rumah tidak layak / Unfit housing",
    "4": "Tanpa pekerjaan tetap / No steady work",
    "5": "Daya listrik rendah / Low power",
    "9": "Lainnya / Other",
}
RESULTS = ("LAYAK", "TIDAK_LAYAK", "TIDAK_DITEMUKAN", "MENOLAK")
"""What a visit can find: the codes of the landing contract."""
MAX_NOTE = 500
"""Longest note on a visit, in characters."""

_FAMILY = Column("family_id", "ID keluarga", "Family id", 16)
_NAME = Column("full_name", "Nama pengurus", "Name of payee", 24)
_PERSON = (
    Column("nik_masked", "NIK (disamarkan)", "NIK (masked)", 19),
    Column("family_role", "Hubungan keluarga", "Family role", 14),
)
_PLACE = (
    Column("district", "Kecamatan", "District", 20),
    Column("village", "Desa/kelurahan", "Village", 22),
    Column("village_code", "Kode desa", "Village code", 13),
)
_PROGRAMME = Column("programme", "Program", "Programme", 13)
_AMOUNT = Column("quarterly_amount_idr", "Rupiah per triwulan", "Rupiah per quarter", 15, "money")
_DECILE = Column("welfare_decile", "Desil", "Decile", 8, "number")
_CLASS = Column("priority_class", "Prioritas", "Priority", 20, words=CLASSES)
_REASON = (
    Column("reason_id", "Alasan", "Reason (Indonesian)", 28),
    Column("reason_en", "Alasan (Inggris)", "Reason (English)", 28),
)

WORK_LIST = Sheet(
    "work_list",
    "Daftar Kerja - Work list",
    (
        Column("position", "No.", "No.", 6, "number"),
        _NAME,
        Column("nik", "NIK", "NIK", 18),
        *_PLACE[1::-1],
        Column("task", "Tugas", "Task", 25, words=TASKS),
        Column("verified_on", "Tanggal verifikasi", "Date of visit", 16, "date", entered=True),
        Column("result", "Hasil", "Result", 18, entered=True),
        Column("note", "Catatan", "Note", 30, entered=True),
        *_REASON,
        Column("since", "Sejak", "Since", 11, "date"),
        Column("programmes", "Program", "Programmes", 16),
        _CLASS,
        Column("family_role", "Hubungan keluarga", "Family role", 12),
        _FAMILY,
        _PLACE[2],
        Column("row_code", "Kode baris", "Row code", 11),
    ),
    frozen=2,
)
RECIPIENTS = Sheet(
    "recipients",
    "Penerima - Recipients",
    (
        _PROGRAMME,
        _FAMILY,
        _NAME,
        *_PERSON,
        *_PLACE,
        Column("status", "Status", "Status", 18, words=STATUS),
        Column("decision", "Keputusan", "Decision", 26, words=DECISIONS),
        Column("payable", "Dibayar", "Paid", 9, "flag"),
        _AMOUNT,
        Column("listed_since", "Terdaftar sejak", "Listed since", 13, "date"),
        Column("channel", "Saluran", "Channel", 10),
        _DECILE,
    ),
    frozen=3,
)
REMOVALS = Sheet(
    "removals",
    "Dikeluarkan - Removed",
    (
        _PROGRAMME,
        _FAMILY,
        _NAME,
        *_PERSON,
        *_PLACE,
        Column("previous_status", "Status sebelumnya", "Status before", 18, words=STATUS),
        Column("primary_reason", "Kode alasan", "Reason code", 22),
        *_REASON,
        Column("evidence_date", "Tanggal bukti", "Evidence of", 13, "date"),
        Column("source", "Sumber", "Source", 22),
        Column("legal_basis", "Dasar hukum", "Legal basis", 20),
        Column("reasons", "Semua kode alasan", "All reason codes", 30),
        _AMOUNT,
    ),
    frozen=3,
)
REPLACEMENTS = Sheet(
    "replacements",
    "Pengganti - Replacements",
    (
        _PROGRAMME,
        _FAMILY,
        _NAME,
        *_PERSON,
        *_PLACE,
        _DECILE,
        _CLASS,
        Column("selection_round", "Putaran", "Round", 24, words=ROUNDS),
        Column("selection_rank", "Urutan", "Rank", 9, "number"),
        Column("replaces_family_id", "Menggantikan", "Replaces", 16),
        _AMOUNT,
    ),
    frozen=3,
)
SHEETS = (WORK_LIST, RECIPIENTS, REMOVALS, REPLACEMENTS)
