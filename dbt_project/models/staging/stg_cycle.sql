{# One row: the cycle, its dates, and every parameter in force in it. #}
with cycle as (
    select
        cycle,
        first_day
    from {{ source('raw', 'cycle') }}
),

day as (
    select
        cycle.cycle,
        cycle.first_day,
        cast(cycle.cycle || '-' || lpad(parameters.value, 2, '0') as date) as cutoff,
        row_number() over (order by parameters.valid_from desc) as newest
    from cycle
    inner join {{ ref('parameters') }} as parameters
        on
            parameters.parameter = 'cutoff_day'
            and cycle.first_day >= parameters.valid_from
            and (parameters.valid_to is null or cycle.first_day <= parameters.valid_to)
),

in_force as (
    select
        parameters.parameter,
        cast(parameters.value as decimal(18, 4)) as value,
        row_number() over (partition by parameters.parameter order by parameters.valid_from desc) as newest
    from {{ ref('parameters') }} as parameters
    inner join day
        on
            parameters.valid_from <= day.cutoff
            and (parameters.valid_to is null or parameters.valid_to >= day.first_day)
    where day.newest = 1
),

pivoted as (
    select
        max(case when parameter = 'payee_min_age' then value end) as payee_min_age,
        max(case when parameter = 'elderly_min_age' then value end) as elderly_min_age,
        max(case when parameter = 'verification_validity_days' then value end) as verification_validity_days,
        max(case when parameter = 'min_floor_area_per_person_m2' then value end) as min_floor_area_per_person_m2,
        max(case when parameter = 'low_power_max_va' then value end) as low_power_max_va,
        max(case when parameter = 'pkh_max_persons' then value end) as pkh_max_persons,
        max(case when parameter = 'objection_open_days' then value end) as objection_open_days,
        max(case when parameter = 'objection_upheld_days' then value end) as objection_upheld_days,
        max(case when parameter = 'waiting_list_share' then value end) as waiting_list_share,
        max(case when parameter = 'waiting_list_min' then value end) as waiting_list_min
    from in_force
    where newest = 1
)

select
    day.cycle,
    day.first_day,
    day.cutoff,
    pivoted.*
from day
cross join pivoted
where day.newest = 1
