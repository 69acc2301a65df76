{# Families that may take a vacated place, in the programme's selection order: not listed, ranked inside the deciles,
   with a payee and without uncleared evidence. The hash settles ties alone, the same on every engine. #}
with reinstated as (
    select distinct upheld.family_id
    from {{ ref('upheld_objections') }} as upheld
    inner join {{ ref('criteria_in_force') }} as criteria on upheld.criterion = criteria.criterion
    where criteria.contestable and criteria.action = 'remove'
)

select
    considered.programme,
    considered.family_id,
    {{ province_of('families.village_code') }} as province_code,
    {{ regency_of('families.village_code') }} as regency_code,
    row_number() over (
        partition by considered.programme
        order by
            case when reinstated.family_id is not null then 0 else 1 end,
            families.welfare_decile,
            families.priority_class,
            families.welfare_rank nulls last,
            md5(cycle.cycle || ':' || considered.programme || ':' || considered.family_id),
            considered.family_id
    ) as selection_order
from {{ ref('considered_families') }} as considered
inner join {{ ref('families') }} as families on considered.family_id = families.family_id
cross join {{ ref('stg_cycle') }} as cycle
left join reinstated on considered.family_id = reinstated.family_id
left join {{ ref('verdicts') }} as verdicts
    on considered.programme = verdicts.programme and considered.family_id = verdicts.family_id
where not considered.is_listed and families.payee_person_id is not null and verdicts.family_id is null
