{# One row per programme and listed family, and one per family that takes a place: what was decided, and what the next
   list takes over. The views decisions and next_list add what follows from it. #}
with cycle as (
    select * from {{ ref('stg_cycle') }}
),

listed as (
    select
        decisions.programme,
        decisions.family_id,
        decisions.village_code,
        decisions.previous_status,
        decisions.decision,
        decisions.primary_reason,
        decisions.reasons,
        decisions.review,
        decisions.new_status,
        decisions.listed_since,
        decisions.channel,
        cast(null as string) as selection_round,
        cast(null as bigint) as selection_rank,
        cast(null as string) as replaces_family_id
    from {{ ref('listed_decisions') }} as decisions
),

replacements as (
    select
        selections.programme,
        selections.family_id,
        families.village_code,
        cast(null as string) as previous_status,
        'replace' as decision,
        cast(null as string) as primary_reason,
        cast(null as string) as reasons,
        false as review,
        'nominated' as new_status,
        cycle.cutoff as listed_since,
        cast(null as string) as channel,
        selections.selection_round,
        selections.selection_rank,
        replaced.replaces_family_id
    from {{ ref('selections') }} as selections
    cross join cycle
    inner join {{ ref('families') }} as families on selections.family_id = families.family_id
    left join {{ ref('replaced_families') }} as replaced
        on selections.programme = replaced.programme and selections.family_id = replaced.family_id
),

decided as (
    select * from listed
    union all
    select * from replacements
)

select
    decided.programme,
    decided.family_id,
    decided.village_code,
    families.welfare_decile,
    families.welfare_rank,
    families.priority_class,
    decided.previous_status,
    decided.decision,
    decided.primary_reason,
    case when decided.decision <> 'not_in_force' then decided.reasons end as reasons,
    decided.review,
    decided.new_status,
    decided.listed_since,
    decided.channel,
    case
        when decided.decision = 'not_in_force' then null
        when programmes.amount_basis = 'component' then families.pkh_quarterly_amount_idr
        else programmes.quarterly_amount_idr
    end as quarterly_amount_idr,
    case when decided.decision <> 'not_in_force' then families.payee_person_id end as payee_person_id,
    decided.selection_round,
    decided.selection_rank,
    decided.replaces_family_id
from decided
inner join {{ ref('programmes_in_force') }} as programmes on decided.programme = programmes.programme
left join {{ ref('families') }} as families on decided.family_id = families.family_id
