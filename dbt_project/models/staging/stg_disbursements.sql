{{ config(materialized='view') }}
{{ accepted_rows(ref('stg_disbursements_parsed')) }}
