{# Exactly one decision for each listed family and programme: the first rule that matches (decision rules, Decisions).
   Where a programme is not in force nothing is weighed: neither reasons, nor an amount, nor a payee. #}
with judged as (
    select
        listed.programme,
        listed.family_id,
        listed.previous_status,
        listed.listed_since,
        listed.channel,
        listed.village_code,
        listed.welfare_decile,
        listed.welfare_rank,
        listed.priority_class,
        case when listed.in_force then listed.payee_person_id end as payee_person_id,
        case when listed.in_force then listed.quarterly_amount_idr end as quarterly_amount_idr,
        case when listed.in_force then verdicts.reasons end as reasons,
        verdicts.first_criterion,
        coalesce(verdicts.has_review, false) as has_review,
        case
            when not listed.in_force then 'not_in_force'
            when verdicts.has_remove then 'remove'
            when verdicts.has_hold then 'hold'
            when
                listed.previous_status = 'nominated'
                and not coalesce(
                    verifications.result = 'eligible' and verifications.verified_on >= listed.listed_since,
                    false
                )
                then 'pending'
            when listed.previous_status = 'nominated' then 'confirm'
            else 'keep'
        end as decision
    from {{ ref('listed_families') }} as listed
    left join {{ ref('verdicts') }} as verdicts
        on listed.programme = verdicts.programme and listed.family_id = verdicts.family_id
    left join {{ ref('verifications') }} as verifications on listed.family_id = verifications.family_id
)

select
    programme,
    family_id,
    village_code,
    welfare_decile,
    welfare_rank,
    priority_class,
    previous_status,
    decision,
    case decision
        when 'pending' then 'VERIFICATION_PENDING'
        when 'confirm' then 'VERIFIED'
        when 'keep' then 'STILL_ELIGIBLE'
        when 'remove' then first_criterion
        when 'hold' then first_criterion
    end as primary_reason,
    reasons,
    decision in ('hold', 'pending', 'confirm', 'keep') and has_review as review,
    case decision
        when 'remove' then null
        when 'confirm' then 'active'
        when 'keep' then 'active'
        else previous_status
    end as new_status,
    listed_since,
    channel,
    quarterly_amount_idr,
    payee_person_id
from judged
