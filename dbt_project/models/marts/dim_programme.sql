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
inner join {{ ref('programmes') }} as names
    on in_force.programme = names.programme and {{ in_force('names', 'cycle') }}
where not exists (
    select 1
    from {{ ref('programmes') }} as newer
    where
        newer.programme = names.programme
        and newer.valid_from > names.valid_from
        and {{ in_force('newer', 'cycle') }}
)
