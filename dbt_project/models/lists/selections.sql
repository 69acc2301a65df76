{# The candidates that take a place, with the round in which they were selected: regency, province, national. Only where
   places are left over are those that remain put in order again. #}
with in_regency as (
    select
        candidates.*,
        coalesce(regencies.places, 0) as places
    from {{ ref('candidates') }} as candidates
    left join {{ ref('regency_places') }} as regencies
        on candidates.programme = regencies.programme and candidates.regency_code = regencies.regency_code
),

selected_in_regency as (
    select
        programme,
        regency_code,
        count(*) as selected
    from in_regency
    where regency_order <= places
    group by
        programme,
        regency_code
),

province_places as (
    select
        regencies.programme,
        regencies.province_code,
        sum(regencies.places - coalesce(selected.selected, 0)) as places
    from {{ ref('regency_places') }} as regencies
    left join selected_in_regency as selected
        on regencies.programme = selected.programme and regencies.regency_code = selected.regency_code
    group by
        regencies.programme,
        regencies.province_code
),

in_province as (
    select
        remaining.programme,
        remaining.family_id,
        remaining.province_code,
        remaining.regency_code,
        remaining.selection_order,
        provinces.places,
        row_number() over (partition by remaining.programme, remaining.province_code order by remaining.selection_order)
            as province_order
    from in_regency as remaining
    inner join province_places as provinces
        on remaining.programme = provinces.programme and remaining.province_code = provinces.province_code
    where remaining.regency_order > remaining.places and provinces.places > 0
),

selected_before_nation as (
    select
        programme,
        family_id,
        province_code,
        regency_code,
        selection_order,
        'regency' as selection_round
    from in_regency
    where regency_order <= places
    union all
    select
        programme,
        family_id,
        province_code,
        regency_code,
        selection_order,
        'province' as selection_round
    from in_province
    where province_order <= places
),

national_places as (
    select
        programmes.programme,
        max(programmes.vacancies) - count(selected.programme) as places
    from {{ ref('programme_places') }} as programmes
    left join selected_before_nation as selected on programmes.programme = selected.programme
    group by programmes.programme
),

in_nation as (
    select
        remaining.programme,
        remaining.family_id,
        remaining.province_code,
        remaining.regency_code,
        remaining.selection_order,
        national.places,
        row_number() over (partition by remaining.programme order by remaining.selection_order) as national_order
    from in_regency as remaining
    inner join national_places as national on remaining.programme = national.programme
    left join selected_before_nation as selected
        on
            selected.selection_round = 'province'
            and remaining.programme = selected.programme
            and remaining.family_id = selected.family_id
    where remaining.regency_order > remaining.places and national.places > 0 and selected.family_id is null
),

selected as (
    select * from selected_before_nation
    union all
    select
        programme,
        family_id,
        province_code,
        regency_code,
        selection_order,
        'national' as selection_round
    from in_nation
    where national_order <= places
)

select
    *,
    row_number() over (partition by programme order by selection_order) as selection_rank
from selected
