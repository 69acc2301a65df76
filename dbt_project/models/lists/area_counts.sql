{# The funnel: families by decision, places and amounts, by programme and area; every area of the country has its row.
   Rows of unknown area count in the nation alone. #}
{% set of_decisions = [
    'listed', 'active', 'nominated', 'kept', 'confirmed', 'pending', 'held', 'held_active', 'held_nominated',
    'removed_active', 'removed_nominated', 'not_in_force', 'replaced_regency', 'replaced_province', 'replaced_national',
    'replaced', 'occupied', 'next_list_families', 'payable_amount_idr', 'held_amount_idr', 'removed_amount_idr'
] %}
with areas as (
    select
        'nation' as area_level,
        'ID' as area_code
    union all
    select
        area_level,
        area_code
    from {{ ref('stg_areas') }}
    where area_level in ('province', 'regency')
),

decided as (
    select
        programme,
        province_code,
        regency_code,
        case when decision <> 'replace' then 1 else 0 end as listed,
        case when previous_status = 'active' then 1 else 0 end as active,
        case when previous_status = 'nominated' then 1 else 0 end as nominated,
        case when decision = 'keep' then 1 else 0 end as kept,
        case when decision = 'confirm' then 1 else 0 end as confirmed,
        case when decision = 'pending' then 1 else 0 end as pending,
        case when decision = 'hold' then 1 else 0 end as held,
        case when decision = 'hold' and previous_status = 'active' then 1 else 0 end as held_active,
        case when decision = 'hold' and previous_status = 'nominated' then 1 else 0 end as held_nominated,
        case when decision = 'remove' and previous_status = 'active' then 1 else 0 end as removed_active,
        case when decision = 'remove' and previous_status = 'nominated' then 1 else 0 end as removed_nominated,
        case when decision = 'not_in_force' then 1 else 0 end as not_in_force,
        case when selection_round = 'regency' then 1 else 0 end as replaced_regency,
        case when selection_round = 'province' then 1 else 0 end as replaced_province,
        case when selection_round = 'national' then 1 else 0 end as replaced_national,
        case when decision = 'replace' then 1 else 0 end as replaced,
        case when decision in ('keep', 'confirm', 'pending', 'hold') then 1 else 0 end as occupied,
        case when decision <> 'remove' then 1 else 0 end as next_list_families,
        case when payable then coalesce(quarterly_amount_idr, 0) else 0 end as payable_amount_idr,
        case when decision = 'hold' then coalesce(quarterly_amount_idr, 0) else 0 end as held_amount_idr,
        case when decision = 'remove' then coalesce(quarterly_amount_idr, 0) else 0 end as removed_amount_idr,
        0 as waiting,
        0 as on_waiting_list
    from {{ ref('decisions') }}
    {# waiting are the candidates less the selected #}
    {% for relation, waiting, on_waiting_list in [
        (ref('candidates'), 1, 0), (ref('selections'), -1, 0), (ref('waiting_list'), 0, 1)
    ] %}
    union all
    select
        programme,
        substr(regency_code, 1, 2) as province_code,
        regency_code,
        {% for measure in of_decisions -%}
        0 as {{ measure }},
        {% endfor -%}
        {{ waiting }} as waiting,
        {{ on_waiting_list }} as on_waiting_list
    from {{ relation }}
    {% endfor %}
),

counted as (
    {{ rolled_up('decided', ['programme'], of_decisions + ['waiting', 'on_waiting_list']) }}
),

regency_places as (
    {{ rolled_up(ref('regency_places'), ['programme'], ['allotment', 'places']) }}
),

places as (
    select
        programme,
        area_level,
        area_code,
        allotment as quota,
        places as vacancies
    from regency_places
    where area_level <> 'nation'
    union all
    select
        programme,
        'nation' as area_level,
        'ID' as area_code,
        quota,
        vacancies
    from {{ ref('programme_places') }}
)

select
    cycle.cycle,
    programmes.programme,
    areas.area_level,
    areas.area_code,
    programmes.in_force,
    {% for measure in [
        'listed', 'active', 'nominated', 'kept', 'confirmed', 'pending', 'held', 'held_active', 'held_nominated',
        'removed_active', 'removed_nominated', 'not_in_force', 'replaced_regency', 'replaced_province',
        'replaced_national', 'replaced', 'waiting', 'on_waiting_list', 'occupied', 'next_list_families'
    ] -%}
    cast(coalesce(counted.{{ measure }}, 0) as bigint) as {{ measure }},
    {% endfor -%}
    cast(coalesce(places.quota, 0) as bigint) as quota,
    cast(coalesce(places.vacancies, 0) as bigint) as vacancies,
    cast(
        coalesce(places.vacancies, 0)
        - case areas.area_level
            when 'nation' then coalesce(counted.replaced, 0)
            when 'province' then coalesce(counted.replaced_regency, 0) + coalesce(counted.replaced_province, 0)
            else coalesce(counted.replaced_regency, 0)
        end as bigint
    ) as unfilled,
    cast(coalesce(counted.payable_amount_idr, 0) as bigint) as payable_amount_idr,
    cast(coalesce(counted.held_amount_idr, 0) as bigint) as held_amount_idr,
    cast(coalesce(counted.removed_amount_idr, 0) as bigint) as removed_amount_idr
from {{ ref('programmes_in_force') }} as programmes
cross join areas
cross join {{ ref('stg_cycle') }} as cycle
left join counted
    on
        programmes.programme = counted.programme
        and areas.area_level = counted.area_level
        and areas.area_code = counted.area_code
left join places
    on
        programmes.programme = places.programme
        and areas.area_level = places.area_level
        and areas.area_code = places.area_code
