{# One row per family with a person who qualifies: the PKH places that count and their sum in rupiah per quarter.
   Each component offers as many places as persons qualify, at most its cap; the most valuable places are paid,
   as many as persons qualify for anything, at most pkh_max_persons. #}
with offered as (
    select
        members.family_key,
        members.qualifying_persons,
        components.component,
        components.quarterly_amount_idr,
        least(
            components.cap,
            case components.component
                when 'pregnant' then members.pregnant_persons
                when 'early_childhood' then members.early_childhood_persons
                when 'severe_disability' then members.severely_disabled_persons
                when 'elderly' then members.elderly_persons
                when 'school_sd' then members.school_sd_persons
                when 'school_smp' then members.school_smp_persons
                when 'school_sma' then members.school_sma_persons
                else 0
            end
        ) as places
    from {{ ref('members') }} as members
    cross join {{ ref('pkh_components_in_force') }} as components
    where members.qualifying_persons > 0
),

ordered as (
    select
        offered.family_key,
        offered.quarterly_amount_idr,
        offered.places,
        least(offered.qualifying_persons, cycle.pkh_max_persons)
        - coalesce(
            sum(offered.places) over (
                partition by offered.family_key
                order by offered.quarterly_amount_idr desc, offered.component asc
                rows between unbounded preceding and 1 preceding
            ),
            0
        ) as places_left
    from offered
    cross join {{ ref('stg_cycle') }} as cycle
    where offered.places > 0
)

select
    family_key,
    cast(sum(least(places, places_left)) as bigint) as places,
    cast(sum(least(places, places_left) * quarterly_amount_idr) as bigint) as quarterly_amount_idr
from ordered
where places_left > 0
group by family_key
