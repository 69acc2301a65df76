{# One row per family with a field verification that still counts: the newest date, and its result if there is only
   one. #}
with valid as (
    select
        verifications.family_id,
        verifications.verified_on,
        verifications.result,
        verifications.file_id,
        max(verifications.verified_on) over (partition by verifications.family_id) as newest
    from {{ ref('stg_verifications') }} as verifications
    cross join {{ ref('stg_cycle') }} as cycle
    where {{ within_days('verifications.verified_on', 'cycle.verification_validity_days', 'cycle.cutoff') }}
)

select
    family_id,
    verified_on,
    case when min(result) = max(result) then min(result) end as result,
    min(result) <> max(result) as is_conflicting,
    max(file_id) as file_id
from valid
where verified_on = newest
group by
    family_id,
    verified_on
