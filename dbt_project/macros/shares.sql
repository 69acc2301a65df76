{# Part of a whole with nine decimals: one person in the whole registry still shows. `of_nothing` is the share where the
   whole is zero: 1 for fill and coverage, 0 for all else. An unknown part or whole stays unknown. #}
{% macro share(part, whole, of_nothing='0') -%}
    cast(
        case
            when {{ whole }} = 0 then {{ of_nothing }}
            else case when {{ part }} < 0 then -1 else 1 end * {{ ratio('abs(' ~ part ~ ')', whole) }}
        end as decimal(18, 9)
    )
{%- endmacro %}

{# Part of a whole, exact on every engine: whole numbers alone until it is rounded, half up, at the ninth decimal. Null
   where the whole is not above zero, or unknown. The part is never below zero. #}
{% macro ratio(part, whole) -%}
    case
        when {{ whole }} > 0
            then cast(
                cast(
                    {{ whole_quotient(
                        whole_product('2000000000', part) ~ ' + ' ~ whole_product('1', whole),
                        whole_product('2', whole)
                    ) }} as decimal(27, 0)
                ) * cast('0.000000001' as decimal(10, 9)) as decimal(18, 9)
            )
    end
{%- endmacro %}
