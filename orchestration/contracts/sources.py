"""The landing contract, version 1, as data: the ten sources, their columns, types and domains.

Column names and codes are the agencies' own (Indonesian); staging renames them. How a domain is judged stands in
``domains.py``, the code lists that the ministry decides in ``code_lists.py``; nothing here reads a file.
"""

import hashlib
import json
from dataclasses import asdict, dataclass
from functools import cache
from typing import Literal

CONTRACT_VERSION = 1

Kind = Literal["snapshot", "event"]
Type = Literal["text", "id", "nik", "code", "int", "bigint", "decimal", "date", "period", "region"]
CodeList = Literal["programmes", "registers", "criteria"]
Areas = Literal["villages", "villages_of_known_regencies", "regencies", "nation_and_regencies"]


@dataclass(frozen=True)
class Column:
    """One column of the contract: its type, whether it may be empty, and which values it may hold.

    ``text`` and ``nik`` have no domain beyond text; ``id`` is 1 to 36 of ``A-Z 0-9 -``; ``region`` without ``areas``
    is not checked.
    """

    name: str
    type: Type = "text"
    nullable: bool = False
    codes: tuple[str, ...] = ()
    code_list: CodeList | None = None
    areas: Areas | None = None
    values: tuple[int, ...] = ()
    minimum: int | str | None = None
    maximum: int | str | None = None  # a date may say "cutoff"
    precision: int = 7  # of a decimal
    scale: int = 1


@dataclass(frozen=True)
class Source:
    """One source of the contract.

    A snapshot describes the state at its cycle; events accumulate over ``earlier_cycles`` (None: all there are).
    """

    name: str
    kind: Kind
    columns: tuple[Column, ...]
    required: bool = False
    earlier_cycles: int | None = 0

    @property
    def column_names(self) -> list[str]:
        """Names of the contract's columns, in its order."""
        return [column.name for column in self.columns]


def _code(name: str, codes: str, *, nullable: bool = False) -> Column:
    return Column(name, "code", nullable, codes=tuple(codes.split()))


_PROGRAMME = Column("program", "code", code_list="programmes")

