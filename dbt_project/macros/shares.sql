{# Part of a whole with nine decimals: one person in the whole registry still shows. `of_nothing` is the share where the
   whole is zero: 1 for fill and coverage, 0 for all else. An unknown part or whole stays unknown. #}
{% macro share(part, whole, of_nothing='0') -%}
    cast(
        case
            when {{ whole }} = 0 then {{ of_nothing }}
            else cast({{ part }} as double) / cast({{ whole }} as double)
        end as decimal(18, 9)
    )
{%- endmacro %}
