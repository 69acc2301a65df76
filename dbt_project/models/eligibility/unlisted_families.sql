{# Programme and family pairs of families on no list of the programme that are ranked inside its deciles. #}
select
    programmes.programme,
    families.family_id
from {{ ref('families') }} as families
inner join {{ ref('programmes_in_force') }} as programmes
    on families.welfare_decile between programmes.decile_min and programmes.decile_max
left join {{ ref('listed_families') }} as listed
    on programmes.programme = listed.programme and families.family_id = listed.family_id
where programmes.in_force and listed.family_id is null
