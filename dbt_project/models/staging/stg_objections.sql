{{ config(materialized='view') }}
{{ accepted_rows(ref('stg_objections_parsed')) }}
