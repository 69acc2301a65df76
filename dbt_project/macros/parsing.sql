{#
    How the landing contract reads a value from a delivered text; null when the text is not such a value.
    Nearly every text is a value as it stands: only the others are trimmed and read again. Used in staging alone, but
    for parse_nik, with which the NIK of registers and events meet those of persons.
#}

{# Text of a code in any case of its ASCII letters, when it stands in the list (a name in the project's vars). #}
{% macro parse_code(text, list_name) -%}
    coalesce(
        {{ code_or_null(text, var(list_name)) }},
        case when {{ text }} is not null then {{ code_or_null(ascii_upper(trimmed(text)), var(list_name)) }} end
    )
{%- endmacro %}

{# Whole number: [+-]?digits. #}
{% macro parse_integer(text) -%}
    case
        when cast({{ cast_or_null(text, 'bigint') }} as string) = {{ text }} then {{ cast_or_null(text, 'bigint') }}
        when {{ matches(trimmed(text), '[+-]?[0-9]+') }} then {{ cast_or_null(trimmed(text), 'bigint') }}
    end
{%- endmacro %}

{# Decimal: digits with an optional point and digits (a comma where the file has one), rounded half up to the scale. #}
{% macro parse_decimal(text, decimal_comma, type) -%}
    case
        when {{ matches(text, '[0-9]+([.][0-9]+)?') }} then {{ cast_or_null(text, type) }}
        when {{ matches(trimmed(text), '[0-9]+([.][0-9]+)?') }} then {{ cast_or_null(trimmed(text), type) }}
        when {{ decimal_comma }} and {{ matches(trimmed(text), '[0-9]+,[0-9]+') }}
            then {{ cast_or_null("replace(" ~ trimmed(text) ~ ", ',', '.')", type) }}
    end
{%- endmacro %}

{# Date: YYYY-MM-DD alone, and a day that exists: the text that the date is written as. #}
{% macro parse_date(text) -%}
    case
        when {{ is_date(text) }} then {{ cast_or_null(text, 'date') }}
        when {{ is_date(trimmed(text)) }} then {{ cast_or_null(trimmed(text), 'date') }}
    end
{%- endmacro %}

{% macro is_date(text) -%}
    (length({{ text }}) = 10 and cast({{ cast_or_null(text, 'date') }} as string) = {{ text }})
{%- endmacro %}

{# Period: YYYY-MM; kept as text, which sorts like the months. #}
{% macro parse_period(text) -%}
    case when {{ matches(trimmed(text), '[0-9]{4}-(0[1-9]|1[0-2])') }} then {{ trimmed(text) }} end
{%- endmacro %}

{# Whether there is a text, though no value could be read from it. #}
{% macro is_unread(text, value) -%}
    case when {{ value }} is null and {{ text }} is not null then {{ trimmed(text) }} is not null else false end
{%- endmacro %}

{# Whether there is no text. #}
{% macro is_empty(text, value) -%}
    ({{ value }} is null and {{ trimmed(text) }} is null)
{%- endmacro %}

{# Region code without its dots. #}
{% macro undotted(text) -%}
    replace({{ text }}, '.', '')
{%- endmacro %}

{# Family and person ids: 1-36 of A-Z 0-9 -. #}
{% macro is_key(text) -%}
    {{ matches(text, '[A-Z0-9-]{1,36}') }}
{%- endmacro %}

{# The 16 digits of a NIK as a number. #}
{% macro parse_nik(text) -%}
    case
        when {{ matches(text, '[0-9]{16}') }} then {{ cast_or_null(text, 'bigint') }}
        when {{ matches(trimmed(text), '[0-9]{16}') }} then {{ cast_or_null(trimmed(text), 'bigint') }}
    end
{%- endmacro %}

{# Whether digits 7-10 of a NIK are a day and month (day plus 40 for women) and its serial is not 0000. #}
{% macro is_well_formed_nik(nik) -%}
    coalesce(
        {{ digits(nik, 0, 4) }} <> 0
        and {{ nik_day(nik) }} between 1 and case
            when {{ digits(nik, 6, 2) }} = 2 then 29
            when {{ digits(nik, 6, 2) }} in (4, 6, 9, 11) then 30
            when {{ digits(nik, 6, 2) }} between 1 and 12 then 31
            else 0
        end,
        false
    )
{%- endmacro %}

{# Day of birth in a NIK; a woman's is written plus 40. #}
{% macro nik_day(nik) -%}
    case when {{ digits(nik, 8, 2) }} > 40 then {{ digits(nik, 8, 2) }} - 40 else {{ digits(nik, 8, 2) }} end
{%- endmacro %}