_SOURCES = (
    Source(
        "dtsen_keluarga",
        "snapshot",
        required=True,
        columns=(
            Column("id_keluarga", "id"),
            Column("nomor_kartu_keluarga", nullable=True),
            Column("kode_desa", "region", areas="villages"),
            Column("desil_nasional", "int", nullable=True, minimum=1, maximum=10),
            Column("peringkat_nasional", "bigint", nullable=True, minimum=1),
            Column("luas_lantai", "decimal", nullable=True, minimum=0),
            _code("jenis_lantai_terluas", "MARMER KERAMIK UBIN KAYU SEMEN BAMBU TANAH LAINNYA", nullable=True),
            _code("jenis_dinding_terluas", "TEMBOK KAYU BAMBU LAINNYA", nullable=True),
            _code("jenis_atap_terluas", "BETON GENTENG SENG ASBES BAMBU KAYU IJUK LAINNYA", nullable=True),
            _code("fasilitas_bab", "SENDIRI BERSAMA UMUM TIDAK_ADA", nullable=True),
            _code(
                "sumber_air_minum_utama",
                "KEMASAN LEDENG SUMUR_BOR SUMUR_TERLINDUNG SUMUR_TAK_TERLINDUNG MATA_AIR PERMUKAAN HUJAN LAINNYA",
                nullable=True,
            ),
            Column("daya_terpasang", "int", nullable=True, values=(0, 450, 900, 1300, 2200, 3500)),
            _code("status_kepemilikan_rumah", "MILIK SEWA BEBAS_SEWA DINAS LAINNYA", nullable=True),
            Column("tanggal_pemutakhiran", "date"),
        ),
    ),
    Source(
        "dtsen_individu",
        "snapshot",
        required=True,
        columns=(
            Column("id_individu", "id"),
            Column("id_keluarga", "id"),
            Column("nomor_induk_kependudukan", "nik", nullable=True),
            Column("nama", nullable=True),
            _code("jenis_kelamin", "L P"),
            Column("tanggal_lahir", "date", minimum="1900-01-01", maximum="cutoff"),
            _code("status_hubungan_keluarga", "KEPALA PASANGAN ANAK MENANTU CUCU ORANG_TUA FAMILI_LAIN LAINNYA"),
            _code("status_kawin", "BELUM KAWIN CERAI_HIDUP CERAI_MATI", nullable=True),
            _code("partisipasi_sekolah", "BELUM MASIH TIDAK_LAGI", nullable=True),
            _code("jenjang_tertinggi_yang_diduduki", "TIDAK_ADA SD SMP SMA PT", nullable=True),
            _code("status_bekerja", "YA TIDAK", nullable=True),
            _code(
                "status_dalam_pekerjaan_utama",
                "USAHA_SENDIRI USAHA_DIBANTU BURUH PEKERJA_BEBAS KELUARGA",
                nullable=True,
            ),
            _code("tingkat_disabilitas", "TIDAK_ADA RINGAN SEDANG BERAT", nullable=True),
            _code("hamil", "YA TIDAK", nullable=True),
            Column("tanggal_pemutakhiran", "date"),
        ),
    ),
    Source(
        "kemensos_penerima",
        "snapshot",
        required=True,
        columns=(
            _PROGRAMME,
            Column("id_keluarga", "id"),
            _code("status", "AKTIF CALON"),
            Column("tanggal_mulai", "date"),
            _code("saluran", "HIMBARA POS", nullable=True),
            Column("kode_desa", "region", nullable=True, areas="villages_of_known_regencies"),
        ),
    ),
    Source(
        "kuota_program",
        "snapshot",
        required=True,
        columns=(
            _PROGRAMME,
            Column("kode_wilayah", "region", areas="nation_and_regencies"),
            Column("kuota", "bigint", minimum=0),
        ),
    ),
    Source(
        "register_pengecualian",
        "snapshot",
        required=True,
        columns=(
            Column("nik", "nik"),
            Column("register", "code", code_list="registers"),
            Column("tanggal_data", "date", maximum="cutoff"),
        ),
    ),
    Source(
        "dukcapil_peristiwa",
        "event",
        earlier_cycles=None,
        columns=(
            Column("nik", "nik"),
            _code("jenis_peristiwa", "KEMATIAN PINDAH TIDAK_PADAN PADAN"),
            Column("tanggal_peristiwa", "date"),
        ),
    ),
    Source(
        "verifikasi_lapangan",
        "event",
        earlier_cycles=13,
        columns=(
            Column("id_keluarga"),
            Column("tanggal_verifikasi", "date"),
            _code("hasil", "LAYAK TIDAK_LAYAK TIDAK_DITEMUKAN MENOLAK"),
            Column("alasan", nullable=True),
            Column("kode_kabupaten", "region", nullable=True, areas="regencies"),
        ),
    ),
    Source(
        "sanggahan",
        "event",
        earlier_cycles=13,
        columns=(
            Column("id_sanggahan"),
            Column("id_keluarga"),
            Column("kode_kriteria", "code", code_list="criteria"),
            Column("tanggal_pengajuan", "date"),
            Column("tanggal_putusan", "date", nullable=True),
            _code("putusan", "DITERIMA DITOLAK", nullable=True),
        ),
    ),
    Source(
        "usulan",
        "event",
        earlier_cycles=13,
        columns=(
            Column("id_usulan"),
            Column("nik", "nik", nullable=True),
            Column("nama"),
            _code("jenis_kelamin", "L P"),
            Column("tanggal_lahir", "date"),
            Column("kode_desa", "region"),
            _PROGRAMME,
            Column("tanggal_usulan", "date"),
            _code("kanal", "MUSDES DINSOS APLIKASI"),
        ),
    ),
    Source(
        "hasil_salur",
        "event",
        earlier_cycles=6,
        columns=(
            _PROGRAMME,
            Column("id_keluarga"),
            Column("periode", "period"),
            _code("hasil", "SUKSES GAGAL_REKENING GAGAL_CEK TIDAK_TRANSAKSI RETUR"),
            Column("tanggal", "date"),
        ),
    ),
)

SOURCES: dict[str, Source] = {source.name: source for source in _SOURCES}


@cache
def contract_digest() -> str:
    """Digest of everything the contract says, for the manifest: 64 hexadecimal digits."""
    contract = {"version": CONTRACT_VERSION, "sources": [asdict(source) for source in _SOURCES]}
    return hashlib.sha256(json.dumps(contract, sort_keys=True).encode()).hexdigest()
