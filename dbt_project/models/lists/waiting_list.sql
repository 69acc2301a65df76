{# The first remaining candidates of each regency: a share of the families on its delivered list, and a minimum.
   Whatever the round, the selected of a regency are its first candidates. #}
with listed as (
    select
        programme,
        {{ regency_of('village_code') }} as regency_code,
        count(*) as listed
    from {{ ref('listed_decisions') }}
    where village_code is not null
    group by
        programme,
        {{ regency_of('village_code') }}
),

selected as (
    select
        programme,
        regency_code,
        count(*) as selected
    from {{ ref('selections') }}
    group by
        programme,
        regency_code
),

remaining as (
    select
        candidates.programme,
        candidates.family_id,
        candidates.regency_code,
        candidates.regency_order - coalesce(selected.selected, 0) as position_in_regency
    from {{ ref('candidates') }} as candidates
    left join selected
        on candidates.programme = selected.programme and candidates.regency_code = selected.regency_code
    where candidates.regency_order > coalesce(selected.selected, 0)
)

select
    cycle.cycle,
    remaining.programme,
    remaining.family_id,
    remaining.regency_code,
    remaining.position_in_regency
from remaining
cross join {{ ref('stg_cycle') }} as cycle
left join listed on remaining.programme = listed.programme and remaining.regency_code = listed.regency_code
where
    remaining.position_in_regency <= greatest(
        cycle.waiting_list_min,
        ceil(cast(coalesce(listed.listed, 0) as decimal(18, 0)) * cycle.waiting_list_share)
    )
