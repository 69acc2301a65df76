"""Columns, codes and keys of the landing contract, written by hand: what simulated deliveries are held against."""

from simulation.registers import CODES

COLUMNS = {
    "dtsen_keluarga": "id_keluarga nomor_kartu_keluarga kode_desa desil_nasional peringkat_nasional luas_lantai "
    "jenis_lantai_terluas jenis_dinding_terluas jenis_atap_terluas fasilitas_bab sumber_air_minum_utama daya_terpasang "
    "status_kepemilikan_rumah tanggal_pemutakhiran",
    "dtsen_individu": "id_individu id_keluarga nomor_induk_kependudukan nama jenis_kelamin tanggal_lahir "
    "status_hubungan_keluarga status_kawin partisipasi_sekolah jenjang_tertinggi_yang_diduduki status_bekerja "
    "status_dalam_pekerjaan_utama tingkat_disabilitas hamil tanggal_pemutakhiran",
    "kemensos_penerima": "program id_keluarga status tanggal_mulai saluran kode_desa",
    "kuota_program": "program kode_wilayah kuota",
    "register_pengecualian": "nik register tanggal_data",
    "dukcapil_peristiwa": "nik jenis_peristiwa tanggal_peristiwa",
    "verifikasi_lapangan": "id_keluarga tanggal_verifikasi hasil alasan kode_kabupaten",
    "sanggahan": "id_sanggahan id_keluarga kode_kriteria tanggal_pengajuan tanggal_putusan putusan",
    "usulan": "id_usulan nik nama jenis_kelamin tanggal_lahir kode_desa program tanggal_usulan kanal",
    "hasil_salur": "program id_keluarga periode hasil tanggal",
}
DOMAINS = {  # of the landing contract
    ("dtsen_keluarga", "desil_nasional"): "1 2 3 4 5 6 7 8 9 10",
    ("dtsen_keluarga", "jenis_lantai_terluas"): "MARMER KERAMIK UBIN KAYU SEMEN BAMBU TANAH LAINNYA",
    ("dtsen_keluarga", "jenis_dinding_terluas"): "TEMBOK KAYU BAMBU LAINNYA",
    ("dtsen_keluarga", "jenis_atap_terluas"): "BETON GENTENG SENG ASBES BAMBU KAYU IJUK LAINNYA",
    ("dtsen_keluarga", "fasilitas_bab"): "SENDIRI BERSAMA UMUM TIDAK_ADA",
    ("dtsen_keluarga", "sumber_air_minum_utama"): "KEMASAN LEDENG SUMUR_BOR SUMUR_TERLINDUNG SUMUR_TAK_TERLINDUNG "
    "MATA_AIR PERMUKAAN HUJAN LAINNYA",
    ("dtsen_keluarga", "daya_terpasang"): "0 450 900 1300 2200 3500",
    ("dtsen_keluarga", "status_kepemilikan_rumah"): "MILIK SEWA BEBAS_SEWA DINAS LAINNYA",
    ("dtsen_individu", "jenis_kelamin"): "L P",
    ("dtsen_individu", "status_hubungan_keluarga"): "KEPALA PASANGAN ANAK MENANTU CUCU ORANG_TUA FAMILI_LAIN LAINNYA",
    ("dtsen_individu", "status_kawin"): "BELUM KAWIN CERAI_HIDUP CERAI_MATI",
    ("dtsen_individu", "partisipasi_sekolah"): "BELUM MASIH TIDAK_LAGI",
    ("dtsen_individu", "jenjang_tertinggi_yang_diduduki"): "TIDAK_ADA SD SMP SMA PT",
    ("dtsen_individu", "status_bekerja"): "YA TIDAK",
    ("dtsen_individu", "status_dalam_pekerjaan_utama"): "USAHA_SENDIRI USAHA_DIBANTU BURUH PEKERJA_BEBAS KELUARGA",
    ("dtsen_individu", "tingkat_disabilitas"): "TIDAK_ADA RINGAN SEDANG BERAT",
    ("dtsen_individu", "hamil"): "YA TIDAK",
    ("kemensos_penerima", "program"): "PKH SEMBAKO BLTS_KESRA",
    ("kemensos_penerima", "status"): "AKTIF CALON",
    ("kemensos_penerima", "saluran"): "HIMBARA POS",
    ("kuota_program", "program"): "PKH SEMBAKO BLTS_KESRA",
    ("register_pengecualian", "register"): " ".join(CODES),
    ("dukcapil_peristiwa", "jenis_peristiwa"): "KEMATIAN PINDAH TIDAK_PADAN PADAN",
    ("verifikasi_lapangan", "hasil"): "LAYAK TIDAK_LAYAK TIDAK_DITEMUKAN MENOLAK",
    ("sanggahan", "putusan"): "DITERIMA DITOLAK",
    ("usulan", "kanal"): "MUSDES DINSOS APLIKASI",
    ("hasil_salur", "hasil"): "SUKSES GAGAL_REKENING GAGAL_CEK TIDAK_TRANSAKSI RETUR",
}
NULLABLE = (
    "nomor_kartu_keluarga desil_nasional peringkat_nasional luas_lantai jenis_lantai_terluas jenis_dinding_terluas "
    "jenis_atap_terluas fasilitas_bab sumber_air_minum_utama daya_terpasang status_kepemilikan_rumah "
    "nomor_induk_kependudukan nama status_kawin partisipasi_sekolah jenjang_tertinggi_yang_diduduki status_bekerja "
    "status_dalam_pekerjaan_utama tingkat_disabilitas hamil saluran alasan kode_kabupaten tanggal_putusan putusan"
).split()
KEYS = {
    "dtsen_keluarga": "id_keluarga",
    "dtsen_individu": "id_individu",
    "kemensos_penerima": "program, id_keluarga",
    "kuota_program": "program, kode_wilayah",
    "register_pengecualian": "nik, register",
    "dukcapil_peristiwa": "nik, jenis_peristiwa, tanggal_peristiwa",
    "verifikasi_lapangan": "id_keluarga, tanggal_verifikasi, hasil",
    "usulan": "id_usulan",
    "hasil_salur": "program, id_keluarga, periode",
}
