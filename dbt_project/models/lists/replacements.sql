{# One row per programme and family that takes a place, in the columns of listed_decisions, with the round in which it
   was selected and whose place it takes. #}
select
    selections.programme,
    selections.family_id,
    families.village_code,
    families.welfare_decile,
    families.welfare_rank,
    families.priority_class,
    cast(null as string) as previous_status,
    'replace' as decision,
    cast(null as string) as primary_reason,
    cast(null as string) as reasons,
    false as review,
    'nominated' as new_status,
    cycle.cutoff as listed_since,
    cast(null as string) as channel,
    case
        when programmes.amount_basis = 'component' then families.pkh_quarterly_amount_idr
        else programmes.quarterly_amount_idr
    end as quarterly_amount_idr,
    families.payee_person_id,
    selections.selection_round,
    selections.selection_rank,
    replaced.replaces_family_id
from {{ ref('selections') }} as selections
cross join {{ ref('stg_cycle') }} as cycle
inner join {{ ref('programmes_in_force') }} as programmes on selections.programme = programmes.programme
inner join {{ ref('families') }} as families on selections.family_id = families.family_id
left join {{ ref('replaced_families') }} as replaced
    on selections.programme = replaced.programme and selections.family_id = replaced.family_id
