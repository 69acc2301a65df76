{{ config(materialized='view') }}
{{ accepted_rows(ref('stg_verifications_parsed')) }}
