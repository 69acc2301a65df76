with trimmed as (
    select
        source.file_id,
        source.row_number,
        files.delivery_cycle,
        source.unparsable,
        {{ trimmed('source.id_sanggahan') }} as objection_id,
        {{ trimmed('source.id_keluarga') }} as family_id,
        {{ trimmed('source.kode_kriteria') }} as criterion_text,
        {{ trimmed('source.tanggal_pengajuan') }} as lodged_on_text,
        {{ trimmed('source.tanggal_putusan') }} as decided_on_text,
        {{ trimmed('source.putusan') }} as ruling_text
    from {{ source('raw', 'sanggahan') }} as source
    inner join {{ ref('stg_files') }} as files on source.file_id = files.file_id
),

criteria as (
    select distinct criterion
    from {{ ref('criteria') }}
),

parsed as (
    select
        trimmed.*,
        criteria.criterion,
        {{ parse_date('lodged_on_text') }} as lodged_on,
        {{ parse_date('decided_on_text') }} as decided_on,
        case {{ parse_code('ruling_text', 'rulings') }}
            when 'DITERIMA' then 'upheld'
            when 'DITOLAK' then 'rejected'
        end as ruling
    from trimmed
    left join criteria
        on {{ ascii_upper('trimmed.criterion_text') }} = criteria.criterion
)

select
    file_id,
    row_number,
    delivery_cycle,
    objection_id,
    family_id,
    criterion,
    lodged_on,
    decided_on,
    ruling,
    coalesce(ruling_text is not null and ruling is null, false) as flag_bad_code,
    coalesce(decided_on_text is not null and decided_on is null, false) as flag_bad_value,
    case
        when unparsable is not null then 'unparsable'
        when objection_id is null or family_id is null or criterion_text is null or lodged_on_text is null
            then 'missing_key'
        when criterion is null then 'bad_code'
        when lodged_on is null then 'bad_value'
    end as row_rule
from parsed
