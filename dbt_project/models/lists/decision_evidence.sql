{# The evidence behind the decisions: of every listed or selected family, cleared evidence included, with the delivery
   that shows it (the source's first delivery of the cycle, where absence shows it). regency_code orders the files
   alone. #}
with first_delivery as (
    select
        files.source,
        min_by(files.delivery_digest, files.file_id) as delivery_digest
    from {{ ref('stg_files') }} as files
    inner join {{ ref('stg_cycle') }} as cycle on files.delivery_cycle = cycle.cycle
    group by files.source
)

select
    decisions.cycle,
    decisions.programme,
    decisions.family_id,
    evidence.criterion,
    evidence.action,
    evidence.evidence_date,
    evidence.source,
    coalesce(files.delivery_digest, first_delivery.delivery_digest) as delivery_digest,
    evidence.cleared,
    evidence.cleared_by,
    decisions.regency_code
from {{ ref('decisions') }} as decisions
inner join {{ ref('judged_evidence') }} as evidence
    on decisions.programme = evidence.programme and decisions.family_id = evidence.family_id
left join {{ ref('stg_files') }} as files on evidence.file_id = files.file_id
left join first_delivery on evidence.source = first_delivery.source
