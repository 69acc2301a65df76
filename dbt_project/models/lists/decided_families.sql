{# One row per programme and listed family, and one per family that takes a place: what was decided, and what the next
   list takes over. The views decisions and next_list add what follows from it. #}
{{ config(materialized='view') }}
select
    *,
    cast(null as string) as selection_round,
    cast(null as bigint) as selection_rank,
    cast(null as string) as replaces_family_id
from {{ ref('listed_decisions') }}
union all
select * from {{ ref('replacements') }}
