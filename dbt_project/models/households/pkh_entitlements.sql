{# One row per accepted family: the PKH places that count and their sum in rupiah per quarter.
   Each component offers as many places as persons qualify, at most its cap; the most valuable places are paid,
   as many as persons qualify for anything, at most pkh_max_persons. The components in force are laid in one row, the
   most valuable first, so that a family is reckoned in one pass. #}
{% set persons_of = {
    'pregnant': 'pregnant_persons',
    'early_childhood': 'early_childhood_persons',
    'severe_disability': 'severely_disabled_persons',
    'elderly': 'elderly_persons',
    'school_sd': 'school_sd_persons',
    'school_smp': 'school_smp_persons',
    'school_sma': 'school_sma_persons'
} %}
{% set ranks = range(1, persons_of | length + 1) %}
with ranked as (
    select
        component,
        quarterly_amount_idr,
        cap,
        row_number() over (order by quarterly_amount_idr desc, component asc) as value_rank
    from {{ ref('pkh_components_in_force') }}
    where component in ('{{ persons_of | join("', '") }}')
),

by_value as (
    select
        {% for rank in ranks -%}
        max(case when value_rank = {{ rank }} then component end) as component_{{ rank }},
        max(case when value_rank = {{ rank }} then cap end) as cap_{{ rank }},
        max(case when value_rank = {{ rank }} then quarterly_amount_idr end) as amount_{{ rank }},
        {% endfor -%}
        count(*) as components
    from ranked
),

offered as (
    select
        members.family_id,
        {% for rank in ranks -%}
        coalesce(by_value.amount_{{ rank }}, 0) as amount_{{ rank }},
        coalesce(
            least(
                by_value.cap_{{ rank }},
                case by_value.component_{{ rank }}
                    {% for component, persons in persons_of.items() -%}
                    when '{{ component }}' then members.{{ persons }}
                    {% endfor -%}
                    else 0
                end
            ),
            0
        ) as places_{{ rank }},
        {% endfor -%}
        least(members.qualifying_persons, cycle.pkh_max_persons) as payable_places
    from {{ ref('members') }} as members
    cross join by_value
    cross join {{ ref('stg_cycle') }} as cycle
),

paid as (
    select
        {% for rank in ranks -%}
        amount_{{ rank }},
        greatest(
            0,
            least(
                places_{{ rank }},
                payable_places
                {%- for more_valuable in range(1, rank) %}
                - places_{{ more_valuable }}
                {%- endfor %}
            )
        ) as paid_{{ rank }},
        {% endfor -%}
        family_id
    from offered
)

select
    families.family_id,
    cast(
        0
        {%- for rank in ranks %}
        + coalesce(paid.paid_{{ rank }}, 0)
        {%- endfor %} as bigint
    ) as places,
    cast(
        0
        {%- for rank in ranks %}
        + coalesce(paid.paid_{{ rank }} * paid.amount_{{ rank }}, 0)
        {%- endfor %} as bigint
    ) as quarterly_amount_idr
from {{ ref('families') }} as families
left join paid on families.family_id = paid.family_id
