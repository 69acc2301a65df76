{# One row per programme in force: places, how many are occupied, and how many are vacant. #}
with national as (
    select
        programme,
        max(case when area_code = 'ID' then quota end) as quota,
        sum(case when area_code <> 'ID' then quota end) as regency_quota
    from {{ ref('stg_quotas') }}
    group by programme
),

listed as (
    select
        programme,
        count(*) as listed,
        sum(case when decision in ('keep', 'confirm', 'pending', 'hold') then 1 else 0 end) as occupied
    from {{ ref('listed_decisions') }}
    group by programme
),

places as (
    select
        programmes.programme,
        national.regency_quota is not null as has_regency_quota,
        cast(coalesce(listed.listed, 0) as bigint) as listed,
        cast(coalesce(listed.occupied, 0) as bigint) as occupied,
        cast(coalesce(national.quota, national.regency_quota, listed.listed, 0) as bigint) as quota
    from {{ ref('programmes_in_force') }} as programmes
    left join national on programmes.programme = national.programme
    left join listed on programmes.programme = listed.programme
    where programmes.in_force
)

select
    programme,
    has_regency_quota,
    quota,
    listed,
    occupied,
    greatest(0, quota - occupied) as vacancies
from places
