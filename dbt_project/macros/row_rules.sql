{#
    The duplicate rules of the landing contract, for the parsed rows of one source.
    Keys alone are compared first; whole rows are read only for keys that repeat.

    parsed:      model of the source's parsed rows (file_id, row_number, delivery_cycle, row_rule, columns)
    key:         columns of the key
    columns:     every other column of the contract, as parsed
    updated_on:  the column that tells which row is newest; none when the source has none
    event:       events accumulate: only repeats that are identical, within one cycle's deliveries, are superseded
#}
{% macro duplicate_rows(parsed, key, columns, updated_on=none, event=false) %}
{%- set scope = ['delivery_cycle'] + key if event else key -%}
{%- set identity = key + columns -%}
select
    file_id,
    row_number,
    case
        {% if not event -%}
        when newest_variants > 1 then 'conflicting_duplicate'
        {% endif -%}
        when position > 1 then 'superseded'
    end as rule
from (
    select
        file_id,
        row_number,
        {% if event -%}
        row_number() over (
            partition by delivery_cycle, {{ identity | join(', ') }}
            order by file_id, row_number
        ) as position
        {%- else -%}
        max(case when is_newest then variant end) over (partition by {{ scope | join(', ') }}) as newest_variants,
        row_number() over (
            partition by {{ scope | join(', ') }}
            order by case when is_newest then 0 else 1 end, file_id, row_number
        ) as position
        {%- endif %}
    from (
        select
            repeated_rows.*
            {%- if not event %},
            {% if updated_on -%}
            {{ updated_on }} = max({{ updated_on }}) over (partition by {{ scope | join(', ') }}) as is_newest,
            {%- else -%}
            true as is_newest,
            {%- endif %}
            dense_rank() over (
                partition by {{ (scope + ([updated_on] if updated_on else [])) | join(', ') }}
                order by {{ (columns or ["''"]) | join(', ') }}
            ) as variant
            {%- endif %}
        from (
            select rows_of_key.*
            from {{ parsed }} as rows_of_key
            inner join (
                select {{ scope | join(', ') }}
                from {{ parsed }}
                where row_rule is null
                group by {{ scope | join(', ') }}
                having count(*) > 1
            ) as repeated_keys
                on {% for column in scope -%}
                    rows_of_key.{{ column }} = repeated_keys.{{ column }}
                    {%- if not loop.last %} and {% endif %}
                {%- endfor %}
            where rows_of_key.row_rule is null
        ) as repeated_rows
    ) as ranked
) as positioned
where position > 1{% if not event %} or newest_variants > 1{% endif %}
{% endmacro %}

{# The accepted rows of a source: those that broke no rule of their own and are no duplicate. (A join to the few
   duplicates; "not exists" would first collect every row's number.) #}
{% macro accepted_rows(parsed, duplicates=ref('stg_duplicates')) %}
select parsed.*
from {{ parsed }} as parsed
left join {{ duplicates }} as duplicates
    on parsed.file_id = duplicates.file_id and parsed.row_number = duplicates.row_number
where parsed.row_rule is null and duplicates.file_id is null
{% endmacro %}

{# A number of its own for every delivered row: its file and its place there. Joins and groups by it where the sender's
   text would be wide. #}
{% macro row_key(rows) -%}
    (cast({{ rows }}.file_id as bigint) * 10000000000 + {{ rows }}.row_number)
{%- endmacro %}
