{# The Kemendagri region reference: provinces, regencies, districts and villages. #}
select
    area_code,
    area_level,
    name,
    case when area_level <> 'province' then substr(area_code, 1, 2) end as province_code
from {{ source('reference', 'areas') }}
