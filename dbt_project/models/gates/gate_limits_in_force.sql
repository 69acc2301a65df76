{# Limits of the gates in force in the cycle: of several dated rows of a gate the newest holds. #}
with dated as (
    select
        limits.gate,
        limits.lower,
        limits.upper,
        limits.severity,
        row_number() over (partition by limits.gate order by limits.valid_from desc) as newest
    from {{ ref('gate_limits') }} as limits
    inner join {{ ref('stg_cycle') }} as cycle on {{ in_force('limits', 'cycle') }}
)

select
    gate,
    lower,
    upper,
    severity
from dated
where newest = 1
