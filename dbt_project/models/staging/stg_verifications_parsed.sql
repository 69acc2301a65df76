with trimmed as (
    select
        source.file_id,
        source.row_number,
        files.delivery_cycle,
        source.unparsable,
        {{ trimmed('source.id_keluarga') }} as family_id,
        {{ trimmed('source.tanggal_verifikasi') }} as verified_on_text,
        {{ trimmed('source.hasil') }} as result_text,
        {{ trimmed('source.alasan') }} as reason,
        {{ undotted(trimmed('source.kode_kabupaten')) }} as regency_text
    from {{ source('raw', 'verifikasi_lapangan') }} as source
    inner join {{ ref('stg_files') }} as files on source.file_id = files.file_id
),

parsed as (
    select
        trimmed.*,
        {{ parse_date('verified_on_text') }} as verified_on,
        case {{ parse_code('result_text', 'verification_results') }}
            when 'LAYAK' then 'eligible'
            when 'TIDAK_LAYAK' then 'not_eligible'
            when 'TIDAK_DITEMUKAN' then 'not_found'
            when 'MENOLAK' then 'refused'
        end as result,
        regencies.area_code as regency_code
    from trimmed
    left join {{ ref('stg_areas') }} as regencies
        on trimmed.regency_text = regencies.area_code and regencies.area_level = 'regency'
)

select
    file_id,
    row_number,
    delivery_cycle,
    family_id,
    verified_on,
    result,
    reason,
    regency_code,
    coalesce(regency_text is not null and regency_code is null, false) as flag_bad_code,
    false as flag_bad_value,
    case
        when unparsable is not null then 'unparsable'
        when family_id is null or verified_on_text is null or result_text is null then 'missing_key'
        when result is null then 'bad_code'
        when verified_on is null then 'bad_value'
    end as row_rule
from parsed
