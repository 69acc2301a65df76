with staying as (
    select
        programme,
        family_id,
        new_status,
        payable
    from {{ ref('decisions') }}
    where decision <> 'remove'
)

select
    coalesce(staying.programme, next_list.programme) as programme,
    count(*) as families
from staying
full outer join {{ ref('next_list') }} as next_list
    on staying.programme = next_list.programme and staying.family_id = next_list.family_id
where
    staying.family_id is null
    or next_list.family_id is null
    or staying.new_status <> next_list.status
    or staying.payable <> next_list.payable
group by coalesce(staying.programme, next_list.programme)
