"""What the cover of a package says: what it is of, totals, and how the work list is filled in, in two languages."""

from collections.abc import Mapping
from datetime import date, datetime, timedelta

from orchestration.contracts.code_lists import areas
from orchestration.contracts.sources import CONTRACT_VERSION
from orchestration.cycles import cutoff, parse_cycle
from orchestration.distribution.families import Release
from orchestration.distribution.keys import regency_name
from orchestration.distribution.work_list import FORMAT
from orchestration.distribution.workbook import Cover

STATED = {
    "kind": "Jenis berkas / Kind of file",
    "cycle": "Siklus / Cycle",
    "release": "Rilis / Release",
    "regency": "Kode wilayah / Regency code",
    "name": "Kabupaten/kota / Regency",
    "contract": "Versi kontrak / Contract version",
    "package": "Kode paket / Package code",
}
"""Labels on the cover of what a package is; returned.py reads the values back."""

MEASURES = (
    ("listed", "Pada daftar yang diterima", "On the delivered list"),
    ("kept", "Tetap", "Kept"),
    ("confirmed", "Ditetapkan", "Confirmed"),
    ("pending", "Menunggu verifikasi, belum dibayar", "Pending verification, not paid"),
    ("held", "Ditahan, pembayaran ditangguhkan", "Held, payment suspended"),
    ("not_in_force", "Program tidak berjalan", "Programme not in force"),
    ("removed_active", "Dikeluarkan, sebelumnya aktif", "Removed, were active"),
    ("removed_nominated", "Dikeluarkan, sebelumnya calon", "Removed, were nominated"),
    ("replaced", "Pengganti, perlu diverifikasi", "Replacements, to be verified"),
    ("next_list_families", "Pada daftar berikutnya", "On the next list"),
    ("payable_amount_idr", "Rupiah per triwulan yang dibayar", "Rupiah per quarter that is paid"),
)
"""The funnel's measures that a package repeats, in both languages."""


def cover_of(
    release: Release, regency: str, package: str, totals: Mapping[str, Mapping[str, int]], families: int
) -> Cover:
    """The cover of a package with its code; ``totals`` by programme and measure, ``families`` on its work list."""
    cycle = release.manifest.cycle
    earliest, latest = visit_days(cycle, parse_cycle(cycle).shift(1).key)
    sums = [
        (name_id, name_en, {programme: of[measure] for programme, of in totals.items()})
        for measure, name_id, name_en in MEASURES
    ]
    return Cover(
        title=(
            f"Paket {regency_name(regency)}, {areas()[regency[:2]]} - pemutakhiran {cycle}",
            f"Package of {regency_name(regency)} - update cycle {cycle}. Rahasia / confidential: personal data.",
        ),
        stated={
            STATED["kind"]: FORMAT,
            STATED["cycle"]: cycle,
            STATED["release"]: release.name,
            STATED["regency"]: regency,
            STATED["name"]: regency_name(regency),
            STATED["contract"]: str(CONTRACT_VERSION),
            STATED["package"]: package,
        },
        notes=[
            (
                f"Daftar Kerja berisi {families} keluarga yang perlu dikunjungi, yang paling mendesak lebih dahulu."
                " Isilah hanya sel kuning: tanggal kunjungan, hasil, dan bila perlu catatan. Satu baris per keluarga.",
                f"The work list names {families} families to visit, the most urgent first. Fill in yellow cells alone:"
                " date of the visit, result, and a note where needed. One family, one row.",
            ),
            (
                f"Tanggal kunjungan dari {earliest} (tanggal batas data) sampai {latest}. Kunjungan yang lebih awal"
                " dikirim seperti biasa.",
                f"The visit is dated from {earliest} (the day up to which data counted) to {latest}. Earlier visits are"
                " delivered as usual.",
            ),
            (
                "LAYAK: memenuhi syarat. TIDAK_LAYAK: tidak memenuhi syarat. TIDAK_DITEMUKAN: keluarga tidak ditemukan."
                " MENOLAK: menolak atau graduasi.",
                "LAYAK: eligible. TIDAK_LAYAK: not eligible. TIDAK_DITEMUKAN: not found. MENOLAK: refused or"
                " graduated.",
            ),
            (
                "Kirim kembali berkas ini sebagai XLSX tanpa mengubah sel lain, melalui saluran yang aman: berkas ini"
                " berisi NIK. Di luar Daftar Kerja, NIK disamarkan.",
                "Return this file as XLSX without changing other cells, by a safe channel: it holds NIK. Outside the"
                " work list the NIK is masked.",
            ),
            (
                "Siapa pun yang keberatan atas keputusan dapat mengajukan sanggahan melalui kantor Dinas Sosial.",
                "Whoever disagrees with a decision can lodge an objection at the social office.",
            ),
        ],
        programmes=list(totals),
        totals=sums,
        earliest=earliest,
        latest=latest,
        created=datetime.fromisoformat(release.manifest.created_at).replace(tzinfo=None),
    )


def visit_days(cycle: str, received_in: str) -> tuple[date, date]:
    """First and last day that a visit for the work list of ``cycle`` may have when it is received in a later cycle.

    From the cutoff of the list, so that an eligible visit always counts for those nominated before; to the end of the
    receiving month. The clock is not asked.
    """
    return cutoff(cycle), parse_cycle(received_in).shift(1).first_day - timedelta(days=1)
