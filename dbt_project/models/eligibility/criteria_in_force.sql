{# Criteria in force in the cycle: what each does, and what clears it. #}
with dated as (
    select
        criteria.criterion,
        criteria.precedence,
        criteria.action,
        criteria.cleared_by_verification,
        criteria.contestable,
        criteria.programme,
        row_number() over (partition by criteria.criterion order by criteria.valid_from desc) as newest
    from {{ ref('criteria') }} as criteria
    inner join {{ ref('stg_cycle') }} as cycle on {{ in_force('criteria', 'cycle') }}
)

select
    criterion,
    precedence,
    action,
    cleared_by_verification,
    contestable,
    programme
from dated
where newest = 1
