{# What each list becomes: every listed family that stays, and every one that takes a place. regency_code orders the
   files alone. #}
{{ config(materialized='view') }}
select
    programme,
    family_id,
    new_status as status,
    listed_since,
    channel,
    village_code,
    decision in ('keep', 'confirm') as payable,
    payee_person_id,
    quarterly_amount_idr,
    {{ regency_of('village_code') }} as regency_code
from {{ ref('decided_families') }}
where decision <> 'remove'
