with trimmed as (
    select
        source.file_id,
        source.row_number,
        files.delivery_cycle,
        source.unparsable,
        {{ trimmed('source.nik') }} as nik,
        {{ trimmed('source.register') }} as register_text,
        {{ trimmed('source.tanggal_data') }} as as_of_date_text
    from {{ source('raw', 'register_pengecualian') }} as source
    inner join {{ ref('stg_files') }} as files on source.file_id = files.file_id
),

registers as (
    select distinct criterion as register
    from {{ ref('criteria') }}
    where is_register
),

parsed as (
    select
        trimmed.*,
        registers.register,
        {{ parse_date('as_of_date_text') }} as any_as_of_date,
        cycle.cutoff
    from trimmed
    left join registers
        on {{ ascii_upper('trimmed.register_text') }} = registers.register
    cross join {{ ref('stg_cycle') }} as cycle
)

select
    file_id,
    row_number,
    delivery_cycle,
    nik,
    register,
    case when any_as_of_date <= cutoff then any_as_of_date end as as_of_date,
    false as flag_bad_code,
    false as flag_bad_value,
    case
        when unparsable is not null then 'unparsable'
        when nik is null or register_text is null or as_of_date_text is null then 'missing_key'
        when register is null then 'bad_code'
        when any_as_of_date is null or any_as_of_date > cutoff then 'bad_value'
    end as row_rule
from parsed
