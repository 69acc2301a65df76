{# Welfare deciles of the families in the cycle before, where its delivery is still held; empty otherwise. #}
with trimmed as (
    select
        {{ trimmed('source.id_keluarga') }} as family_id,
        {{ trimmed('source.desil_nasional') }} as welfare_decile_text
    from {{ source('raw', 'dtsen_keluarga_before') }} as source
    where source.unparsable is null
),

parsed as (
    select
        family_id,
        {{ parse_integer('welfare_decile_text') }} as welfare_decile
    from trimmed
    where {{ is_key('family_id') }}
)

select
    family_id,
    cast(min(welfare_decile) as integer) as welfare_decile
from parsed
where welfare_decile between 1 and 10
group by family_id
having count(distinct welfare_decile) = 1
