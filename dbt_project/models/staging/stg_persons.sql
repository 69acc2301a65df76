{{ config(materialized='view') }}
{{ accepted_rows(ref('stg_persons_parsed'), ref('stg_person_duplicates')) }}
