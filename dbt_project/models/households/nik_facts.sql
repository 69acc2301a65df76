{# One row per well-formed NIK of which anything is known that few have: several persons have it, several families, it
   does not match the civil registry, or a death was registered. Persons look all of it up at once. #}
with facts as (
    select
        nik,
        1 as is_repeated,
        case when families > 1 then 1 else 0 end as is_shared_across,
        0 as is_unmatched,
        0 as is_of_death
    from {{ ref('repeated_niks') }}
    union all
    select
        {{ parse_nik('nik') }} as nik,
        0 as is_repeated,
        0 as is_shared_across,
        1 as is_unmatched,
        0 as is_of_death
    from {{ ref('unmatched_niks') }}
    union all
    select
        {{ parse_nik('nik') }} as nik,
        0 as is_repeated,
        0 as is_shared_across,
        0 as is_unmatched,
        1 as is_of_death
    from {{ ref('deaths') }}
)

select
    nik,
    max(is_repeated) = 1 as is_repeated,
    max(is_shared_across) = 1 as is_shared_across,
    max(is_unmatched) = 1 as is_unmatched,
    max(is_of_death) = 1 as is_of_death
from facts
where nik is not null
group by nik
