with trimmed as (
    select
        source.file_id,
        source.row_number,
        files.delivery_cycle,
        source.unparsable,
        {{ trimmed('source.program') }} as programme_text,
        {{ undotted(trimmed('source.kode_wilayah')) }} as area_text,
        {{ trimmed('source.kuota') }} as quota_text
    from {{ source('raw', 'kuota_program') }} as source
    inner join {{ ref('stg_files') }} as files on source.file_id = files.file_id
),

programmes as (
    select distinct programme
    from {{ ref('programmes') }}
),

parsed as (
    select
        trimmed.*,
        programmes.programme,
        case when {{ ascii_upper('area_text') }} = 'ID' then 'ID' else regencies.area_code end as area_code,
        {{ parse_integer('quota_text') }} as any_quota
    from trimmed
    left join programmes
        on {{ ascii_upper('trimmed.programme_text') }} = programmes.programme
    left join {{ ref('stg_areas') }} as regencies
        on trimmed.area_text = regencies.area_code and regencies.area_level = 'regency'
)

select
    file_id,
    row_number,
    delivery_cycle,
    programme,
    area_code,
    case when any_quota >= 0 then any_quota end as quota,
    false as flag_bad_code,
    false as flag_bad_value,
    case
        when unparsable is not null then 'unparsable'
        when programme_text is null or area_text is null or quota_text is null then 'missing_key'
        when programme is null or area_code is null then 'bad_code'
        when any_quota is null or any_quota < 0 then 'bad_value'
    end as row_rule
from parsed
