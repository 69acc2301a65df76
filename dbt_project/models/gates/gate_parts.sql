{# The gates that are a share of something: part and whole by place, and over all places (place null).
   What cannot be told stays null, and so will the gate's value; of programmes only those in force count. #}
with persons as (
    select
        province_code as place,
        nik_malformed,
        nik_repeated,
        persons
    from {{ ref('evidence_provinces') }}
),

lists as (
    select
        programme as place,
        case when in_force then replaced else 0 end as replaced,
        case when in_force then vacancies else 0 end as vacancies
    from {{ ref('area_counts') }}
    where area_level = 'nation'
),

drift as (
    select
        programme as place,
        missing + unexpected as drifted,
        same + missing + status_changed as released
    from {{ ref('list_comparison') }}
    where area_level = 'nation'
),

ranked_twice as (
    select
        {{ province_of('families.village_code') }} as place,
        count(*) as families,
        sum(case when abs(families.welfare_decile - earlier.welfare_decile) >= 3 then 1 else 0 end) as jumped
    from {{ ref('families') }} as families
    inner join {{ ref('stg_families_before') }} as earlier on families.family_id = earlier.family_id
    where families.welfare_decile is not null and earlier.welfare_decile is not null
    group by {{ province_of('families.village_code') }}
),

areas as (
    select
        case when area_level = 'province' then area_code end as place,
        sum(case when in_force then listed else 0 end) as listed,
        sum(case when in_force then removed_active + removed_nominated else 0 end) as removed,
        sum(case when in_force then held else 0 end) as held,
        sum(case when in_force then nominated else 0 end) as nominated,
        sum(case when in_force then confirmed + removed_nominated else 0 end) as decided
    from {{ ref('area_counts') }}
    where area_level in ('nation', 'province')
    group by case when area_level = 'province' then area_code end
),

unnamed as (
    select
        rule as place,
        count(*) as persons
    from {{ ref('stg_persons_rejected') }}
    where not coalesce(names_family, false)
    group by rule
),

delivered as (
    select
        max(delivered) as persons,
        max(case when rule = 'orphan' then rejected end) as orphans
    from {{ ref('stg_row_counts') }}
    where source = 'dtsen_individu'
),

accepted as (
    select count(*) as families
    from {{ ref('families') }}
),

released as (
    select
        count(*) as cycles,
        max(families) as families
    from {{ ref('stg_released_cycle') }}
)

{% for gate, relation, part, whole in [
    ('nik_malformed_share', 'persons', 'nik_malformed', 'persons'),
    ('duplicate_nik_share', 'persons', 'nik_repeated', 'persons'),
    ('replacement_fill', 'lists', 'replaced', 'vacancies'),
    ('list_drift', 'drift', 'drifted', 'released'),
    ('decile_jump', 'ranked_twice', 'jumped', 'families')
] -%}
select
    '{{ gate }}' as gate,
    place,
    {{ part }} as numerator,
    {{ whole }} as denominator
from {{ relation }}
union all
select
    '{{ gate }}' as gate,
    cast(null as string) as place,
    coalesce(sum({{ part }}), 0) as numerator,
    coalesce(sum({{ whole }}), 0) as denominator
from {{ relation }}
union all
{% endfor -%}
{# the nation's row of the funnel has the families of unknown area too #}
{% for gate, part, whole in [
    ('removal_rate', 'removed', 'listed'),
    ('hold_rate', 'held', 'listed'),
    ('verification_coverage', 'decided', 'nominated')
] -%}
select
    '{{ gate }}' as gate,
    place,
    {{ part }} as numerator,
    {{ whole }} as denominator
from areas
union all
{% endfor -%}
select
    'unnamed_person_rows' as gate,
    unnamed.place,
    unnamed.persons as numerator,
    delivered.persons as denominator
from unnamed
cross join delivered
union all
select
    'unnamed_person_rows' as gate,
    cast(null as string) as place,
    coalesce(sum(unnamed.persons), 0) as numerator,
    max(delivered.persons) as denominator
from delivered
left join unnamed on true
union all
select
    'orphan_share' as gate,
    cast(null as string) as place,
    orphans as numerator,
    persons as denominator
from delivered
union all
select
    'family_count_drift' as gate,
    cast(null as string) as place,
    case when released.cycles = 0 then 0 else accepted.families - released.families end as numerator,
    case when released.cycles = 0 then 0 else released.families end as denominator
from accepted
cross join released
