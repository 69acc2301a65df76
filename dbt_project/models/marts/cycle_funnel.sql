select *
from {{ ref('area_counts') }}
