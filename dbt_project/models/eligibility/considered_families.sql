{# Programme and family pairs that the cycle judges: the listed, and the unlisted that are ranked inside the programme's
   deciles. #}
{{ config(materialized='view') }}
select
    programme,
    family_id,
    true as is_listed,
    in_registry
from {{ ref('listed_families') }}
where in_force
union all
select
    programme,
    family_id,
    false as is_listed,
    true as in_registry
from {{ ref('unlisted_families') }}
