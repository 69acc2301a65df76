select
    waiting_list.programme,
    count(*) as families
from {{ ref('waiting_list') }} as waiting_list
inner join {{ ref('decisions') }} as decisions
    on waiting_list.programme = decisions.programme and waiting_list.family_id = decisions.family_id
group by waiting_list.programme
