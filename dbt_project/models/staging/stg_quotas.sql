{{ config(materialized='view') }}
{{ accepted_rows(ref('stg_quotas_parsed')) }}
