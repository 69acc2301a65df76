{# After the models: the rows of every table, by name, for whom MUTAKHIR_ROW_COUNTS names a file. While dbt works nobody
   else may open DuckDB's file. Of Spark's tables the platform reads the files (orchestration/warehouse/spark.py). #}
{% macro keep_row_counts() %}{{ return(adapter.dispatch('keep_row_counts')()) }}{% endmacro %}
{% macro default__keep_row_counts() %}{% endmacro %}
{% macro duckdb__keep_row_counts() %}
    {% set file = env_var('MUTAKHIR_ROW_COUNTS', '') %}
    {% if execute and flags.WHICH == 'build' and file %}
        copy (
            select table_name, estimated_size as row_count
            from duckdb_tables()
            where schema_name not in ('raw', 'released')
        ) to '{{ file | replace("'", "''") }}' (format json, array true)
    {% endif %}
{% endmacro %}
