{# Families whose objection to a criterion was upheld within the days that an upheld objection counts. #}
with upheld as (
    select distinct
        objections.family_id,
        objections.criterion
    from {{ ref('objections') }} as objections
    cross join {{ ref('stg_cycle') }} as cycle
    where
        objections.ruling = 'upheld'
        and {{ within_days('objections.decided_on', 'cycle.objection_upheld_days', 'cycle.cutoff') }}
)

select
    upheld.family_id,
    families.family_key,
    upheld.criterion
from upheld
left join {{ ref('stg_families') }} as families on upheld.family_id = families.family_id
