{# Completed years from a date of birth to a day. #}
{% macro age_in_years(birth_date, on) -%}
    cast(
        extract(year from {{ on }}) - extract(year from {{ birth_date }})
        - case
            when extract(month from {{ on }}) * 100 + extract(day from {{ on }})
                < extract(month from {{ birth_date }}) * 100 + extract(day from {{ birth_date }}) then 1
            else 0
        end as integer
    )
{%- endmacro %}

{# Whether a date lies within a number of days up to the cutoff, both ends included (decision rules, Time). #}
{% macro within_days(day, days, cutoff) -%}
    ({{ day }} <= {{ cutoff }} and {{ days_between(day, cutoff) }} <= {{ days }})
{%- endmacro %}

{# Whether a dated rule is in force: started by the cutoff, not ended before the month (decision rules, Time).
   Where several rows of one rule are, the newest valid_from holds: the caller keeps that one. #}
{% macro in_force(rule, cycle) -%}
    {{ rule }}.valid_from <= {{ cycle }}.cutoff
    and ({{ rule }}.valid_to is null or {{ rule }}.valid_to >= {{ cycle }}.first_day)
{%- endmacro %}

{# Of the rows of a group, the file of the row with the newest date (the last file on a tie): where evidence was
   delivered. #}
{% macro newest_file(file_id, day) -%}
    max_by({{ file_id }}, cast({{ day }} as string) || lpad(cast({{ file_id }} as string), 9, '0'))
{%- endmacro %}
