{# Families that may take a vacated place, in the programme's selection order: not listed, ranked inside the deciles,
   with a payee and without uncleared evidence. The hash settles ties alone, the same on every engine. #}
with reinstated as (
    select distinct upheld.family_id
    from {{ ref('upheld_objections') }} as upheld
    inner join {{ ref('criteria_in_force') }} as criteria on upheld.criterion = criteria.criterion
    where criteria.contestable and criteria.action = 'remove'
),

{# First who remains, then what is known of them: of a nation the other way round would be more than memory holds. #}
remaining as (
    select
        unlisted.programme,
        unlisted.family_id
    from {{ ref('unlisted_families') }} as unlisted
    left join {{ ref('verdicts') }} as verdicts
        on unlisted.programme = verdicts.programme and unlisted.family_id = verdicts.family_id
    where verdicts.family_id is null
),

ordered as (
    select
        remaining.programme,
        remaining.family_id,
        {{ province_of('families.village_code') }} as province_code,
        {{ regency_of('families.village_code') }} as regency_code,
        row_number() over (
            partition by remaining.programme
            order by
                case when reinstated.family_id is not null then 0 else 1 end,
                families.welfare_decile,
                families.priority_class,
                families.welfare_rank nulls last,
                md5(cycle.cycle || ':' || remaining.programme || ':' || remaining.family_id),
                remaining.family_id
        ) as selection_order
    from remaining
    inner join {{ ref('families') }} as families on remaining.family_id = families.family_id
    cross join {{ ref('stg_cycle') }} as cycle
    left join reinstated on remaining.family_id = reinstated.family_id
    where families.payee_person_id is not null
)

select
    *,
    row_number() over (partition by programme, regency_code order by selection_order) as regency_order
from ordered
