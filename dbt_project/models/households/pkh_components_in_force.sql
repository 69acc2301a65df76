{# PKH components in force in the cycle: amount per quarter, places per family, ages. #}
with dated as (
    select
        components.component,
        components.quarterly_amount_idr,
        components.cap,
        components.age_min,
        components.age_max,
        row_number() over (partition by components.component order by components.valid_from desc) as newest
    from {{ ref('pkh_components') }} as components
    inner join {{ ref('stg_cycle') }} as cycle on {{ in_force('components', 'cycle') }}
)

select
    component,
    quarterly_amount_idr,
    cap,
    age_min,
    age_max
from dated
where newest = 1
