{# One row per combination of numbers of persons who qualify, of which a nation has thousands: the PKH places that count
   and their sum in rupiah per quarter. Each component offers as many places as persons qualify, at most its cap; the
   most valuable places are paid, as many as persons qualify for anything, at most pkh_max_persons. #}
{% set numbers = qualifying_numbers() %}
with combinations as (
    select distinct {{ numbers | join(', ') }}
    from {{ ref('members') }}
    where qualifying_persons > 0
),

offered as (
    select
        combinations.*,
        components.component,
        components.quarterly_amount_idr,
        least(
            components.cap,
            case components.component
                when 'pregnant' then combinations.pregnant_persons
                when 'early_childhood' then combinations.early_childhood_persons
                when 'severe_disability' then combinations.severely_disabled_persons
                when 'elderly' then combinations.elderly_persons
                when 'school_sd' then combinations.school_sd_persons
                when 'school_smp' then combinations.school_smp_persons
                when 'school_sma' then combinations.school_sma_persons
                else 0
            end
        ) as places
    from combinations
    cross join {{ ref('pkh_components_in_force') }} as components
),

ordered as (
    select
        {% for number in numbers -%}
        offered.{{ number }},
        {% endfor -%}
        offered.quarterly_amount_idr,
        offered.places,
        least(offered.qualifying_persons, cycle.pkh_max_persons)
        - coalesce(
            sum(offered.places) over (
                partition by
                    offered.{{ numbers | join(',\n                    offered.') }}
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
    {{ numbers | join(',\n    ') }},
    cast(sum(least(places, places_left)) as bigint) as places,
    cast(sum(least(places, places_left) * quarterly_amount_idr) as bigint) as quarterly_amount_idr
from ordered
where places_left > 0
group by
    {{ numbers | join(',\n    ') }}
