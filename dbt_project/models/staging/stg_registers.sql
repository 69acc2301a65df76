{{ config(materialized='view') }}
{{ accepted_rows(ref('stg_registers_parsed')) }}
