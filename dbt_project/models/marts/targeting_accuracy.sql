{# How well the delivered list meets those whom the rules intend, by programme and area: what the cycle found, the
   definitions in _marts.yml. Undecided are the pending and the held. A bound takes all of them to be intended, or none:
   each measure rises or falls steadily between the two, so nothing lies outside.
   Families are counted already (area_counts, decile_coverage); the decisions are read once, for deciles and money. #}
{% set of_deciles = ['poorest_listed', 'poorest_undecided', 'other_listed', 'other_undecided'] %}
{% set of_money = ['poorest_idr', 'poorest_undecided_idr', 'other_idr', 'other_undecided_idr'] %}
{% set poorest = 'welfare_decile <= 4' %}
with decided as (
    select
        programme,
        province_code,
        regency_code,
        decision in ('pending', 'hold') as is_undecided,
        {{ poorest }} as is_poorest,
        count(*) as families,
        sum(coalesce(quarterly_amount_idr, 0)) as amount
    from {{ ref('decisions') }}
    where decision not in ('replace', 'not_in_force')
    group by
        programme,
        province_code,
        regency_code,
        decision in ('pending', 'hold'),
        {{ poorest }}
),

{# A family without a decile is neither poor nor not poor where families are compared; its money is not the poor's. #}
parts as (
    select
        programme,
        province_code,
        regency_code,
        case when is_poorest then families else 0 end as poorest_listed,
        case when is_poorest and is_undecided then families else 0 end as poorest_undecided,
        case when not is_poorest then families else 0 end as other_listed,
        case when not is_poorest and is_undecided then families else 0 end as other_undecided,
        case when is_poorest and not is_undecided then amount else 0 end as poorest_idr,
        case when is_poorest and is_undecided then amount else 0 end as poorest_undecided_idr,
        case when not coalesce(is_poorest, false) and not is_undecided then amount else 0 end as other_idr,
        case when not coalesce(is_poorest, false) and is_undecided then amount else 0 end as other_undecided_idr
    from decided
),

by_area as (
    {{ rolled_up('parts', ['programme'], of_deciles + of_money) }}
),

registry as (
    select
        programme,
        area_level,
        area_code,
        sum(case when {{ poorest }} then families else 0 end) as poorest_families,
        sum(case when not {{ poorest }} then families else 0 end) as other_families
    from {{ ref('decile_coverage') }}
    group by
        programme,
        area_level,
        area_code
),

counted as (
    select
        funnel.cycle,
        funnel.programme,
        funnel.area_level,
        funnel.area_code,
        funnel.quota,
        funnel.kept + funnel.confirmed as intended_listed,
        funnel.replaced + funnel.waiting as intended_unlisted,
        funnel.removed_active + funnel.removed_nominated as not_intended_listed,
        funnel.pending + funnel.held as undecided,
        {% for measure in of_deciles + of_money -%}
        coalesce(by_area.{{ measure }}, 0) as {{ measure }},
        {% endfor -%}
        registry.poorest_families,
        registry.other_families
    from {{ ref('area_counts') }} as funnel
    left join by_area
        on
            funnel.programme = by_area.programme
            and funnel.area_level = by_area.area_level
            and funnel.area_code = by_area.area_code
    left join registry
        on
            funnel.programme = registry.programme
            and funnel.area_level = registry.area_level
            and funnel.area_code = registry.area_code
            and funnel.in_force
),

summed as (
    select
        *,
        intended_listed + not_intended_listed as decided,
        intended_listed + not_intended_listed + undecided as listed,
        intended_listed + intended_unlisted as intended,
        intended_listed + intended_unlisted + undecided as intended_at_most
    from counted
),

measured as (
    select
        *,
        {{ ratio('not_intended_listed', 'decided') }} as inclusion_error,
        {{ ratio('not_intended_listed', 'listed') }} as inclusion_error_lower,
        {{ ratio('not_intended_listed + undecided', 'listed') }} as inclusion_error_upper,
        {{ ratio('intended_unlisted', 'intended') }} as exclusion_error,
        {{ ratio('intended_unlisted', 'intended_at_most') }} as exclusion_error_lower,
        {{ ratio('greatest(0, intended - quota)', 'intended') }} as structural_exclusion,
        {{ ratio('greatest(0, intended_at_most - quota)', 'intended_at_most') }} as structural_exclusion_upper,
        {{ ratio('poorest_listed - poorest_undecided', 'poorest_families - poorest_undecided') }}
        - {{ ratio('other_listed - other_undecided', 'other_families - other_undecided') }} as coverage_gap,
        {{ ratio('poorest_listed - poorest_undecided', 'poorest_families') }}
        - {{ ratio('other_listed', 'other_families') }} as coverage_gap_lower,
        {{ ratio('poorest_listed', 'poorest_families') }}
        - {{ ratio('other_listed - other_undecided', 'other_families') }} as coverage_gap_upper,
        {# A share of the money over 0.40: five halves of it. #}
        {{ ratio('5 * poorest_idr', '2 * (poorest_idr + other_idr)') }} as cgh_index,
        {{ ratio('5 * poorest_idr', '2 * (poorest_idr + other_idr + other_undecided_idr)') }} as cgh_index_lower,
        {{ ratio(
            '5 * (poorest_idr + poorest_undecided_idr)', '2 * (poorest_idr + poorest_undecided_idr + other_idr)'
        ) }} as cgh_index_upper
    from summed
)

select
    cycle,
    programme,
    area_level,
    area_code,
    'rules of the cycle (DTSEN decile, registers, field verification), families, unweighted, at the cutoff'
        as reference,
    cast(listed as bigint) as listed,
    cast(undecided as bigint) as undecided,
    cast(intended_listed as bigint) as intended_listed,
    cast(not_intended_listed as bigint) as not_intended_listed,
    cast(intended as bigint) as intended,
    inclusion_error,
    inclusion_error_lower,
    inclusion_error_upper,
    exclusion_error,
    exclusion_error_lower,
    exclusion_error as exclusion_error_upper,
    structural_exclusion,
    structural_exclusion as structural_exclusion_lower,
    structural_exclusion_upper,
    cast(exclusion_error - structural_exclusion as decimal(18, 9)) as avoidable_exclusion,
    cast(exclusion_error_lower - structural_exclusion_upper as decimal(18, 9)) as avoidable_exclusion_lower,
    cast(exclusion_error - structural_exclusion as decimal(18, 9)) as avoidable_exclusion_upper,
    cast(coverage_gap as decimal(18, 9)) as coverage_gap,
    cast(coverage_gap_lower as decimal(18, 9)) as coverage_gap_lower,
    cast(coverage_gap_upper as decimal(18, 9)) as coverage_gap_upper,
    cgh_index,
    cgh_index_lower,
    cgh_index_upper
from measured
