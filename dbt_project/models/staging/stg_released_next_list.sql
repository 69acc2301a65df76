{# What the newest release before this cycle said that the lists would become; empty when there is none. #}
{{ config(materialized='view') }}
select
    programme,
    family_id,
    status,
    village_code
from {{ source('released', 'next_list') }}
