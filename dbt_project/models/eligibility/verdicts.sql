{# One row per considered family with uncleared evidence, per programme: what its uncleared evidence amounts to, and the
   reasons. #}
with uncleared as (
    select
        *,
        case action when 'remove' then 1 when 'hold' then 2 else 3 end as action_order
    from {{ ref('judged_evidence') }}
    where not cleared
)

select
    programme,
    family_id,
    is_listed,
    max(case when action = 'remove' then 1 else 0 end) = 1 as has_remove,
    max(case when action = 'hold' then 1 else 0 end) = 1 as has_hold,
    max(case when action = 'review' then 1 else 0 end) = 1 as has_review,
    min_by(criterion, precedence + 1000 * action_order) as first_criterion,
    {{ joined_in_order('criterion', 'precedence') }} as reasons
from uncleared
group by
    programme,
    family_id,
    is_listed
