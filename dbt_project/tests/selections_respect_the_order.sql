{# Of each round and area, the last selected family against the first that was not selected at all. #}
with remaining as (
    select
        candidates.programme,
        candidates.province_code,
        candidates.regency_code,
        min(candidates.selection_order) as first_waiting
    from {{ ref('candidates') }} as candidates
    where
        not exists (
            select 1
            from {{ ref('selections') }} as selections
            where selections.programme = candidates.programme and selections.family_id = candidates.family_id
        )
    group by
        candidates.programme,
        candidates.province_code,
        candidates.regency_code
),

selected as (
    select
        programme,
        selection_round,
        case when selection_round <> 'national' then province_code end as province_code,
        case when selection_round = 'regency' then regency_code end as regency_code,
        max(selection_order) as last_selected
    from {{ ref('selections') }}
    group by
        programme,
        selection_round,
        case when selection_round <> 'national' then province_code end,
        case when selection_round = 'regency' then regency_code end
)

select
    selected.programme,
    selected.selection_round,
    count(*) as areas
from selected
inner join remaining
    on
        selected.programme = remaining.programme
        and (selected.province_code is null or selected.province_code = remaining.province_code)
        and (selected.regency_code is null or selected.regency_code = remaining.regency_code)
where remaining.first_waiting < selected.last_selected
group by
    selected.programme,
    selected.selection_round
