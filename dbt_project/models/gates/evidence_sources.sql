{# One row per source: rows delivered, accepted and rejected, the share rejected (0 of nothing),
   and the rule that rejected most. #}
with quality as (
    select
        source,
        rule,
        delivered,
        accepted,
        rejected,
        substr(rule, 1, 5) = 'flag_' as is_flag,
        row_number() over (
            partition by source
            order by case when substr(rule, 1, 5) = 'flag_' then 0 else rejected end desc, rule asc
        ) as most_first
    from {{ ref('stg_row_counts') }}
),

counted as (
    select
        source,
        max(delivered) as delivered,
        max(accepted) as accepted,
        sum(case when is_flag then 0 else rejected end) as rejected,
        max(case when most_first = 1 and rejected > 0 and not is_flag then rule end) as worst_rule
    from quality
    group by source
)

select
    source,
    delivered,
    accepted,
    cast(rejected as bigint) as rejected,
    {{ share('rejected', 'delivered') }} as rejected_share,
    worst_rule
from counted
