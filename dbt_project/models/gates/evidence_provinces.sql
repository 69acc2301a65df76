{# One row per province: accepted persons, those whose NIK is not well formed (an empty one is not counted),
   and those whose well-formed NIK another accepted person has, in the same family or another. #}
with people as (
    select
        {{ province_of('village_code') }} as province_code,
        sum(accepted_persons) as persons
    from {{ ref('families') }}
    group by {{ province_of('village_code') }}
),

doubtful as (
    select
        {{ province_of('families.village_code') }} as province_code,
        sum(case when persons.nik_repeated then 0 else 1 end) as nik_malformed,
        sum(case when persons.nik_repeated then 1 else 0 end) as nik_repeated
    from {{ ref('persons') }} as persons
    inner join {{ ref('families') }} as families on persons.family_key = families.family_key
    where persons.nik_repeated or persons.nik_ill_formed
    group by {{ province_of('families.village_code') }}
)

select
    people.province_code,
    cast(people.persons as bigint) as persons,
    cast(coalesce(doubtful.nik_malformed, 0) as bigint) as nik_malformed,
    cast(coalesce(doubtful.nik_repeated, 0) as bigint) as nik_repeated
from people
left join doubtful on people.province_code = doubtful.province_code
