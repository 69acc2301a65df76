{#
    Where Spark finds what it reads and where it stores what it makes; what it computes stands in the models and in
    portable.sql. Everything of a cycle lies in one folder (orchestration/warehouse/spark.py makes it), a table in
    <schema>/<table>/ as Parquet, so that the platform reads it without Spark.
#}

{# Before anything else: the views over delivered files, each a statement in sources.parquet. DuckDB finds them in the
   build file. #}
{% macro open_sources() %}{{ return(adapter.dispatch('open_sources')()) }}{% endmacro %}
{% macro default__open_sources() %}{% endmacro %}
{% macro spark__open_sources() %}
    {% if execute and flags.WHICH in ('build', 'run', 'seed', 'test') %}
        {% set written = "parquet.`" ~ env_var('MUTAKHIR_SPARK_FOLDER') ~ "/sources.parquet`" %}
        {% for row in run_query('select statement from ' ~ written ~ ' order by number').rows %}
            {% do run_query(row['statement']) %}
        {% endfor %}
    {% endif %}
{% endmacro %}

{% macro spark__location_clause() %}
    location {{ spark_text(env_var('MUTAKHIR_SPARK_FOLDER') ~ '/' ~ model.schema ~ '/' ~ model.alias) }}
{% endmacro %}

{% macro spark__file_format_clause() %}using parquet{% endmacro %}

{# A view is stored like a table: files are all that the platform reads, and plans of views within views take longer to
   plan than to run. #}
{% materialization view, adapter='spark' %}
    {{ return(materialization_table_spark()) }}
{% endmaterialization %}

{# The rows of a seed as literals: the adapter's own binding makes the text None of an empty cell, and ends a text at its
   first apostrophe. #}
{% macro spark__load_csv_rows(model, agate_table) %}
    {% set types = [] %}
    {% for name in agate_table.column_names %}
        {% do types.append(model.config.column_types.get(name, adapter.convert_type(agate_table, loop.index0))) %}
    {% endfor %}
    {% set sql %}
        insert into {{ this.render() }} values
        {% for row in agate_table.rows -%}
            (
            {%- for value in row -%}
                cast({{ 'null' if value is none else spark_text(value) }} as {{ types[loop.index0] }}){{ ', ' if not loop.last }}
            {%- endfor -%}
            ){{ ',' if not loop.last }}
        {% endfor %}
    {% endset %}
    {% do adapter.add_query(sql, abridge_sql_log=True) %}
    {{ return(sql) }}
{% endmacro %}

{% macro spark_text(value) -%}
    '{{ value | string | replace('\\', '\\\\') | replace("'", "\\'") }}'
{%- endmacro %}
