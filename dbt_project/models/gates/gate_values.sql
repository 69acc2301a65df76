{# One row per gate with a single value: what was measured, where it is worst, and whether there was
   something to compare with.
   The gates by source, regency and decile are judged on the rows of their own tables. #}
{% set of_nothing = "case when gate in ('replacement_fill', 'verification_coverage') then 1 else 0 end" %}
with held as (
    select
        (select count(*) from {{ ref('stg_released_cycle') }}) > 0 as released_cycle,
        (select count(*) from {{ ref('stg_families_before') }}) > 0 as families_before
),

shares as (
    select
        gate,
        place,
        numerator,
        denominator,
        {{ share('numerator', 'denominator', of_nothing) }} as value
    from {{ ref('gate_parts') }}
),

ranked_shares as (
    select
        gate,
        place,
        row_number() over (
            partition by gate
            order by
                case when gate in ('replacement_fill', 'verification_coverage') then -value else value end desc,
                place asc
        ) as worst_first
    from shares
    where place is not null and denominator > 0
),

violations as (
    select
        'conservation' as gate,
        place,
        violations
    from {{ ref('conservation_violations') }}
    union all
    select
        gate,
        place,
        violations
    from {{ ref('list_violations') }}
),

ranked_violations as (
    select
        gate,
        place,
        violations,
        row_number() over (partition by gate order by violations desc, place asc) as worst_first
    from violations
),

counted_gates as (
    {% for gate in ['conservation', 'quota_respected', 'no_excluded_on_list', 'unlisted_rows'] -%}
    select '{{ gate }}' as gate
    {% if not loop.last %}union all
    {% endif -%}
    {% endfor %}
),

counts as (
    select
        counted_gates.gate,
        coalesce(sum(ranked_violations.violations), 0) as violations,
        max(case when ranked_violations.worst_first = 1 then ranked_violations.place end) as worst
    from counted_gates
    left join ranked_violations on counted_gates.gate = ranked_violations.gate
    group by counted_gates.gate
)

select
    shares.gate,
    shares.value,
    cast(shares.numerator as bigint) as numerator,
    cast(shares.denominator as bigint) as denominator,
    ranked_shares.place as worst,
    case
        when shares.gate in ('family_count_drift', 'list_drift') then held.released_cycle
        when shares.gate = 'decile_jump' then held.families_before
        else true
    end as has_reference
from shares
cross join held
left join ranked_shares on shares.gate = ranked_shares.gate and ranked_shares.worst_first = 1
where shares.place is null
union all
select
    gate,
    cast(violations as decimal(18, 9)) as value,
    cast(violations as bigint) as numerator,
    cast(null as bigint) as denominator,
    worst,
    true as has_reference
from counts
