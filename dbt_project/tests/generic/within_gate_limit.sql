{# The one value of a gate lies within the gate's limits in force, bounds included; no value, or no limit, fails.
   `row` picks the gate's row in the model, `value` names the column. #}
{% test within_gate_limit(model, gate, row=none, value='value') %}
with measured as (
    select {{ value }} as value
    from {{ model }}
    where {{ row or "gate = '" ~ gate ~ "'" }}
)

select count(*) as within_limit
from measured
cross join {{ ref('gate_limits_in_force') }} as limits
where
    limits.gate = '{{ gate }}'
    and measured.value >= coalesce(limits.lower, measured.value)
    and measured.value <= coalesce(limits.upper, measured.value)
having count(*) <> 1
{% endtest %}
