"""Values that lie in the domain of each column of the landing contract, and values that do not.

Written by hand from the contract, not derived from the registry that they test.
"""

from collections.abc import Mapping

EMPTY = ["", " \t\r\n\x0b\x0c ", None]
ID = {
    "good": ["A", "F-0001", " \tABC-09Z\n", "Z" * 36],
    "bad": ["f1", "A B", "A_1", "A.1", "É", "A" * 37, "A\u00a0", *EMPTY],
}
TEXT = {"good": ["x", " Siti Aisyah ", "'", "\u00a0", "\x01", "1"], "bad": EMPTY}
DATES = ["2025-02-28", " 2024-02-29\t", "0001-01-01", "9999-12-31"]
NO_DATES = ["2025-02-29", "2025-13-01", "2025-1-01", "20250101", "2025/01/01", "01-01-2025", "0000-01-01"]
NO_DATES += [
    "2025-01-01 00:00:00",
    "2025-01-01T00:00:00",
    "infinity",
    "-infinity",
    "10000-01-01",
    "2025-01-01 (BC)",
    "epoch",
]
DATE = {"good": DATES, "bad": [*NO_DATES, *EMPTY]}
TO_CUTOFF = {"good": ["2025-11-17", "0001-01-01"], "bad": ["2025-11-18", "9999-12-31", *NO_DATES, *EMPTY]}
PROGRAMME = {"good": ["PKH", " sembako", "Blts_Kesra"], "bad": ["PKH1", "P KH", "BPNT", "PROGRAM\u0130", *EMPTY]}
SEX = {"codes": ["L", "P"], "good": ["L", "p", " P\n"], "bad": ["M", "LP", "1", *EMPTY]}


def optional(domain: Mapping[str, list]) -> dict[str, list]:
    """The same domain in a column that may be null."""
    bad = [value for value in domain["bad"] if value not in EMPTY]
    return {**domain, "good": [*domain["good"], *EMPTY], "bad": bad}


def codes(listed: str) -> dict[str, list]:
    """A required code of this list; ı and ſ become I and S when upper-cased beyond ASCII."""
    known = listed.split()
    strange = [code.replace("I", "ı").replace("S", "ſ") for code in known if "I" in code or "S" in code]
    return {
        "codes": known,
        "good": [*known, *map(str.lower, known), f" {known[0].title()}\t"],
        "bad": ["LAINNY", "X", "0", known[0] + "X", f"{known[0]},{known[-1]}", *strange, *EMPTY],
    }


