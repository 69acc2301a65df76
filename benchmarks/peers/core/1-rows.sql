-- Accepted rows: what is delivered twice counts once, what contradicts itself not at all.

-- repeated_families: kept
select id_keluarga
from dtsen_keluarga
group by id_keluarga
having count(*) > 1;

-- settled_families: kept
-- Of the rows of a key that repeats, the newest, unless several contradict each other.
with versions as (
    select distinct
        rows_of_key.id_keluarga, rows_of_key.kode_desa, rows_of_key.desil_nasional, rows_of_key.peringkat_nasional,
        rows_of_key.luas_lantai, rows_of_key.jenis_lantai_terluas, rows_of_key.jenis_atap_terluas,
        rows_of_key.fasilitas_bab, rows_of_key.daya_terpasang, rows_of_key.tanggal_pemutakhiran
    from dtsen_keluarga as rows_of_key
    inner join repeated_families as repeated on rows_of_key.id_keluarga = repeated.id_keluarga
),
dated as (
    select *, max(tanggal_pemutakhiran) over (partition by id_keluarga) as newest_on from versions
),
counted as (
    select *, count(*) over (partition by id_keluarga) as variants from dated where tanggal_pemutakhiran = newest_on
)
select
    id_keluarga, kode_desa, desil_nasional, peringkat_nasional, luas_lantai, jenis_lantai_terluas, jenis_atap_terluas,
    fasilitas_bab, daya_terpasang, tanggal_pemutakhiran
from counted
where variants = 1;

-- accepted_families: view
select
    once.id_keluarga, once.kode_desa, once.desil_nasional, once.peringkat_nasional, once.luas_lantai,
    once.jenis_lantai_terluas, once.jenis_atap_terluas, once.fasilitas_bab, once.daya_terpasang,
    once.tanggal_pemutakhiran
from dtsen_keluarga as once
left join repeated_families as repeated on once.id_keluarga = repeated.id_keluarga
where repeated.id_keluarga is null
union all
select * from settled_families;

-- repeated_persons: kept
select id_individu
from dtsen_individu
group by id_individu
having count(*) > 1;

-- versions_of_persons: kept
select distinct
    rows_of_key.id_individu, rows_of_key.id_keluarga, rows_of_key.nomor_induk_kependudukan, rows_of_key.jenis_kelamin,
    rows_of_key.tanggal_lahir, rows_of_key.status_hubungan_keluarga, rows_of_key.partisipasi_sekolah,
    rows_of_key.jenjang_tertinggi_yang_diduduki, rows_of_key.status_bekerja, rows_of_key.status_dalam_pekerjaan_utama,
    rows_of_key.tingkat_disabilitas, rows_of_key.hamil, rows_of_key.tanggal_pemutakhiran
from dtsen_individu as rows_of_key
inner join repeated_persons as repeated on rows_of_key.id_individu = repeated.id_individu;

-- settled_persons: kept
with dated as (
    select *, max(tanggal_pemutakhiran) over (partition by id_individu) as newest_on from versions_of_persons
),
counted as (
    select *, count(*) over (partition by id_individu) as variants from dated where tanggal_pemutakhiran = newest_on
)
select
    id_individu as person_id, id_keluarga as family_id, nomor_induk_kependudukan as nik, jenis_kelamin, tanggal_lahir,
    status_hubungan_keluarga, partisipasi_sekolah, jenjang_tertinggi_yang_diduduki, status_bekerja,
    status_dalam_pekerjaan_utama, tingkat_disabilitas, hamil
from counted
where variants = 1;

-- incomplete_families: view
-- Those that a person of contradicting rows names.
select distinct versions.id_keluarga as family_id
from versions_of_persons as versions
left join settled_persons as settled on versions.id_individu = settled.person_id
where settled.person_id is null;

-- accepted_persons: view
-- Persons of no accepted family are among them; the join to the families leaves them out.
select
    once.id_individu as person_id, once.id_keluarga as family_id, once.nomor_induk_kependudukan as nik,
    once.jenis_kelamin, once.tanggal_lahir, once.status_hubungan_keluarga, once.partisipasi_sekolah,
    once.jenjang_tertinggi_yang_diduduki, once.status_bekerja, once.status_dalam_pekerjaan_utama,
    once.tingkat_disabilitas, once.hamil
from dtsen_individu as once
left join repeated_persons as repeated on once.id_individu = repeated.id_individu
where repeated.id_individu is null
union all
select * from settled_persons;
