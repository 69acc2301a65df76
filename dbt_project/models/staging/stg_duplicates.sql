{# Rows of every source but persons' that the duplicate rules reject; file_id tells the source. #}
{{ config(pre_hook="{{ at_least_threads(3) }}", post_hook="{{ at_least_threads(1) }}") }}
{% set sources = [
    ('stg_families_parsed', ['family_id'], [
        'family_card_no', 'village_code', 'welfare_decile', 'welfare_rank', 'floor_area_m2', 'floor_material',
        'wall_material', 'roof_material', 'toilet', 'drinking_water', 'electricity_va', 'tenure'
    ], 'updated_on', false),
    ('stg_list_parsed', ['programme', 'family_id'], ['status', 'listed_since', 'channel', 'village_code'], none, false),
    ('stg_quotas_parsed', ['programme', 'area_code'], ['quota'], none, false),
    ('stg_registers_parsed', ['nik', 'register'], [], 'as_of_date', false),
    ('stg_civil_events_parsed', ['nik', 'event_type', 'event_date'], [], none, true),
    ('stg_verifications_parsed', ['family_id', 'verified_on', 'result'], ['reason', 'regency_code'], none, true),
    ('stg_objections_parsed', ['objection_id'], [
        'family_id', 'criterion', 'lodged_on', 'decided_on', 'ruling'
    ], none, true),
    ('stg_proposals_parsed', ['proposal_id'], [
        'nik', 'full_name', 'sex', 'birth_date', 'village_code', 'programme', 'proposed_on', 'channel'
    ], none, true),
    ('stg_disbursements_parsed', ['programme', 'family_id', 'period'], ['result', 'disbursed_on'], none, true)
] %}
{% for parsed, key, columns, updated_on, event in sources %}
{{ duplicate_rows(ref(parsed), key, columns, updated_on, event) }}
{% if not loop.last %}union all{% endif %}
{% endfor %}
