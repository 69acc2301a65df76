{# "What must always hold" of the decision rules, counted: one row per rule and place where it was broken;
   no row, nothing broken.
   That a programme keeps to its quota is in list_violations; that selections keep to their order is a test of the lists. #}
{{ config(pre_hook="{{ at_least_threads(3) }}", post_hook="{{ at_least_threads(1) }}") }}
with households as (
    select
        'dtsen_keluarga' as source,
        count(*) as accepted
    from {{ ref('families') }}
    union all
    select
        'dtsen_individu' as source,
        coalesce(sum(accepted_persons), 0) as accepted
    from {{ ref('families') }}
),

entries as (
    select
        programme,
        family_id,
        true as is_listed,
        false as is_decided,
        false as is_selected,
        false as stays,
        false as is_on_next_list
    from {{ ref('listed_families') }}
    union all
    select
        programme,
        family_id,
        false as is_listed,
        true as is_decided,
        decision = 'replace' as is_selected,
        coalesce(decision <> 'remove', true) as stays,
        false as is_on_next_list
    from {{ ref('decisions') }}
    union all
    select
        programme,
        family_id,
        false as is_listed,
        false as is_decided,
        false as is_selected,
        false as stays,
        true as is_on_next_list
    from {{ ref('next_list') }}
),

misplaced as (
    select
        programme,
        family_id
    from entries
    group by
        programme,
        family_id
    having
        count(case when is_decided then 1 end) <> 1
        or count(case when is_listed or is_selected then 1 end) <> 1
        or count(case when stays then 1 end) <> count(case when is_on_next_list then 1 end)
),

decided as (
    select
        programme,
        province_code,
        regency_code,
        case when decision = 'replace' then 0 else 1 end as listed,
        case when decision = 'remove' then 0 else 1 end as next_list_families
    from {{ ref('decisions') }}
),

counted as (
    {{ rolled_up('decided', ['programme'], ['listed', 'next_list_families']) }}
),

signed as (
    select
        programme,
        area_level,
        area_code,
        listed,
        next_list_families
    from counted
    union all
    select
        programme,
        area_level,
        area_code,
        -listed as listed,
        -next_list_families as next_list_families
    from {{ ref('area_counts') }}
),

uneven as (
    select
        programme,
        area_level,
        area_code
    from signed
    group by
        programme,
        area_level,
        area_code
    having sum(listed) <> 0 or sum(next_list_families) <> 0
    union all
    select
        programme,
        area_level,
        area_code
    from {{ ref('area_counts') }}
    where
        listed <> kept + confirmed + pending + held + removed_active + removed_nominated + not_in_force
        or next_list_families <> kept + confirmed + pending + held + replaced + not_in_force
),

selected_with_evidence as (
    select distinct
        selected.programme,
        selected.family_id
    from {{ ref('decisions') }} as selected
    inner join {{ ref('judged_evidence') }} as evidence
        on selected.programme = evidence.programme and selected.family_id = evidence.family_id
    where selected.decision = 'replace' and not evidence.cleared
),

removed_without_evidence as (
    select
        removed.programme,
        removed.family_id
    from {{ ref('decisions') }} as removed
    where
        removed.decision = 'remove'
        and not exists (
            select 1
            from {{ ref('decision_evidence') }} as evidence
            where
                evidence.programme = removed.programme
                and evidence.family_id = removed.family_id
                and evidence.criterion = removed.primary_reason
                and evidence.action = 'remove'
                and not evidence.cleared
                and evidence.evidence_date is not null
                and evidence.source is not null
        )
)

{# delivered = accepted + rejected, per source #}
select
    'delivered ' || source as place,
    cast(coalesce(abs(delivered - accepted - rejected), 1) as bigint) as violations
from {{ ref('evidence_sources') }}
where not coalesce(delivered = accepted + rejected, false)
union all
{# accepted rows reach the households: none lost, none added on the way #}
select
    'accepted ' || households.source as place,
    cast(abs(households.accepted - coalesce(sources.accepted, 0)) as bigint) as violations
from households
left join {{ ref('evidence_sources') }} as sources on households.source = sources.source
where households.accepted <> coalesce(sources.accepted, 0)
union all
{# one decision for every listed family and for no other but the selected; who stays is on the next list, once #}
select
    'families ' || programme as place,
    count(*) as violations
from misplaced
group by programme
union all
{# listed and next list as the sums of their decisions, in the funnel and against the decisions #}
select
    'funnel ' || programme || ' ' || area_code as place,
    count(*) as violations
from uneven
group by
    programme,
    area_code
union all
{# no selected family has uncleared evidence #}
select
    'selected ' || programme as place,
    count(*) as violations
from selected_with_evidence
group by programme
union all
{# every removal has a criterion, a date and a source #}
select
    'removed ' || programme as place,
    count(*) as violations
from removed_without_evidence
group by programme
