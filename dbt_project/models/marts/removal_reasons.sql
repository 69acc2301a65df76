with counted as (
    select
        decisions.programme,
        decisions.province_code,
        decisions.regency_code,
        evidence.criterion,
        evidence.action,
        case when decisions.decision = 'remove' and decisions.primary_reason = evidence.criterion then 1 else 0 end
            as removed,
        case when decisions.decision = 'hold' and decisions.primary_reason = evidence.criterion then 1 else 0 end
            as held,
        case when not evidence.cleared then 1 else 0 end as uncleared,
        case when evidence.cleared then 1 else 0 end as cleared
    from {{ ref('decisions') }} as decisions
    inner join {{ ref('decision_evidence') }} as evidence
        on decisions.programme = evidence.programme and decisions.family_id = evidence.family_id
    where decisions.decision <> 'replace'
),

summed as (
    {{ rolled_up('counted', ['programme', 'criterion', 'action'], ['removed', 'held', 'uncleared', 'cleared']) }}
)

select
    cycle.cycle,
    summed.programme,
    summed.area_level,
    summed.area_code,
    summed.criterion,
    summed.action,
    cast(summed.removed as bigint) as removed,
    cast(summed.held as bigint) as held,
    cast(summed.uncleared as bigint) as uncleared,
    cast(summed.cleared as bigint) as cleared
from summed
cross join {{ ref('stg_cycle') }} as cycle
