with trimmed as (
    select
        source.file_id,
        source.row_number,
        files.delivery_cycle,
        source.unparsable,
        {{ trimmed('source.id_individu') }} as person_id,
        {{ trimmed('source.id_keluarga') }} as family_id,
        {{ trimmed('source.nomor_induk_kependudukan') }} as nik,
        {{ trimmed('source.nama') }} as full_name,
        {{ trimmed('source.jenis_kelamin') }} as sex_text,
        {{ trimmed('source.tanggal_lahir') }} as birth_date_text,
        {{ trimmed('source.status_hubungan_keluarga') }} as family_role_text,
        {{ trimmed('source.status_kawin') }} as marital_status_text,
        {{ trimmed('source.partisipasi_sekolah') }} as school_participation_text,
        {{ trimmed('source.jenjang_tertinggi_yang_diduduki') }} as school_level_text,
        {{ trimmed('source.status_bekerja') }} as working_text,
        {{ trimmed('source.status_dalam_pekerjaan_utama') }} as work_status_text,
        {{ trimmed('source.tingkat_disabilitas') }} as disability_text,
        {{ trimmed('source.hamil') }} as pregnant_text,
        {{ trimmed('source.tanggal_pemutakhiran') }} as updated_on_text
    from {{ source('raw', 'dtsen_individu') }} as source
    inner join {{ ref('stg_files') }} as files on source.file_id = files.file_id
),

parsed as (
    select
        *,
        {{ parse_code('sex_text', 'sexes') }} as sex,
        {{ parse_date('birth_date_text') }} as any_birth_date,
        {{ parse_code('family_role_text', 'family_roles') }} as family_role,
        {{ parse_code('marital_status_text', 'marital_statuses') }} as marital_status,
        {{ parse_code('school_participation_text', 'school_participations') }} as school_participation,
        {{ parse_code('school_level_text', 'school_levels') }} as school_level,
        {{ parse_code('working_text', 'yes_no') }} as working,
        {{ parse_code('work_status_text', 'work_statuses') }} as work_status,
        {{ parse_code('disability_text', 'disabilities') }} as disability,
        {{ parse_code('pregnant_text', 'yes_no') }} as pregnant,
        {{ parse_date('updated_on_text') }} as updated_on,
        {{ is_well_formed_nik('nik') }} as nik_well_formed
    from trimmed
),

in_domain as (
    select
        parsed.*,
        case
            when parsed.any_birth_date between date '1900-01-01' and cycle.cutoff then parsed.any_birth_date
        end as birth_date,
        parsed.school_participation_text is not null and parsed.school_participation is null
        or parsed.school_level_text is not null and parsed.school_level is null
        or parsed.disability_text is not null and parsed.disability is null
        or parsed.pregnant_text is not null and parsed.pregnant is null as component_value_lost
    from parsed
    cross join {{ ref('stg_cycle') }} as cycle
)

select
    persons.file_id,
    persons.row_number,
    persons.delivery_cycle,
    persons.person_id,
    persons.family_id,
    persons.nik,
    persons.full_name,
    persons.sex,
    persons.birth_date,
    persons.family_role,
    persons.marital_status,
    persons.school_participation,
    persons.school_level,
    persons.working,
    persons.work_status,
    persons.disability,
    persons.pregnant,
    persons.updated_on,
    persons.nik_well_formed,
    persons.component_value_lost,
    persons.component_value_lost
    or persons.marital_status_text is not null and persons.marital_status is null
    or persons.working_text is not null and persons.working is null
    or persons.work_status_text is not null and persons.work_status is null as flag_bad_code,
    persons.nik is not null and not persons.nik_well_formed as flag_bad_nik,
    persons.nik_well_formed and districts.area_code is null as flag_nik_area,
    coalesce(
        persons.nik_well_formed
        and (
            {{ nik_day('persons.nik') }} <> extract(day from persons.birth_date)
            or {{ cast_or_null('substr(persons.nik, 9, 2)', 'integer') }} <> extract(month from persons.birth_date)
            or {{ cast_or_null('substr(persons.nik, 11, 2)', 'integer') }}
            <> extract(year from persons.birth_date) - 100 * floor(extract(year from persons.birth_date) / 100)
            or (substr(persons.nik, 7, 1) >= '4') <> (persons.sex = 'P')
        ),
        false
    ) as flag_nik_mismatch,
    case
        when persons.unparsable is not null then 'unparsable'
        when
            persons.person_id is null or persons.family_id is null or persons.sex_text is null
            or persons.birth_date_text is null or persons.family_role_text is null or persons.updated_on_text is null
            then 'missing_key'
        when not {{ is_key('persons.person_id') }} or not {{ is_key('persons.family_id') }} then 'bad_key'
        when persons.sex is null or persons.family_role is null then 'bad_code'
        when persons.birth_date is null or persons.updated_on is null then 'bad_value'
        when families.family_id is null then 'orphan'
    end as row_rule
from in_domain as persons
left join {{ ref('stg_families') }} as families on persons.family_id = families.family_id
left join {{ ref('stg_areas') }} as districts
    on substr(persons.nik, 1, 6) = districts.area_code and districts.area_level = 'district'
