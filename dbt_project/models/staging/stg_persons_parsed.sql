with delivered as (
    select
        file_id,
        row_number,
        unparsable,
        id_individu as person_id_text,
        id_keluarga as family_id_text,
        nomor_induk_kependudukan as nik_text,
        nama as full_name_text,
        jenis_kelamin as sex_text,
        tanggal_lahir as birth_date_text,
        status_hubungan_keluarga as family_role_text,
        status_kawin as marital_status_text,
        partisipasi_sekolah as school_participation_text,
        jenjang_tertinggi_yang_diduduki as school_level_text,
        status_bekerja as working_text,
        status_dalam_pekerjaan_utama as work_status_text,
        tingkat_disabilitas as disability_text,
        hamil as pregnant_text,
        tanggal_pemutakhiran as updated_on_text
    from {{ source('raw', 'dtsen_individu') }}
),

parsed as (
    select
        *,
        {{ trimmed('person_id_text') }} as person_id,
        {{ trimmed('family_id_text') }} as family_id,
        {{ parse_nik('nik_text') }} as any_nik,
        {{ trimmed('full_name_text') }} as full_name,
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
        {{ parse_date('updated_on_text') }} as updated_on
    from delivered
),

numbered as (
    select
        *,
        cast({{ digits('any_nik', 8, 2) }} as integer) as nik_day_and_sex,
        cast({{ digits('any_nik', 6, 2) }} as integer) as nik_month,
        cast({{ digits('any_nik', 4, 2) }} as integer) as nik_year
    from parsed
),

dated as (
    select
        *,
        nik_day_and_sex > 40 as nik_of_woman,
        case when nik_day_and_sex > 40 then nik_day_and_sex - 40 else nik_day_and_sex end as nik_day
    from numbered
),

in_domain as (
    select
        parsed.*,
        case
            when {{ is_well_formed_nik('parsed.any_nik', 'parsed.nik_day', 'parsed.nik_month') }} then parsed.any_nik
        end as nik,
        case
            when parsed.any_birth_date between date '1900-01-01' and cycle.cutoff then parsed.any_birth_date
        end as birth_date,
        {{ is_unread('parsed.school_participation_text', 'parsed.school_participation') }}
        or {{ is_unread('parsed.school_level_text', 'parsed.school_level') }}
        or {{ is_unread('parsed.disability_text', 'parsed.disability') }}
        or {{ is_unread('parsed.pregnant_text', 'parsed.pregnant') }} as component_value_lost
    from dated as parsed
    cross join {{ ref('stg_cycle') }} as cycle
),

districts as (
    select cast(area_code as bigint) as district
    from {{ ref('stg_areas') }}
    where area_level = 'district'
),

judged as (
    select
        persons.file_id,
        persons.row_number,
        persons.person_id,
        persons.family_id,
        persons.nik,
        case when persons.nik is null then {{ trimmed('persons.nik_text') }} end as ill_formed_nik,
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
        persons.component_value_lost,
        persons.component_value_lost
        or {{ is_unread('persons.marital_status_text', 'persons.marital_status') }}
        or {{ is_unread('persons.working_text', 'persons.working') }}
        or {{ is_unread('persons.work_status_text', 'persons.work_status') }} as flag_bad_code,
        {{ is_unread('persons.nik_text', 'persons.nik') }} as flag_bad_nik,
        persons.nik is not null and districts.district is null as flag_nik_area,
        coalesce(
            persons.nik is not null and (
                persons.nik_day <> extract(day from persons.birth_date)
                or persons.nik_month <> extract(month from persons.birth_date)
                or persons.nik_year <> mod(extract(year from persons.birth_date), 100)
                or persons.nik_of_woman <> (persons.sex = 'P')
            ),
            false
        ) as flag_nik_mismatch,
        case
            when persons.unparsable is not null then 'unparsable'
            when
                persons.person_id is null
                or persons.family_id is null
                or {{ is_empty('persons.sex_text', 'persons.sex') }}
                or {{ is_empty('persons.birth_date_text', 'persons.birth_date') }}
                or {{ is_empty('persons.family_role_text', 'persons.family_role') }}
                or {{ is_empty('persons.updated_on_text', 'persons.updated_on') }}
                then 'missing_key'
            when not {{ is_key('persons.person_id') }} then 'bad_key'
            when persons.sex is null or persons.family_role is null then 'bad_code'
            when persons.birth_date is null or persons.updated_on is null then 'bad_value'
        end as own_rule
    from in_domain as persons
    left join districts on {{ digits('persons.nik', 10, 6) }} = districts.district
)

{# the families come last: of a nation the join keeps rows on disk, and what was read is narrower than what was
   delivered. The id of an accepted family is a key: only another one has to be looked at. #}
select
    persons.file_id,
    persons.row_number,
    persons.person_id,
    families.family_key,
    case when families.family_key is null then persons.family_id end as unknown_family_id,
    persons.nik,
    persons.ill_formed_nik,
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
    persons.component_value_lost,
    persons.flag_bad_code,
    persons.flag_bad_nik,
    persons.flag_nik_area,
    persons.flag_nik_mismatch,
    case
        when families.family_key is not null or persons.own_rule in ('unparsable', 'missing_key') then persons.own_rule
        when not {{ is_key('persons.family_id') }} then 'bad_key'
        else coalesce(persons.own_rule, 'orphan')
    end as row_rule
from judged as persons
left join {{ ref('stg_families') }} as families on persons.family_id = families.family_id
