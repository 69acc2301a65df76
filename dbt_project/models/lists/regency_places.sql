{# One row per programme in force and regency with places or listed families: what it may fill itself (decision rules,
   Places). Where the regencies want more than the nation has, each gets its share rounded down, and the places left
   over go one each by largest remainder, ties by regency_code. #}
with listed as (
    select
        programme,
        {{ regency_of('village_code') }} as regency_code,
        count(*) as listed,
        sum(case when decision in ('keep', 'confirm', 'pending', 'hold') then 1 else 0 end) as occupied
    from {{ ref('listed_decisions') }}
    where village_code is not null and decision <> 'not_in_force'
    group by
        programme,
        {{ regency_of('village_code') }}
),

quotas as (
    select
        quotas.programme,
        quotas.area_code as regency_code,
        quotas.quota
    from {{ ref('stg_quotas') }} as quotas
    inner join {{ ref('programme_places') }} as programmes on quotas.programme = programmes.programme
    where quotas.area_code <> 'ID'
),

areas as (
    select
        coalesce(listed.programme, quotas.programme) as programme,
        coalesce(listed.regency_code, quotas.regency_code) as regency_code,
        coalesce(listed.listed, 0) as listed,
        coalesce(listed.occupied, 0) as occupied,
        coalesce(quotas.quota, 0) as quota
    from listed
    full outer join quotas on listed.programme = quotas.programme and listed.regency_code = quotas.regency_code
),

wanted as (
    select
        areas.programme,
        areas.regency_code,
        areas.listed,
        areas.occupied,
        programmes.vacancies as programme_vacancies,
        case when programmes.has_regency_quota then areas.quota else areas.listed end as allotment,
        greatest(0, case when programmes.has_regency_quota then areas.quota else areas.listed end - areas.occupied)
            as vacancies
    from areas
    inner join {{ ref('programme_places') }} as programmes on areas.programme = programmes.programme
),

summed as (
    select
        *,
        sum(vacancies) over (partition by programme) as all_vacancies
    from wanted
),

shared as (
    select
        *,
        case
            when all_vacancies > programme_vacancies
                then {{ whole_quotient(whole_product('vacancies', 'programme_vacancies'), 'all_vacancies') }}
            else vacancies
        end as whole_share
    from summed
),

remainders as (
    select
        *,
        case
            when all_vacancies > programme_vacancies
                then
                    {{ whole_product('vacancies', 'programme_vacancies') }}
                    - {{ whole_product('whole_share', 'all_vacancies') }}
            else 0
        end as remainder,
        case
            when all_vacancies > programme_vacancies
                then programme_vacancies - sum(whole_share) over (partition by programme)
            else 0
        end as left_over
    from shared
),

ordered as (
    select
        *,
        row_number() over (partition by programme order by remainder desc, regency_code asc) as remainder_order
    from remainders
)

select
    programme,
    regency_code,
    substr(regency_code, 1, 2) as province_code,
    cast(listed as bigint) as listed,
    cast(occupied as bigint) as occupied,
    cast(allotment as bigint) as allotment,
    cast(whole_share + case when remainder_order <= left_over then 1 else 0 end as bigint) as places
from ordered
