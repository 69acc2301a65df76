{# A programme's names are of its newest row in force, of one that is not of its newest row. #}
with names as (
    select
        programmes.programme,
        programmes.name_id,
        programmes.name_en,
        row_number() over (
            partition by programmes.programme
            order by case when {{ in_force('programmes', 'cycle') }} then 0 else 1 end, programmes.valid_from desc
        ) as newest
    from {{ ref('programmes') }} as programmes
    cross join {{ ref('stg_cycle') }} as cycle
)

select
    cycle.cycle,
    in_force.programme,
    names.name_id,
    names.name_en,
    in_force.amount_basis,
    in_force.quarterly_amount_idr,
    in_force.in_force,
    in_force.decile_min,
    in_force.decile_max
from {{ ref('programmes_in_force') }} as in_force
cross join {{ ref('stg_cycle') }} as cycle
inner join names on in_force.programme = names.programme and names.newest = 1
