{#
    Every difference between the engines stands in this file; the models are plain ANSI SQL around it.
    A macro has one implementation per engine, and a comment where the engines' own functions would disagree.
#}

{# Text without the blanks of the landing contract (bytes 09-0D and 20) at its ends; nothing left is null.
   The plain trim() of an engine also strips no-break spaces, or not tabs. Few texts have such blanks, and looking for
   them costs a fifth of trimming: a text that begins above the blanks (! comes after them) and ends in none is taken
   as it is. #}
{% macro trimmed(text) %}{{ return(adapter.dispatch('trimmed')(text)) }}{% endmacro %}
{% macro duckdb__trimmed(text) -%}
    case
        when
            {{ text }} >= '!'
            and not (
                suffix({{ text }}, ' ')
                {%- for blank in range(9, 14) %} or suffix({{ text }}, chr({{ blank }})){% endfor %}
            )
            then {{ text }}
        else nullif(trim({{ text }}, chr(9) || chr(10) || chr(11) || chr(12) || chr(13) || ' '), '')
    end
{%- endmacro %}
{% macro spark__trimmed(text) -%}
    nullif(btrim({{ text }}, concat(char(9), char(10), char(11), char(12), char(13), ' ')), '')
{%- endmacro %}

{# Text in upper case for a comparison with codes, which are ASCII: a text with other letters is none of them, whatever
   upper() makes of it (an I of a dotless i). #}
{% macro ascii_upper(text) %}{{ return(adapter.dispatch('ascii_upper')(text)) }}{% endmacro %}
{% macro duckdb__ascii_upper(text) -%}
    case when length({{ text }}) = strlen({{ text }}) then upper({{ text }}) end
{%- endmacro %}
{% macro spark__ascii_upper(text) -%}
    case when length({{ text }}) = octet_length({{ text }}) then upper({{ text }}) end
{%- endmacro %}

{# Whether the whole text matches the regular expression. #}
{% macro matches(text, pattern) %}{{ return(adapter.dispatch('matches')(text, pattern)) }}{% endmacro %}
{% macro duckdb__matches(text, pattern) -%}
    regexp_full_match({{ text }}, '{{ pattern }}')
{%- endmacro %}
{% macro spark__matches(text, pattern) -%}
    ({{ text }} rlike r'\A(?:{{ pattern }})\z')
{%- endmacro %}

{# Text as a value of a type, null where it does not fit. Call it on text whose form was matched: engines are
   lenient. A year 0 is a year before Christ to DuckDB, and written so; to Spark it is a year like others. #}
{% macro cast_or_null(text, type) %}{{ return(adapter.dispatch('cast_or_null')(text, type)) }}{% endmacro %}
{% macro duckdb__cast_or_null(text, type) -%}
    try_cast({{ text }} as {{ type }})
{%- endmacro %}
{% macro spark__cast_or_null(text, type) -%}
    {%- if type == 'date' -%}
        case when {{ text }} >= '0001' then try_cast({{ text }} as date) end
    {%- else -%}
        try_cast({{ text }} as {{ type }})
    {%- endif -%}
{%- endmacro %}

{# Whether a column is of type date, or of one for whole numbers: DuckDB knows when it plans, and computes nothing for
   it; to Spark every delivered value is text. #}
{% macro is_of_type_date(column) %}{{ return(adapter.dispatch('is_of_type_date')(column)) }}{% endmacro %}
{% macro duckdb__is_of_type_date(column) -%}
    typeof({{ column }}) = 'DATE'
{%- endmacro %}
{% macro spark__is_of_type_date(column) -%}
    false
{%- endmacro %}
{% macro is_whole_number(column) %}{{ return(adapter.dispatch('is_whole_number')(column)) }}{% endmacro %}
{% macro duckdb__is_whole_number(column) -%}
    typeof({{ column }}) in ('TINYINT', 'SMALLINT', 'INTEGER', 'BIGINT')
{%- endmacro %}
{% macro spark__is_whole_number(column) -%}
    false
{%- endmacro %}

{# Text as one of a few codes, null where it is none of them exactly. DuckDB keeps an enumeration, a byte a row, which is
   compared with its texts; by functions of constants, which it computes once for each entry of a column's dictionary (a
   cast takes three times as long). #}
{% macro code_or_null(text, codes) %}{{ return(adapter.dispatch('code_or_null')(text, codes)) }}{% endmacro %}
{% macro duckdb__code_or_null(text, codes) -%}
    {%- set texts = "['" ~ codes | join("', '") ~ "']" -%}
    list_extract(cast({{ texts }} as enum('{{ codes | join("', '") }}')[]), list_position({{ texts }}, {{ text }}))
{%- endmacro %}
{% macro spark__code_or_null(text, codes) -%}
    case when {{ text }} in ('{{ codes | join("', '") }}') then {{ text }} end
{%- endmacro %}

{# The digits of a whole number from one place to another, counted from the right, from 0. #}
{% macro digits(number, first, count) %}{{ return(adapter.dispatch('digits')(number, first, count)) }}{% endmacro %}
{% macro duckdb__digits(number, first, count) -%}
    (({{ number }} // {{ 10 ** first }}) % {{ 10 ** count }})
{%- endmacro %}
{% macro spark__digits(number, first, count) -%}
    (({{ number }} div {{ 10 ** first }}) % {{ 10 ** count }})
{%- endmacro %}

{# One value made of several, which sorts by the first, then the second, and so on. #}
{% macro named_row(columns) %}{{ return(adapter.dispatch('named_row')(columns)) }}{% endmacro %}
{% macro duckdb__named_row(columns) -%}
    struct_pack({% for name, value in columns.items() %}{{ name }} := {{ value }}{{ ', ' if not loop.last }}{% endfor %})
{%- endmacro %}
{% macro spark__named_row(columns) -%}
    named_struct({% for name, value in columns.items() %}'{{ name }}', {{ value }}{{ ', ' if not loop.last }}{% endfor %})
{%- endmacro %}

{# The least value of the rows of a group where a condition holds; null when it holds in none. A filter, since a case
   would copy rows made by named_row; one value with its order in front, since what DuckDB holds for an order apart from
   the value is more than memory has for a nation. #}
{% macro least_where(value, condition) %}{{ return(adapter.dispatch('least_where')(value, condition)) }}{% endmacro %}
{% macro duckdb__least_where(value, condition) -%}
    min({{ value }}) filter (where {{ condition }})
{%- endmacro %}
{% macro spark__least_where(value, condition) -%}
    min({{ value }}) filter (where {{ condition }})
{%- endmacro %}

{# One of the values that named_row put together. #}
{% macro part_of(row, name) %}{{ return(adapter.dispatch('part_of')(row, name)) }}{% endmacro %}
{% macro duckdb__part_of(row, name) -%}
    struct_extract({{ row }}, '{{ name }}')
{%- endmacro %}
{% macro spark__part_of(row, name) -%}
    {{ row }}.{{ name }}
{%- endmacro %}

{# Whole days between two dates, later minus earlier. #}
{% macro days_between(earlier, later) %}{{ return(adapter.dispatch('days_between')(earlier, later)) }}{% endmacro %}
{% macro duckdb__days_between(earlier, later) -%}
    ({{ later }} - {{ earlier }})
{%- endmacro %}
{% macro spark__days_between(earlier, later) -%}
    datediff({{ later }}, {{ earlier }})
{%- endmacro %}

{# Quotient of whole numbers, rounded down; `/` gives a floating-point number. #}
{% macro whole_quotient(dividend, divisor) -%}
    {{ return(adapter.dispatch('whole_quotient')(dividend, divisor)) }}
{%- endmacro %}
{% macro duckdb__whole_quotient(dividend, divisor) -%}
    (cast({{ dividend }} as hugeint) // cast({{ divisor }} as hugeint))
{%- endmacro %}
{% macro spark__whole_quotient(dividend, divisor) -%}
    (cast({{ dividend }} as decimal(38, 0)) div cast({{ divisor }} as decimal(38, 0)))
{%- endmacro %}

{# Product of whole numbers, without overflow of 64 bits. #}
{% macro whole_product(left, right) %}{{ return(adapter.dispatch('whole_product')(left, right)) }}{% endmacro %}
{% macro duckdb__whole_product(left, right) -%}
    (cast({{ left }} as hugeint) * cast({{ right }} as hugeint))
{%- endmacro %}
{% macro spark__whole_product(left, right) -%}
    (cast({{ left }} as decimal(38, 0)) * cast({{ right }} as decimal(38, 0)))
{%- endmacro %}

{# The texts of a group, joined by a comma in the order of a number. (Sorting the list of a group takes DuckDB an eighth
   of what its ordered aggregates take.) #}
{% macro joined_in_order(text, order) %}{{ return(adapter.dispatch('joined_in_order')(text, order)) }}{% endmacro %}
{% macro duckdb__joined_in_order(text, order) -%}
    array_to_string(
        list_transform(
            list_sort(list(struct_pack(sorts_by := {{ order }}, item := {{ text }}))),
            lambda entry: struct_extract(entry, 'item')
        ),
        ','
    )
{%- endmacro %}
{% macro spark__joined_in_order(text, order) -%}
    listagg({{ text }}, ',') within group (order by {{ order }})
{%- endmacro %}

{# Columns of a row as one JSON text, nulls included: the original values of a rejected row. #}
{% macro row_as_json(columns) %}{{ return(adapter.dispatch('row_as_json')(columns)) }}{% endmacro %}
{% macro duckdb__row_as_json(columns) -%}
    cast(
        json_object(
            {% for column in columns %}'{{ column }}', cast({{ column }} as varchar){{ ', ' if not loop.last }}{% endfor %}
        )
        as varchar
    )
{%- endmacro %}
{% macro spark__row_as_json(columns) -%}
    to_json(
        named_struct({% for column in columns %}'{{ column }}', {{ column }}{{ ', ' if not loop.last }}{% endfor %}),
        map('ignoreNullFields', 'false')
    )
{%- endmacro %}

{# How many threads work from here on: as many as MUTAKHIR_THREADS says, at least a number. With two DuckDB collects the
   groups of a query in one table each, which grows; from three on in parts that a core's cache holds. That takes a
   third to two thirds of the time, of two cores too, where nearly every row is a group of its own: to look for what
   repeats. At least 1 is what MUTAKHIR_THREADS says, as it was before. #}
{% macro at_least_threads(number) %}{{ return(adapter.dispatch('at_least_threads')(number)) }}{% endmacro %}
{% macro duckdb__at_least_threads(number) -%}
    set threads = {{ [number, env_var('MUTAKHIR_THREADS', '2') | int] | max }}
{%- endmacro %}
{% macro spark__at_least_threads(number) %}{% endmacro %}
