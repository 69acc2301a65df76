{{ config(materialized='view') }}
{{ accepted_rows(ref('stg_civil_events_parsed')) }}
