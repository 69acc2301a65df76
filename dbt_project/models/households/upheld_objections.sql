{# Families whose objection to a criterion was upheld within the days that an upheld objection counts. #}
select distinct
    objections.family_id,
    objections.criterion
from {{ ref('objections') }} as objections
cross join {{ ref('stg_cycle') }} as cycle
where
    objections.ruling = 'upheld'
    and {{ within_days('objections.decided_on', 'cycle.objection_upheld_days', 'cycle.cutoff') }}
