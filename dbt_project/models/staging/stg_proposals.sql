{{ config(materialized='view') }}
{{ accepted_rows(ref('stg_proposals_parsed')) }}
