{# Every delivered row of every source: the first rule that it broke (null when accepted) and its flags. #}
{{ config(materialized='view') }}
{% set nullable = ['flag_bad_code', 'flag_bad_value'] %}
{% set of_niks = ['flag_bad_nik', 'flag_nik_area', 'flag_nik_mismatch'] %}
{% set sources = [
    ('dtsen_keluarga', 'stg_families_parsed', 'stg_duplicates', nullable + ['flag_unknown_village']),
    ('dtsen_individu', 'stg_persons_parsed', 'stg_person_duplicates', ['flag_bad_code'] + of_niks),
    ('kemensos_penerima', 'stg_list_parsed', 'stg_duplicates', nullable + ['flag_unknown_village']),
    ('kuota_program', 'stg_quotas_parsed', 'stg_duplicates', nullable),
    ('register_pengecualian', 'stg_registers_parsed', 'stg_duplicates', nullable),
    ('dukcapil_peristiwa', 'stg_civil_events_parsed', 'stg_duplicates', nullable),
    ('verifikasi_lapangan', 'stg_verifications_parsed', 'stg_duplicates', nullable),
    ('sanggahan', 'stg_objections_parsed', 'stg_duplicates', nullable),
    ('usulan', 'stg_proposals_parsed', 'stg_duplicates', nullable),
    ('hasil_salur', 'stg_disbursements_parsed', 'stg_duplicates', nullable)
] %}
{% set flags = [
    'flag_bad_code', 'flag_bad_value', 'flag_unknown_village', 'flag_bad_nik', 'flag_nik_area', 'flag_nik_mismatch'
] %}
{% for source, parsed, duplicates, own_flags in sources %}
select
    '{{ source }}' as source,
    files.delivery_cycle,
    parsed.file_id,
    parsed.row_number,
    {% for flag in flags -%}
    {{ 'parsed.' if flag in own_flags else 'false as ' }}{{ flag }},
    {% endfor -%}
    coalesce(parsed.row_rule, duplicates.rule) as row_rule
from {{ ref(parsed) }} as parsed
inner join {{ ref('stg_files') }} as files on parsed.file_id = files.file_id
left join {{ ref(duplicates) }} as duplicates
    on parsed.file_id = duplicates.file_id and parsed.row_number = duplicates.row_number
{% if not loop.last %}union all{% endif %}
{% endfor %}
