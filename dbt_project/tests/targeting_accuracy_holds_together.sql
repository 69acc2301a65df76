{# Counts that add up, as in the funnel; each measure within its bounds; exclusion is its two parts. #}
select
    accuracy.programme,
    count(*) as areas
from {{ ref('targeting_accuracy') }} as accuracy
left join {{ ref('cycle_funnel') }} as funnel
    on
        accuracy.programme = funnel.programme
        and accuracy.area_level = funnel.area_level
        and accuracy.area_code = funnel.area_code
where
    funnel.programme is null
    or accuracy.listed <> funnel.listed - funnel.not_in_force
    or accuracy.listed <> accuracy.intended_listed + accuracy.not_intended_listed + accuracy.undecided
    or accuracy.intended <> accuracy.intended_listed + funnel.replaced + funnel.waiting
    or accuracy.exclusion_error <> accuracy.structural_exclusion + accuracy.avoidable_exclusion
    or accuracy.inclusion_error not between 0 and 1
    or accuracy.exclusion_error not between 0 and 1
    or accuracy.cgh_index not between 0 and 2.5
    {%- for measure in [
        'inclusion_error', 'exclusion_error', 'structural_exclusion', 'avoidable_exclusion', 'coverage_gap', 'cgh_index'
    ] %}
    or accuracy.{{ measure }} not between accuracy.{{ measure }}_lower and accuracy.{{ measure }}_upper
    {%- endfor %}
group by accuracy.programme
