{# Zero or one row: the newest released cycle before this one, and how many families it accepted. #}
select
    cycle,
    families
from {{ source('released', 'cycle') }}
