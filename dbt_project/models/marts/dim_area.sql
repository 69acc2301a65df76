with areas as (
    select
        'nation' as area_level,
        'ID' as area_code,
        'Indonesia' as name_id,
        'Indonesia' as name_en,
        cast(null as string) as province_code
    union all
    select
        area_level,
        area_code,
        name as name_id,
        name as name_en,
        coalesce(province_code, area_code) as province_code
    from {{ ref('stg_areas') }}
    where area_level in ('province', 'regency')
)

select
    cycle.cycle,
    areas.area_level,
    areas.area_code,
    areas.name_id,
    areas.name_en,
    areas.province_code
from areas
cross join {{ ref('stg_cycle') }} as cycle
