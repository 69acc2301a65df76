{# Every rejected row with its original values, its file and row number, and the first rule that it broke. #}
{{ config(materialized='view') }}
{% set columns = {
    'dtsen_keluarga': [
        'id_keluarga', 'nomor_kartu_keluarga', 'kode_desa', 'desil_nasional', 'peringkat_nasional', 'luas_lantai',
        'jenis_lantai_terluas', 'jenis_dinding_terluas', 'jenis_atap_terluas', 'fasilitas_bab',
        'sumber_air_minum_utama', 'daya_terpasang', 'status_kepemilikan_rumah', 'tanggal_pemutakhiran'
    ],
    'dtsen_individu': [
        'id_individu', 'id_keluarga', 'nomor_induk_kependudukan', 'nama', 'jenis_kelamin', 'tanggal_lahir',
        'status_hubungan_keluarga', 'status_kawin', 'partisipasi_sekolah', 'jenjang_tertinggi_yang_diduduki',
        'status_bekerja', 'status_dalam_pekerjaan_utama', 'tingkat_disabilitas', 'hamil', 'tanggal_pemutakhiran'
    ],
    'kemensos_penerima': ['program', 'id_keluarga', 'status', 'tanggal_mulai', 'saluran', 'kode_desa'],
    'kuota_program': ['program', 'kode_wilayah', 'kuota'],
    'register_pengecualian': ['nik', 'register', 'tanggal_data'],
    'dukcapil_peristiwa': ['nik', 'jenis_peristiwa', 'tanggal_peristiwa'],
    'verifikasi_lapangan': ['id_keluarga', 'tanggal_verifikasi', 'hasil', 'alasan', 'kode_kabupaten'],
    'sanggahan': ['id_sanggahan', 'id_keluarga', 'kode_kriteria', 'tanggal_pengajuan', 'tanggal_putusan', 'putusan'],
    'usulan': [
        'id_usulan', 'nik', 'nama', 'jenis_kelamin', 'tanggal_lahir', 'kode_desa', 'program', 'tanggal_usulan', 'kanal'
    ],
    'hasil_salur': ['program', 'id_keluarga', 'periode', 'hasil', 'tanggal']
} %}
{% for source_name, source_columns in columns.items() %}
select
    rules.source,
    files.delivery_cycle,
    files.delivery_digest,
    files.path,
    rules.row_number,
    rules.row_rule as rule,
    coalesce(source.unparsable, {{ row_as_json(source_columns) }}) as original
from {{ source('raw', source_name) }} as source
inner join {{ ref('stg_row_rules') }} as rules
    on source.file_id = rules.file_id and source.row_number = rules.row_number
inner join {{ ref('stg_files') }} as files on rules.file_id = files.file_id
where rules.row_rule is not null
{% if not loop.last %}union all{% endif %}
{% endfor %}
