"""The ten sources and their columns, from the landing contract. A table; how a value is judged is in values.py."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Column:
    """One column of a source.

    Attributes:
        name: the agency's name.
        canonical: the name in every rule.
        kind: how a value is parsed, a key of ``values.PARSERS``.
        null: whether it may be empty.
        codes: the codes allowed, of kind ``code``.
        low, high: limits of kind ``integer``; the allowed numbers of kind ``one_of`` are in ``codes``.
    """

    name: str
    canonical: str
    kind: str
    null: bool = False
    codes: tuple[str, ...] = ()
    low: int = 0
    high: int = 2**63 - 1


@dataclass(frozen=True)
class Source:
    """One source: its columns, key and kind.

    Attributes:
        key: canonical names.
        newest_by: snapshots: the column that says which row of a key is newer, None where the source has none.
        earlier_cycles: None for a snapshot; for events how many earlier cycles count (ALL: every one).
    """

    columns: tuple[Column, ...]
    key: tuple[str, ...]
    newest_by: str | None = None
    earlier_cycles: int | None = None

    @property
    def is_event(self) -> bool:
        """Whether deliveries accumulate."""
        return self.earlier_cycles is not None


ALL = 1_000_000


def _code(name: str, canonical: str, codes: str, null: bool = True) -> Column:
    return Column(name, canonical, "code", null, tuple(codes.split()))


SOURCES: dict[str, Source] = {
    "dtsen_keluarga": Source(
        (
            Column("id_keluarga", "family_id", "identifier"),
            Column("nomor_kartu_keluarga", "family_card_no", "text", null=True),
            Column("kode_desa", "village_code", "family_village"),
            Column("desil_nasional", "welfare_decile", "integer", null=True, low=1, high=10),
            Column("peringkat_nasional", "welfare_rank", "integer", null=True, low=1),
            Column("luas_lantai", "floor_area_m2", "decimal", null=True),
            _code("jenis_lantai_terluas", "floor_material", "MARMER KERAMIK UBIN KAYU SEMEN BAMBU TANAH LAINNYA"),
            _code("jenis_dinding_terluas", "wall_material", "TEMBOK KAYU BAMBU LAINNYA"),
            _code("jenis_atap_terluas", "roof_material", "BETON GENTENG SENG ASBES BAMBU KAYU IJUK LAINNYA"),
            _code("fasilitas_bab", "toilet", "SENDIRI BERSAMA UMUM TIDAK_ADA"),
            _code(
                "sumber_air_minum_utama",
                "drinking_water",
                "KEMASAN LEDENG SUMUR_BOR SUMUR_TERLINDUNG SUMUR_TAK_TERLINDUNG MATA_AIR PERMUKAAN HUJAN LAINNYA",
            ),
            Column("daya_terpasang", "electricity_va", "one_of", True, ("0", "450", "900", "1300", "2200", "3500")),
            _code("status_kepemilikan_rumah", "tenure", "MILIK SEWA BEBAS_SEWA DINAS LAINNYA"),
            Column("tanggal_pemutakhiran", "updated_on", "day"),
        ),
        key=("family_id",),
        newest_by="updated_on",
    ),
    "dtsen_individu": Source(
        (
            Column("id_individu", "person_id", "identifier"),
            Column("id_keluarga", "family_id", "identifier"),
            Column("nomor_induk_kependudukan", "nik", "text", null=True),
            Column("nama", "full_name", "text", null=True),
            _code("jenis_kelamin", "sex", "L P", null=False),
            Column("tanggal_lahir", "birth_date", "birth_day"),
            _code(
                "status_hubungan_keluarga",
                "family_role",
                "KEPALA PASANGAN ANAK MENANTU CUCU ORANG_TUA FAMILI_LAIN LAINNYA",
                null=False,
            ),
            _code("status_kawin", "marital_status", "BELUM KAWIN CERAI_HIDUP CERAI_MATI"),
            _code("partisipasi_sekolah", "school_participation", "BELUM MASIH TIDAK_LAGI"),
            _code("jenjang_tertinggi_yang_diduduki", "school_level", "TIDAK_ADA SD SMP SMA PT"),
            _code("status_bekerja", "working", "YA TIDAK"),
            _code(
                "status_dalam_pekerjaan_utama",
                "work_status",
                "USAHA_SENDIRI USAHA_DIBANTU BURUH PEKERJA_BEBAS KELUARGA",
            ),
            _code("tingkat_disabilitas", "disability", "TIDAK_ADA RINGAN SEDANG BERAT"),
            _code("hamil", "pregnant", "YA TIDAK"),
            Column("tanggal_pemutakhiran", "updated_on", "day"),
        ),
        key=("person_id",),
        newest_by="updated_on",
    ),
    "kemensos_penerima": Source(
        (
            Column("program", "programme", "programme"),
            Column("id_keluarga", "family_id", "identifier"),
            _code("status", "status", "AKTIF CALON", null=False),
            Column("tanggal_mulai", "listed_since", "day"),
            _code("saluran", "channel", "HIMBARA POS"),
            Column("kode_desa", "village_code", "list_village", null=True),
        ),
        key=("programme", "family_id"),
    ),
    "kuota_program": Source(
        (
            Column("program", "programme", "programme"),
            Column("kode_wilayah", "area_code", "quota_area"),
            Column("kuota", "quota", "integer"),
        ),
        key=("programme", "area_code"),
    ),
    "register_pengecualian": Source(
        (
            Column("nik", "nik", "text"),
            Column("register", "register", "register"),
            Column("tanggal_data", "as_of_date", "day_to_cutoff"),
        ),
        key=("nik", "register"),
        newest_by="as_of_date",
    ),
    "dukcapil_peristiwa": Source(
        (
            Column("nik", "nik", "text"),
            _code("jenis_peristiwa", "event_type", "KEMATIAN PINDAH TIDAK_PADAN PADAN", null=False),
            Column("tanggal_peristiwa", "event_date", "day"),
        ),
        key=("nik", "event_type", "event_date"),
        earlier_cycles=ALL,
    ),
    "verifikasi_lapangan": Source(
        (
            Column("id_keluarga", "family_id", "text"),
            Column("tanggal_verifikasi", "verified_on", "day"),
            _code("hasil", "result", "LAYAK TIDAK_LAYAK TIDAK_DITEMUKAN MENOLAK", null=False),
            Column("alasan", "note", "text", null=True),
            Column("kode_kabupaten", "regency_code", "regency", null=True),
        ),
        key=("family_id", "verified_on", "result"),
        earlier_cycles=13,
    ),
    "sanggahan": Source(
        (
            Column("id_sanggahan", "objection_id", "text"),
            Column("id_keluarga", "family_id", "text"),
            Column("kode_kriteria", "criterion", "criterion"),
            Column("tanggal_pengajuan", "lodged_on", "day"),
            Column("tanggal_putusan", "decided_on", "day", null=True),
            _code("putusan", "ruling", "DITERIMA DITOLAK"),
        ),
        key=("objection_id",),
        earlier_cycles=13,
    ),
    "usulan": Source(
        (
            Column("id_usulan", "proposal_id", "text"),
            Column("nik", "nik", "text", null=True),
            Column("nama", "full_name", "text"),
            _code("jenis_kelamin", "sex", "L P", null=False),
            Column("tanggal_lahir", "birth_date", "day"),
            Column("kode_desa", "village_code", "text"),
            Column("program", "programme", "programme"),
            Column("tanggal_usulan", "proposed_on", "day"),
            _code("kanal", "channel", "MUSDES DINSOS APLIKASI", null=False),
        ),
        key=("proposal_id",),
        earlier_cycles=13,
    ),
    "hasil_salur": Source(
        (
            Column("program", "programme", "programme"),
            Column("id_keluarga", "family_id", "text"),
            Column("periode", "period", "period"),
            _code("hasil", "result", "SUKSES GAGAL_REKENING GAGAL_CEK TIDAK_TRANSAKSI RETUR", null=False),
            Column("tanggal", "paid_on", "day"),
        ),
        key=("programme", "family_id", "period"),
        earlier_cycles=6,
    ),
}
