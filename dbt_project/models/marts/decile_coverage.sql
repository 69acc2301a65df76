with families as (
    select
        programmes.programme,
        {{ province_of('families.village_code') }} as province_code,
        {{ regency_of('families.village_code') }} as regency_code,
        families.welfare_decile,
        count(*) as families,
        0 as listed_before,
        0 as listed_after
    from {{ ref('families') }} as families
    cross join {{ ref('programmes_in_force') }} as programmes
    group by
        programmes.programme,
        {{ province_of('families.village_code') }},
        {{ regency_of('families.village_code') }},
        families.welfare_decile
),

listed as (
    select
        programme,
        province_code,
        regency_code,
        welfare_decile,
        0 as families,
        sum(case when decision <> 'replace' then 1 else 0 end) as listed_before,
        sum(case when decision <> 'remove' then 1 else 0 end) as listed_after
    from {{ ref('decisions') }}
    group by
        programme,
        province_code,
        regency_code,
        welfare_decile
),

coverage as (
    select * from families
    union all
    select * from listed
),

summed as (
    {{ rolled_up('coverage', ['programme', 'welfare_decile'], ['families', 'listed_before', 'listed_after']) }}
)

select
    cycle.cycle,
    summed.programme,
    summed.area_level,
    summed.area_code,
    summed.welfare_decile,
    cast(summed.families as bigint) as families,
    cast(summed.listed_before as bigint) as listed_before,
    cast(summed.listed_after as bigint) as listed_after
from summed
cross join {{ ref('stg_cycle') }} as cycle
