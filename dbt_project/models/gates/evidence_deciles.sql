{# One row per welfare decile, all ten: its share of the accepted persons of ranked families. #}
with deciles as (
    {% for decile in range(1, 11) %}
    select {{ decile }} as welfare_decile
    {% if not loop.last %}union all{% endif %}
    {% endfor %}
),

counted as (
    select
        welfare_decile,
        sum(accepted_persons) as persons
    from {{ ref('families') }}
    where welfare_decile is not null
    group by welfare_decile
),

ranked as (
    select
        deciles.welfare_decile,
        coalesce(counted.persons, 0) as persons,
        sum(coalesce(counted.persons, 0)) over () as ranked_persons
    from deciles
    left join counted on deciles.welfare_decile = counted.welfare_decile
)

select
    welfare_decile,
    cast(persons as bigint) as persons,
    {{ share('persons', 'ranked_persons') }} as share
from ranked
