{# Rows of persons that the duplicate rules reject; apart from the other sources', since persons need the accepted
   families. #}
{{ config(pre_hook="{{ at_least_threads(3) }}", post_hook="{{ at_least_threads(1) }}") }}
{{ duplicate_rows(ref('stg_persons_parsed'), ['person_id'], [
    'family_key', 'nik', 'ill_formed_nik', 'full_name', 'sex', 'birth_date', 'family_role', 'marital_status',
    'school_participation', 'school_level', 'working', 'work_status', 'disability', 'pregnant'
], 'updated_on') }}
