{# The areas of a village by its code, the village's own cut short. Tables keep the village alone. #}
{% macro province_of(village_code) -%}substr({{ village_code }}, 1, 2){%- endmacro %}
{% macro regency_of(village_code) -%}substr({{ village_code }}, 1, 4){%- endmacro %}
{% macro district_of(village_code) -%}substr({{ village_code }}, 1, 6){%- endmacro %}

{# Rolls rows that carry province_code and regency_code up to the three area levels: nation, province, regency.
   Rows of unknown area count in the nation alone. measures: columns to sum; by: further columns of the grain.
   The rows are summed once, by regency. #}
{% macro rolled_up(relation, by, measures) %}
with by_regency as (
    select
        {{ by | join(',\n        ') }},
        province_code,
        regency_code
        {%- for measure in measures %},
        sum({{ measure }}) as {{ measure }}
        {%- endfor %}
    from {{ relation }}
    group by
        {{ by | join(',\n        ') }},
        province_code,
        regency_code
)

{% for level, code, condition in [
    ('nation', "'ID'", none),
    ('province', 'province_code', 'province_code is not null'),
    ('regency', 'regency_code', 'regency_code is not null')
] %}
select
    {% for column in by %}{{ column }},
    {% endfor -%}
    '{{ level }}' as area_level,
    {{ code }} as area_code
    {%- for measure in measures %},
    sum({{ measure }}) as {{ measure }}
    {%- endfor %}
from by_regency
{% if condition %}where {{ condition }}
{% endif -%}
group by
    {% for column in by %}{{ column }}{{ ',' if not loop.last or level != 'nation' }}
    {% endfor -%}
    {% if level != 'nation' %}{{ code }}{% endif %}
{% if not loop.last %}union all{% endif %}
{% endfor %}
{% endmacro %}
