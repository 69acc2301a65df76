{# Programme and family pairs that the cycle judges: the listed, and the unlisted that are ranked inside the programme's
   deciles. #}
select
    listed.programme,
    listed.family_id,
    true as is_listed,
    listed.in_registry
from {{ ref('listed_families') }} as listed
where listed.in_force
union all
select
    programmes.programme,
    families.family_id,
    false as is_listed,
    true as in_registry
from {{ ref('families') }} as families
inner join {{ ref('programmes_in_force') }} as programmes
    on families.welfare_decile between programmes.decile_min and programmes.decile_max
left join {{ ref('listed_families') }} as listed
    on programmes.programme = listed.programme and families.family_id = listed.family_id
where programmes.in_force and listed.family_id is null
