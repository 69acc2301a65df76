select *
from {{ ref('stg_row_counts') }}
