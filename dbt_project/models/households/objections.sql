{# One row per objection as it stands at the cutoff: the newest counting ruling, else open.
   Rows of one open objection that differ each stay, in the family's favour. #}
with lodged as (
    select
        objections.objection_id,
        objections.family_id,
        objections.criterion,
        objections.lodged_on,
        objections.file_id,
        case when objections.decided_on <= cycle.cutoff and objections.ruling is not null then objections.decided_on end
            as decided_on,
        case when objections.decided_on <= cycle.cutoff then objections.ruling end as ruling
    from {{ ref('stg_objections') }} as objections
    cross join {{ ref('stg_cycle') }} as cycle
    where objections.lodged_on <= cycle.cutoff
),

ranked as (
    select
        *,
        rank() over (
            partition by objection_id
            order by decided_on desc nulls last, case ruling when 'upheld' then 1 when 'rejected' then 2 else 3 end
        ) as newest
    from lodged
)

select distinct
    objection_id,
    family_id,
    criterion,
    lodged_on,
    decided_on,
    coalesce(ruling, 'open') as ruling
from ranked
where newest = 1
