{{ config(materialized='view') }}
{{ accepted_rows(ref('stg_families_parsed')) }}
