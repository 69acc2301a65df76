{# Well-formed NIK that more than one accepted person has, and in how many families. #}
select
    nik,
    count(*) as persons,
    count(distinct family_id) as families
from {{ ref('stg_persons') }}
where nik_well_formed
group by nik
having count(*) > 1
