{# Rows of the cycle's own deliveries, by source and rule or flag, zero included. #}
{% set sources = [
    'dtsen_keluarga', 'dtsen_individu', 'kemensos_penerima', 'kuota_program', 'register_pengecualian',
    'dukcapil_peristiwa', 'verifikasi_lapangan', 'sanggahan', 'usulan', 'hasil_salur'
] %}
{% set rules = [
    'unparsable', 'missing_key', 'bad_key', 'bad_code', 'bad_value', 'unknown_area', 'orphan',
    'conflicting_duplicate', 'superseded'
] %}
{% set flags = [
    'flag_bad_code', 'flag_bad_value', 'flag_unknown_village', 'flag_bad_nik', 'flag_nik_area', 'flag_nik_mismatch'
] %}
with cycle as (
    select * from {{ ref('stg_cycle') }}
),

counted as (
    select
        rules.source,
        {% for rule in rules -%}
        sum(case when rules.row_rule = '{{ rule }}' then 1 else 0 end) as {{ rule }},
        {% endfor -%}
        {% for flag in flags -%}
        sum(case when rules.row_rule is null and rules.{{ flag }} then 1 else 0 end) as {{ flag }},
        {% endfor -%}
        sum(case when rules.row_rule is null then 1 else 0 end) as accepted,
        count(*) as delivered
    from {{ ref('stg_row_rules') }} as rules
    inner join cycle on rules.delivery_cycle = cycle.cycle
    group by rules.source
),

sources as (
    {% for source in sources -%}
    select '{{ source }}' as source
    {% if not loop.last %}union all
    {% endif -%}
    {% endfor %}
),

rules as (
    {% for rule in rules + flags -%}
    select '{{ rule }}' as rule
    {% if not loop.last %}union all
    {% endif -%}
    {% endfor %}
),

long as (
    select
        sources.source,
        rules.rule,
        counted.delivered,
        counted.accepted,
        case rules.rule
            {% for rule in rules + flags -%}
            when '{{ rule }}' then counted.{{ rule }}
            {% endfor -%}
        end as rejected
    from sources
    cross join rules
    left join counted on sources.source = counted.source
)

select
    cycle.cycle,
    long.source,
    long.rule,
    cast(coalesce(long.delivered, 0) as bigint) as delivered,
    cast(coalesce(long.accepted, 0) as bigint) as accepted,
    cast(coalesce(long.rejected, 0) as bigint) as rejected
from long
cross join cycle
