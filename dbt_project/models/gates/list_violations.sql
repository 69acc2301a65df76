{# What the next lists must never hold or lose, counted: one row per gate and place where they do;
   no row, nothing broken. #}
with programmes as (
    select programme
    from {{ ref('programmes_in_force') }}
    where in_force
),

staying as (
    select
        programme,
        sum(case when decision in ('keep', 'confirm', 'pending', 'hold') then 1 else 0 end) as occupied
    from {{ ref('decisions') }}
    group by programme
),

listed_next as (
    select
        next_list.programme,
        count(*) as families
    from {{ ref('next_list') }} as next_list
    inner join programmes on next_list.programme = programmes.programme
    group by next_list.programme
),

beyond_quota as (
    select
        listed_next.programme,
        listed_next.families
        - case
            when coalesce(places.quota, 0) > coalesce(staying.occupied, 0) then coalesce(places.quota, 0)
            else coalesce(staying.occupied, 0)
        end as families
    from listed_next
    left join {{ ref('programme_places') }} as places on listed_next.programme = places.programme
    left join staying on listed_next.programme = staying.programme
),

excluded_on_list as (
    select distinct
        next_list.programme,
        next_list.family_id
    from {{ ref('next_list') }} as next_list
    inner join programmes on next_list.programme = programmes.programme
    inner join {{ ref('judged_evidence') }} as evidence
        on next_list.programme = evidence.programme and next_list.family_id = evidence.family_id
    where evidence.action = 'remove' and not evidence.cleared
)

{# families beyond the greater of the quota and the places that stay occupied #}
select
    'quota_respected' as gate,
    programme as place,
    cast(families as bigint) as violations
from beyond_quota
where families > 0
union all
{# families with uncleared evidence to remove them; an open objection makes it evidence to hold them #}
select
    'no_excluded_on_list' as gate,
    programme as place,
    count(*) as violations
from excluded_on_list
group by programme
union all
{# rejected rows of the list that name nobody: whoever they meant is lost #}
select
    'unlisted_rows' as gate,
    rule as place,
    count(*) as violations
from {{ ref('stg_list_rejected') }}
where rule <> 'superseded' and not coalesce(names_family, false)
group by rule
