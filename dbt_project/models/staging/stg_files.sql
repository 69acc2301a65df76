{# Every data file that was ingested; file_id ascends with the bytes of the path within a source and cycle. #}
select
    file_id,
    source,
    delivery_cycle,
    delivery_digest,
    path,
    decimal_comma
from {{ source('raw', 'files') }}
