{# What each list becomes: every listed family that stays, and every one that takes a place. regency_code orders the
   files alone. #}
select
    decisions.programme,
    decisions.family_id,
    decisions.new_status as status,
    case when decisions.decision = 'replace' then cycle.cutoff else listed.listed_since end as listed_since,
    listed.channel,
    decisions.village_code,
    decisions.payable,
    decisions.payee_person_id,
    decisions.quarterly_amount_idr,
    decisions.regency_code
from {{ ref('decisions') }} as decisions
cross join {{ ref('stg_cycle') }} as cycle
left join {{ ref('listed_decisions') }} as listed
    on decisions.programme = listed.programme and decisions.family_id = listed.family_id
where decisions.decision <> 'remove'
