select *
from {{ ref('list_comparison') }}
