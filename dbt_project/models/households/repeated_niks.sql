{# Well-formed NIK that more than one accepted person has, and in how many families. They are few: families are
   counted for them alone. #}
with repeated as (
    select nik
    from {{ ref('stg_persons') }}
    where nik_well_formed
    group by nik
    having count(*) > 1
)

select
    persons.nik,
    count(*) as persons,
    count(distinct persons.family_id) as families
from {{ ref('stg_persons') }} as persons
inner join repeated on persons.nik = repeated.nik
where persons.nik_well_formed
group by persons.nik
