select count(*) as cycles
from {{ ref('stg_cycle') }}
having count(*) <> 1
