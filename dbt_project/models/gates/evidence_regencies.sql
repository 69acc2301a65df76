{# One row per regency with 200 or more families on the lists of programmes in force: how many of them are removed. #}
with counted as (
    select
        area_code as regency_code,
        sum(listed) as listed,
        sum(removed_active + removed_nominated) as removed
    from {{ ref('area_counts') }}
    where area_level = 'regency' and in_force
    group by area_code
)

select
    regency_code,
    cast(listed as bigint) as listed,
    cast(removed as bigint) as removed,
    {{ share('removed', 'listed') }} as removal_rate
from counted
where listed >= 200 and regency_code is not null
