{# The lists as delivered against the newest release before, by programme and area; empty when there is none. #}
with delivered as (
    select
        programme,
        family_id,
        previous_status as status,
        village_code
    from {{ ref('listed_families') }}
),

compared as (
    select
        coalesce(released.programme, delivered.programme) as programme,
        {{ province_of('coalesce(delivered.village_code, released.village_code)') }} as province_code,
        {{ regency_of('coalesce(delivered.village_code, released.village_code)') }} as regency_code,
        case when released.status = delivered.status then 1 else 0 end as same,
        case when delivered.family_id is null then 1 else 0 end as missing,
        case when released.family_id is null then 1 else 0 end as unexpected,
        case when released.status <> delivered.status then 1 else 0 end as status_changed
    from {{ ref('stg_released_next_list') }} as released
    full outer join delivered
        on released.programme = delivered.programme and released.family_id = delivered.family_id
),

summed as (
    {{ rolled_up('compared', ['programme'], ['same', 'missing', 'unexpected', 'status_changed']) }}
)

select
    cycle.cycle,
    summed.programme,
    summed.area_level,
    summed.area_code,
    cast(summed.same as bigint) as same,
    cast(summed.missing as bigint) as missing,
    cast(summed.unexpected as bigint) as unexpected,
    cast(summed.status_changed as bigint) as status_changed
from summed
cross join {{ ref('stg_cycle') }} as cycle
inner join {{ ref('stg_released_cycle') }} as released_cycle on cycle.cycle > released_cycle.cycle
