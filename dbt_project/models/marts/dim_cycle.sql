with families as (
    select
        count(*) as families,
        sum(accepted_persons) as persons
    from {{ ref('families') }}
)

select
    cycle.cycle,
    cycle.first_day,
    cycle.cutoff,
    cast(families.families as bigint) as families,
    cast(coalesce(families.persons, 0) as bigint) as persons
from {{ ref('stg_cycle') }} as cycle
cross join families
