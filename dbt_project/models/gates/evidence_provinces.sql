{# One row per province: accepted persons, those whose NIK is not well formed (an empty one is not counted),
   and those whose well-formed NIK another accepted person has, in the same family or another. #}
with people as (
    select
        province_code,
        sum(accepted_persons) as persons
    from {{ ref('families') }}
    group by province_code
),

doubtful as (
    select
        families.province_code,
        sum(case when persons.nik_repeated then 0 else 1 end) as nik_malformed,
        sum(case when persons.nik_repeated then 1 else 0 end) as nik_repeated
    from {{ ref('persons') }} as persons
    inner join {{ ref('families') }} as families on persons.family_id = families.family_id
    where persons.nik_repeated or (persons.nik is not null and not coalesce(persons.nik_well_formed, false))
    group by families.province_code
)

select
    people.province_code,
    cast(people.persons as bigint) as persons,
    cast(coalesce(doubtful.nik_malformed, 0) as bigint) as nik_malformed,
    cast(coalesce(doubtful.nik_repeated, 0) as bigint) as nik_repeated
from people
left join doubtful on people.province_code = doubtful.province_code
