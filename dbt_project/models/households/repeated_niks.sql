{# NIK that more than one accepted person has, and in how many families. They are few: families are counted for them
   alone. #}
{{ config(pre_hook="{{ at_least_threads(3) }}", post_hook="{{ at_least_threads(1) }}") }}
with repeated as (
    select nik
    from {{ ref('stg_persons') }}
    where nik is not null
    group by nik
    having count(*) > 1
)

select
    persons.nik,
    count(*) as persons,
    count(distinct persons.family_key) as families
from {{ ref('stg_persons') }} as persons
inner join repeated on persons.nik = repeated.nik
group by persons.nik
