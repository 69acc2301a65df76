{{ config(materialized='view') }}
{{ accepted_rows(ref('stg_list_parsed')) }}
