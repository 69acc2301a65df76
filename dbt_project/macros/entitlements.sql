{# The columns of members that the PKH entitlement of a family depends on. #}
{% macro qualifying_numbers() -%}
    {{ return([
        'qualifying_persons', 'pregnant_persons', 'early_childhood_persons', 'severely_disabled_persons',
        'elderly_persons', 'school_sd_persons', 'school_smp_persons', 'school_sma_persons'
    ]) }}
{%- endmacro %}
