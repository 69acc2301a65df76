{# One row per regency; a family on several programmes counts once. #}
with cycle as (
    select * from {{ ref('stg_cycle') }}
),

families as (
    select
        decisions.regency_code,
        decisions.family_id,
        max(case when decisions.on_work_list then 1 else 0 end) as on_work_list,
        max(case when decisions.decision in ('pending', 'replace') then 1 else 0 end) as to_verify,
        max(case when decisions.decision <> 'replace' then 1 else 0 end) as listed,
        max(
            case
                when decisions.decision = 'pending'
                    then {{ days_between('decisions.listed_since', 'cycle.cutoff') }}
            end
        ) as pending_days
    from {{ ref('decisions') }} as decisions
    cross join cycle
    where decisions.regency_code is not null and decisions.decision <> 'not_in_force'
    group by
        decisions.regency_code,
        decisions.family_id
)

select
    cycle.cycle,
    families.regency_code,
    cast(sum(families.listed) as bigint) as listed,
    cast(sum(families.on_work_list) as bigint) as on_work_list,
    cast(sum(families.to_verify) as bigint) as to_verify,
    cast(sum(case when families.listed = 1 and verifications.family_id is not null then 1 else 0 end) as bigint)
        as verified,
    {% for result in ['eligible', 'not_eligible', 'not_found', 'refused'] -%}
    cast(sum(case when families.listed = 1 and verifications.result = '{{ result }}' then 1 else 0 end) as bigint)
        as verified_{{ result }},
    {% endfor -%}
    cast(sum(case when families.listed = 1 and verifications.is_conflicting then 1 else 0 end) as bigint)
        as verified_conflicting,
    cast(max(families.pending_days) as bigint) as oldest_pending_days
from families
cross join cycle
left join {{ ref('verifications') }} as verifications on families.family_id = verifications.family_id
group by
    cycle.cycle,
    families.regency_code
