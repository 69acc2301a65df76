{#
    How the landing contract reads a value from its trimmed text; null when the text is not such a value.
    Used in staging alone.
#}

{# Text of a code: ASCII upper case, when it stands in the list (a name in the project's vars); else null. #}
{% macro parse_code(text, list_name) -%}
    case
        when {{ ascii_upper(text) }} in ('{{ var(list_name) | join("', '") }}')
            then {{ ascii_upper(text) }}
    end
{%- endmacro %}

{# Whole number: [+-]?digits. #}
{% macro parse_integer(text) -%}
    case when {{ matches(text, '[+-]?[0-9]+') }} then {{ cast_or_null(text, 'bigint') }} end
{%- endmacro %}

{# Decimal: digits with an optional point and digits (a comma where the file has one), rounded half up to the scale. #}
{% macro parse_decimal(text, decimal_comma, type) -%}
    case
        when {{ matches(text, '[0-9]+([.][0-9]+)?') }} then {{ cast_or_null(text, type) }}
        when {{ decimal_comma }} and {{ matches(text, '[0-9]+,[0-9]+') }}
            then {{ cast_or_null("replace(" ~ text ~ ", ',', '.')", type) }}
    end
{%- endmacro %}

{# Date: YYYY-MM-DD alone, and a day that exists: the text that the date is written as. #}
{% macro parse_date(text) -%}
    case
        when length({{ text }}) = 10 and cast({{ cast_or_null(text, 'date') }} as varchar) = {{ text }}
            then {{ cast_or_null(text, 'date') }}
    end
{%- endmacro %}

{# Period: YYYY-MM; kept as text, which sorts like the months. #}
{% macro parse_period(text) -%}
    case when {{ matches(text, '[0-9]{4}-(0[1-9]|1[0-2])') }} then {{ text }} end
{%- endmacro %}

{# Region code without its dots. #}
{% macro undotted(text) -%}
    replace({{ text }}, '.', '')
{%- endmacro %}

{# Family and person ids: 1-36 of A-Z 0-9 -. #}
{% macro is_key(text) -%}
    {{ matches(text, '[A-Z0-9-]{1,36}') }}
{%- endmacro %}

{# NIK of 16 digits whose digits 7-10 are a day and month (day plus 40 for women) and whose serial is not 0000. #}
{% macro is_well_formed_nik(nik) -%}
    coalesce(
        {{ matches(nik, '[0-9]{16}') }}
        and substr({{ nik }}, 13, 4) <> '0000'
        and {{ nik_day(nik) }} between 1 and case
            when substr({{ nik }}, 9, 2) in ('01', '03', '05', '07', '08', '10', '12') then 31
            when substr({{ nik }}, 9, 2) in ('04', '06', '09', '11') then 30
            when substr({{ nik }}, 9, 2) = '02' then 29
            else 0
        end,
        false
    )
{%- endmacro %}

{# Day of birth in a NIK; a woman's is written plus 40. #}
{% macro nik_day(nik) -%}
    case
        when {{ cast_or_null("substr(" ~ nik ~ ", 7, 2)", "integer") }} > 40
            then {{ cast_or_null("substr(" ~ nik ~ ", 7, 2)", "integer") }} - 40
        else {{ cast_or_null("substr(" ~ nik ~ ", 7, 2)", "integer") }}
    end
{%- endmacro %}
