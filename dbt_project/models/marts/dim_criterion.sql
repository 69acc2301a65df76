select
    cycle.cycle,
    in_force.criterion,
    in_force.precedence,
    in_force.action,
    in_force.programme,
    in_force.cleared_by_verification,
    in_force.contestable,
    names.is_register,
    names.siks_status,
    names.name_id,
    names.name_en,
    names.sentence_id,
    names.sentence_en,
    names.legal_basis
from {{ ref('criteria_in_force') }} as in_force
cross join {{ ref('stg_cycle') }} as cycle
inner join {{ ref('criteria') }} as names
    on in_force.criterion = names.criterion and {{ in_force('names', 'cycle') }}
where
    not exists (
        select 1
        from {{ ref('criteria') }} as newer
        where
            newer.criterion = names.criterion
            and newer.valid_from > names.valid_from
            and {{ in_force('newer', 'cycle') }}
    )
