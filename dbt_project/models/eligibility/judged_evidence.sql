{# Evidence against the families that the cycle considers, per programme: the action of its criterion, what cleared it,
   and an open objection that turns removal into a hold. A family outside the registry has no other evidence than
   that. #}
with applying as (
    select
        considered.programme,
        considered.family_id,
        considered.is_listed,
        evidence.criterion,
        evidence.evidence_date,
        evidence.source,
        evidence.file_id,
        criteria.precedence,
        criteria.action,
        criteria.cleared_by_verification,
        criteria.contestable
    from {{ ref('evidence') }} as evidence
    inner join {{ ref('considered_families') }} as considered
        on
            evidence.family_id = considered.family_id
            and (evidence.programme is null or evidence.programme = considered.programme)
            and (considered.in_registry or evidence.criterion in ('NOT_IN_REGISTRY', 'LIST_ROW_REJECTED'))
    inner join {{ ref('criteria_in_force') }} as criteria
        on
            evidence.criterion = criteria.criterion
            and (criteria.programme is null or considered.programme = criteria.programme)
),

open_objections as (
    select distinct
        objections.family_id,
        objections.criterion
    from {{ ref('objections') }} as objections
    cross join {{ ref('stg_cycle') }} as cycle
    where
        objections.ruling = 'open'
        and {{ within_days('objections.lodged_on', 'cycle.objection_open_days', 'cycle.cutoff') }}
),

cleared as (
    select
        applying.*,
        case
            when
                applying.cleared_by_verification
                and verifications.result = 'eligible'
                and verifications.verified_on >= applying.evidence_date
                then 'verification'
            when applying.contestable and upheld.family_id is not null then 'objection'
        end as cleared_by,
        open_objections.family_id is not null as is_contested
    from applying
    left join {{ ref('verifications') }} as verifications on applying.family_id = verifications.family_id
    left join {{ ref('upheld_objections') }} as upheld
        on applying.family_id = upheld.family_id and applying.criterion = upheld.criterion
    left join open_objections
        on applying.family_id = open_objections.family_id and applying.criterion = open_objections.criterion
)

select
    programme,
    family_id,
    is_listed,
    criterion,
    precedence,
    case
        when action = 'remove' and contestable and is_contested and cleared_by is null then 'hold'
        else action
    end as action,
    evidence_date,
    source,
    file_id,
    cleared_by is not null as cleared,
    cleared_by
from cleared
