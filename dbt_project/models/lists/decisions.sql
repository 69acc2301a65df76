{# The decisions of the cycle: one row per programme and listed family, and one per family that takes a place. #}
{{ config(materialized='view') }}
select
    cycle.cycle,
    decided.programme,
    decided.family_id,
    {{ province_of('decided.village_code') }} as province_code,
    {{ regency_of('decided.village_code') }} as regency_code,
    {{ district_of('decided.village_code') }} as district_code,
    decided.village_code,
    decided.welfare_decile,
    decided.welfare_rank,
    decided.priority_class,
    decided.previous_status,
    decided.decision,
    decided.primary_reason,
    decided.reasons,
    decided.review,
    decided.new_status,
    decided.listed_since,
    decided.decision in ('keep', 'confirm') as payable,
    decided.decision in ('pending', 'hold', 'replace') or (decided.decision in ('keep', 'confirm') and decided.review)
        as on_work_list,
    decided.quarterly_amount_idr,
    decided.payee_person_id,
    decided.selection_round,
    decided.selection_rank,
    decided.replaces_family_id
from {{ ref('decided_families') }} as decided
cross join {{ ref('stg_cycle') }} as cycle
