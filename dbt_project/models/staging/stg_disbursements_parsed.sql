with trimmed as (
    select
        source.file_id,
        source.row_number,
        files.delivery_cycle,
        source.unparsable,
        {{ trimmed('source.program') }} as programme_text,
        {{ trimmed('source.id_keluarga') }} as family_id,
        {{ trimmed('source.periode') }} as period_text,
        {{ trimmed('source.hasil') }} as result_text,
        {{ trimmed('source.tanggal') }} as disbursed_on_text
    from {{ source('raw', 'hasil_salur') }} as source
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
        {{ parse_period('period_text') }} as period,
        {{ parse_code('result_text', 'disbursement_results') }} as result,
        {{ parse_date('disbursed_on_text') }} as disbursed_on
    from trimmed
    left join programmes
        on {{ ascii_upper('trimmed.programme_text') }} = programmes.programme
)

select
    file_id,
    row_number,
    delivery_cycle,
    programme,
    family_id,
    period,
    result,
    disbursed_on,
    false as flag_bad_code,
    false as flag_bad_value,
    case
        when unparsable is not null then 'unparsable'
        when
            programme_text is null or family_id is null or period_text is null or result_text is null
            or disbursed_on_text is null
            then 'missing_key'
        when programme is null or result is null then 'bad_code'
        when period is null or disbursed_on is null then 'bad_value'
    end as row_rule
from parsed
