{# A removed family is replaced at most once, by a family of its own area in the rounds that have one. #}
with paired as (
    select
        programme,
        replaces_family_id,
        selection_round,
        province_code,
        regency_code,
        count(*) over (partition by programme, replaces_family_id) as replacements
    from {{ ref('decisions') }}
    where replaces_family_id is not null
)

select
    paired.programme,
    count(*) as pairs
from paired
left join {{ ref('decisions') }} as removed
    on
        paired.programme = removed.programme
        and paired.replaces_family_id = removed.family_id
        and removed.decision = 'remove'
where
    removed.family_id is null
    or paired.replacements > 1
    or paired.selection_round is null
    or (paired.selection_round = 'regency' and coalesce(removed.regency_code, '') <> paired.regency_code)
    or (paired.selection_round = 'province' and coalesce(removed.province_code, '') <> paired.province_code)
group by paired.programme
