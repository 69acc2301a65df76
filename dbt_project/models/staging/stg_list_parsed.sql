with trimmed as (
    select
        source.file_id,
        source.row_number,
        source.unparsable,
        {{ trimmed('source.program') }} as programme_text,
        {{ trimmed('source.id_keluarga') }} as family_id,
        source.status as status_text,
        source.tanggal_mulai as listed_since_text,
        source.saluran as channel_text,
        {{ undotted(trimmed('source.kode_desa')) }} as village_text
    from {{ source('raw', 'kemensos_penerima') }} as source
),

programmes as (
    select distinct programme
    from {{ ref('programmes') }}
),

parsed as (
    select
        trimmed.*,
        programmes.programme,
        case {{ parse_code('status_text', 'list_statuses') }}
            when 'AKTIF' then 'active'
            when 'CALON' then 'nominated'
        end as status,
        {{ parse_date('listed_since_text') }} as listed_since,
        {{ parse_code('channel_text', 'channels') }} as channel,
        case
            when {{ matches('trimmed.village_text', '[0-9]{10}') }} and regencies.area_code is not null
                then trimmed.village_text
        end as village_code,
        villages.area_code is not null as village_known
    from trimmed
    left join programmes
        on {{ ascii_upper('trimmed.programme_text') }} = programmes.programme
    left join {{ ref('stg_areas') }} as regencies
        on substr(trimmed.village_text, 1, 4) = regencies.area_code and regencies.area_level = 'regency'
    left join {{ ref('stg_areas') }} as villages
        on trimmed.village_text = villages.area_code and villages.area_level = 'village'
)

select
    file_id,
    row_number,
    programme,
    family_id,
    status,
    listed_since,
    channel,
    village_code,
    {{ is_unread('channel_text', 'channel') }} as flag_bad_code,
    coalesce(village_text is not null and village_code is null, false) as flag_bad_value,
    village_code is not null and not village_known as flag_unknown_village,
    case
        when unparsable is not null then 'unparsable'
        when
            programme_text is null
            or family_id is null
            or {{ is_empty('status_text', 'status') }}
            or {{ is_empty('listed_since_text', 'listed_since') }}
            then 'missing_key'
        when not {{ is_key('family_id') }} then 'bad_key'
        when programme is null or status is null then 'bad_code'
        when listed_since is null then 'bad_value'
    end as row_rule
from parsed
