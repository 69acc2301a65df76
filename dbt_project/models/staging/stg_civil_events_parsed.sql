with trimmed as (
    select
        source.file_id,
        source.row_number,
        files.delivery_cycle,
        source.unparsable,
        {{ trimmed('source.nik') }} as nik,
        {{ trimmed('source.jenis_peristiwa') }} as event_type_text,
        {{ trimmed('source.tanggal_peristiwa') }} as event_date_text
    from {{ source('raw', 'dukcapil_peristiwa') }} as source
    inner join {{ ref('stg_files') }} as files on source.file_id = files.file_id
),

parsed as (
    select
        trimmed.*,
        case {{ parse_code('event_type_text', 'civil_event_types') }}
            when 'KEMATIAN' then 'death'
            when 'PINDAH' then 'moved'
            when 'TIDAK_PADAN' then 'unmatched'
            when 'PADAN' then 'matched'
        end as event_type,
        {{ parse_date('event_date_text') }} as event_date
    from trimmed
)

select
    file_id,
    row_number,
    delivery_cycle,
    nik,
    event_type,
    event_date,
    false as flag_bad_code,
    false as flag_bad_value,
    case
        when unparsable is not null then 'unparsable'
        when nik is null or event_type_text is null or event_date_text is null then 'missing_key'
        when event_type is null then 'bad_code'
        when event_date is null then 'bad_value'
    end as row_rule
from parsed
