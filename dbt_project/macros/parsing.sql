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

{# Whole number: [+-]?digits, or delivered as one. #}
{% macro parse_integer(delivered) -%}
    {%- set text = 'cast(' ~ delivered ~ ' as string)' -%}
    case
        when {{ is_whole_number(delivered) }} then {{ cast_or_null(delivered, 'bigint') }}
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

{# Date: YYYY-MM-DD alone, and a day that exists: the text that the date is written as; or delivered as a date. #}
{% macro parse_date(delivered) -%}
    {%- set text = 'cast(' ~ delivered ~ ' as string)' -%}
    case
        when {{ is_of_type_date(delivered) }} then {{ date_of_four_digit_year(delivered) }}
        when {{ is_date(text) }} then {{ cast_or_null(text, 'date') }}
        when {{ is_date(trimmed(text)) }} then {{ cast_or_null(trimmed(text), 'date') }}
    end
{%- endmacro %}

{% macro date_of_four_digit_year(delivered) -%}
    case
        when cast({{ delivered }} as date) between date '0001-01-01' and date '9999-12-31'
            then cast({{ delivered }} as date)
    end
{%- endmacro %}

{% macro is_date(text) -%}
    (length({{ text }}) = 10 and cast({{ cast_or_null(text, 'date') }} as string) = {{ text }})
{%- endmacro %}

{# Period: YYYY-MM; kept as text, which sorts like the months. #}
{% macro parse_period(text) -%}
    case when {{ matches(trimmed(text), '[0-9]{4}-(0[1-9]|1[0-2])') }} then {{ trimmed(text) }} end
{%- endmacro %}

{# Whether something was delivered, though no value could be read from it. #}
{% macro is_unread(delivered, value) -%}
    case when {{ value }} is null and {{ delivered }} is not null then not {{ is_blank(delivered) }} else false end
{%- endmacro %}

{# Whether nothing was delivered. #}
{% macro is_empty(delivered, value) -%}
    case when {{ value }} is null then {{ is_blank(delivered) }} else false end
{%- endmacro %}

{% macro is_blank(delivered) -%}
    ({{ trimmed('cast(' ~ delivered ~ ' as string)') }} is null)
{%- endmacro %}

{# Region code without its dots. #}
{% macro undotted(text) -%}
    replace({{ text }}, '.', '')
{%- endmacro %}

{# Family and person ids: 1-36 of A-Z 0-9 -. #}
{% macro is_key(text) -%}
    {{ matches(text, '[A-Z0-9-]{1,36}') }}
{%- endmacro %}

{# The 16 digits of a NIK as a number. Nearly every one is the text that its number is written as; a match of the digits
   themselves takes twice as long, and is left to those with blanks around them or a zero before. #}
{% macro parse_nik(text) -%}
    {%- set number = cast_or_null(text, 'bigint') -%}
    case
        when cast({{ number }} as string) = {{ text }} and {{ number }} between 1000000000000000 and 9999999999999999
            then {{ number }}
        when {{ matches(trimmed(text), '[0-9]{16}') }} then {{ cast_or_null(trimmed(text), 'bigint') }}
    end
{%- endmacro %}

{# Whether a NIK may be one, by the day and month of birth in it (columns of nik_day and nik_month) and by its serial,
   which is not 0000. #}
{% macro is_well_formed_nik(nik, day, month) -%}
    coalesce(
        {{ digits(nik, 0, 4) }} <> 0
        and {{ day }} between 1 and case
            when {{ month }} = 2 then 29
            when {{ month }} in (4, 6, 9, 11) then 30
            when {{ month }} between 1 and 12 then 31
            else 0
        end,
        false
    )
{%- endmacro %}