DOMAINS: dict[str, dict[str, dict[str, list]]] = {
    "dtsen_keluarga": {
        "id_keluarga": ID,
        "nomor_kartu_keluarga": optional({"good": ["3171010101880001", "not checked"], "bad": []}),
        "kode_desa": {
            "good": ["3171011001", "31.71.01.1001", " 31.71.01.1001 "],
            "bad": ["3171019999", "317101100", "31710110011", "3171", "9999011001", "ID", *EMPTY],
        },
        "desil_nasional": optional(
            {"good": ["1", "10", "+5", "0007", " 3 "], "bad": ["0", "11", "-1", "5.0", "1e0", "0x1", "5_0", "x"]}
        ),
        "peringkat_nasional": optional(
            {
                "good": ["1", "9223372036854775807", "+000000000000000000000000000012"],
                "bad": ["0", "-1", "9223372036854775808", "1,000", "1.0", "+", "1 2"],
            }
        ),
        "luas_lantai": optional(
            {
                "good": [
                    "0",
                    "0.0",
                    "45",
                    "45.5",
                    "999999.94",
                    "0.000000000000000000000000000000000000000001",
                    "007.25",
                ],
                "bad": ["999999.95", "1000000", "-1", "-0.01", "+5", ".5", "5.", "5,5", "1e1", "1_0", "nan", "inf"],
            }
        ),
        "jenis_lantai_terluas": optional(codes("MARMER KERAMIK UBIN KAYU SEMEN BAMBU TANAH LAINNYA")),
        "jenis_dinding_terluas": optional(codes("TEMBOK KAYU BAMBU LAINNYA")),
        "jenis_atap_terluas": optional(codes("BETON GENTENG SENG ASBES BAMBU KAYU IJUK LAINNYA")),
        "fasilitas_bab": optional(codes("SENDIRI BERSAMA UMUM TIDAK_ADA")),
        "sumber_air_minum_utama": optional(
            codes("KEMASAN LEDENG SUMUR_BOR SUMUR_TERLINDUNG SUMUR_TAK_TERLINDUNG MATA_AIR PERMUKAAN HUJAN LAINNYA")
        ),
        "daya_terpasang": optional(
            {
                "good": ["0", "450", "900", "1300", "2200", "3500", "0450", "-0"],
                "bad": ["1", "451", "4500", "-450", "900.0"],
            }
        ),
        "status_kepemilikan_rumah": optional(codes("MILIK SEWA BEBAS_SEWA DINAS LAINNYA")),
        "tanggal_pemutakhiran": DATE,
    },
    "dtsen_individu": {
        "id_individu": ID,
        "id_keluarga": ID,
        "nomor_induk_kependudukan": optional({"good": ["3171010101880001", "317", "3.17E+15"], "bad": []}),
        "nama": optional({"good": ["Siti", "O'Brien, dr."], "bad": []}),
        "jenis_kelamin": SEX,
        "tanggal_lahir": {
            "good": ["1900-01-01", "2025-11-17", " 1988-01-01 "],
            "bad": ["1899-12-31", "2025-11-18", *NO_DATES, *EMPTY],
        },
        "status_hubungan_keluarga": codes("KEPALA PASANGAN ANAK MENANTU CUCU ORANG_TUA FAMILI_LAIN LAINNYA"),
        "status_kawin": optional(codes("BELUM KAWIN CERAI_HIDUP CERAI_MATI")),
        "partisipasi_sekolah": optional(codes("BELUM MASIH TIDAK_LAGI")),
        "jenjang_tertinggi_yang_diduduki": optional(codes("TIDAK_ADA SD SMP SMA PT")),
        "status_bekerja": optional(codes("YA TIDAK")),
        "status_dalam_pekerjaan_utama": optional(codes("USAHA_SENDIRI USAHA_DIBANTU BURUH PEKERJA_BEBAS KELUARGA")),
        "tingkat_disabilitas": optional(codes("TIDAK_ADA RINGAN SEDANG BERAT")),
        "hamil": optional(codes("YA TIDAK")),
        "tanggal_pemutakhiran": DATE,
    },
    "kemensos_penerima": {
        "program": PROGRAMME,
        "id_keluarga": ID,
        "status": codes("AKTIF CALON"),
        "tanggal_mulai": DATE,
        "saluran": optional(codes("HIMBARA POS")),
        "kode_desa": optional(
            {
                "good": ["3171011001", "31.71.01.1001", "3171999999"],
                "bad": ["3199011001", "317101100", "31710110011", "31710110a1", "3171"],
            }
        ),
    },
    "kuota_program": {
        "program": PROGRAMME,
        "kode_wilayah": {
            "good": ["ID", "id", " Id ", "3171", "31.71"],
            "bad": ["31", "3199", "317101", "I.D", "IDN", "\u0131d", *EMPTY],
        },
        "kuota": {
            "good": ["0", "+7", "9223372036854775807", "-0"],
            "bad": ["-1", "1.0", "9223372036854775808", "1.000", "x", *EMPTY],
        },
    },
    "register_pengecualian": {
        "nik": TEXT,
        "register": codes(
            "ASN TNI_POLRI PENSIONER_STATE STATE_OFFICIAL BUMN_BUMD STATE_PAID VILLAGE_OFFICIAL CERTIFIED_TEACHER"
            " HEALTH_WORKER COMPANY_OFFICER ABOVE_MIN_WAGE SOCIAL_STAFF GAMBLING_FLAG"
        ),
        "tanggal_data": TO_CUTOFF,
    },
    "dukcapil_peristiwa": {
        "nik": TEXT,
        "jenis_peristiwa": codes("KEMATIAN PINDAH TIDAK_PADAN PADAN"),
        "tanggal_peristiwa": DATE,
    },
    "verifikasi_lapangan": {
        "id_keluarga": TEXT,
        "tanggal_verifikasi": DATE,
        "hasil": codes("LAYAK TIDAK_LAYAK TIDAK_DITEMUKAN MENOLAK"),
        "alasan": optional({"good": ["anything"], "bad": []}),
        "kode_kabupaten": optional({"good": ["3171", "31.71"], "bad": ["31", "3199", "3171011001", "ID"]}),
    },
    "sanggahan": {
        "id_sanggahan": TEXT,
        "id_keluarga": TEXT,
        "kode_kriteria": codes("NO_LIVING_MEMBER ASN SURVEY_NOT_ELIGIBLE NIK_UNMATCHED PAYMENT_FAILING"),
        "tanggal_pengajuan": DATE,
        "tanggal_putusan": optional(DATE),
        "putusan": optional(codes("DITERIMA DITOLAK")),
    },
    "usulan": {
        "id_usulan": TEXT,
        "nik": optional({"good": ["317"], "bad": []}),
        "nama": TEXT,
        "jenis_kelamin": SEX,
        "tanggal_lahir": DATE,
        "kode_desa": {"good": ["3171011001", "anything"], "bad": EMPTY},
        "program": PROGRAMME,
        "tanggal_usulan": DATE,
        "kanal": codes("MUSDES DINSOS APLIKASI"),
    },
    "hasil_salur": {
        "program": PROGRAMME,
        "id_keluarga": TEXT,
        "periode": {
            "good": ["2025-01", " 2025-12 "],
            "bad": ["2025-00", "2025-13", "2025-1", "202501", "2025-01-01", *EMPTY],
        },
        "hasil": codes("SUKSES GAGAL_REKENING GAGAL_CEK TIDAK_TRANSAKSI RETUR"),
        "tanggal": DATE,
    },
}
