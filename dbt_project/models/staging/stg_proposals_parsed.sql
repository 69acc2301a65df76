with trimmed as (
    select
        source.file_id,
        source.row_number,
        files.delivery_cycle,
        source.unparsable,
        {{ trimmed('source.id_usulan') }} as proposal_id,
        {{ trimmed('source.nik') }} as nik,
        {{ trimmed('source.nama') }} as full_name,
        {{ trimmed('source.jenis_kelamin') }} as sex_text,
        {{ trimmed('source.tanggal_lahir') }} as birth_date_text,
        {{ undotted(trimmed('source.kode_desa')) }} as village_code,
        {{ trimmed('source.program') }} as programme_text,
        {{ trimmed('source.tanggal_usulan') }} as proposed_on_text,
        {{ trimmed('source.kanal') }} as channel_text
    from {{ source('raw', 'usulan') }} as source
    inner join {{ ref('stg_files') }} as files on source.file_id = files.file_id
),

programmes as (
    select distinct programme
    from {{ ref('programmes') }}
),

parsed as (
    select
        trimmed.*,
        {{ parse_code('sex_text', 'sexes') }} as sex,
        {{ parse_date('birth_date_text') }} as birth_date,
        programmes.programme,
        {{ parse_date('proposed_on_text') }} as proposed_on,
        {{ parse_code('channel_text', 'proposal_channels') }} as channel
    from trimmed
    left join programmes
        on {{ ascii_upper('trimmed.programme_text') }} = programmes.programme
)

select
    file_id,
    row_number,
    delivery_cycle,
    proposal_id,
    nik,
    full_name,
    sex,
    birth_date,
    village_code,
    programme,
    proposed_on,
    channel,
    false as flag_bad_code,
    false as flag_bad_value,
    case
        when unparsable is not null then 'unparsable'
        when
            proposal_id is null or full_name is null or sex_text is null or birth_date_text is null
            or village_code is null or programme_text is null or proposed_on_text is null or channel_text is null
            then 'missing_key'
        when sex is null or programme is null or channel is null then 'bad_code'
        when birth_date is null or proposed_on is null then 'bad_value'
    end as row_rule
from parsed
