{# One row per accepted person: what is known of the NIK, whether the person lives, age and PKH components at the
   cutoff. A view: its readers take few of the columns, and computing those again costs a quarter of keeping all. #}
{{ config(materialized='view') }}
with component_ages as (
    select
        min(case when component = 'early_childhood' then age_min end) as early_childhood_min,
        max(case when component = 'early_childhood' then age_max end) as early_childhood_max,
        max(case when component = 'school_sd' then age_min end) as school_sd_min,
        max(case when component = 'school_sd' then age_max end) as school_sd_max,
        max(case when component = 'school_smp' then age_min end) as school_smp_min,
        max(case when component = 'school_smp' then age_max end) as school_smp_max,
        max(case when component = 'school_sma' then age_min end) as school_sma_min,
        max(case when component = 'school_sma' then age_max end) as school_sma_max
    from {{ ref('pkh_components_in_force') }}
),

identified as (
    select
        persons.*,
        {{ age_in_years('persons.birth_date', 'cycle.cutoff') }} as age,
        coalesce(facts.is_repeated, false) as nik_repeated,
        coalesce(facts.is_shared_across, false) as nik_shared_across,
        coalesce(facts.is_unmatched, false) as nik_unmatched,
        coalesce(facts.is_of_death, false) as nik_of_death,
        persons.nik is not null and not coalesce(facts.is_repeated or facts.is_unmatched, false) as nik_usable
    from {{ ref('stg_persons') }} as persons
    cross join {{ ref('stg_cycle') }} as cycle
    left join {{ ref('nik_facts') }} as facts on persons.nik = facts.nik
),

living as (
    select
        identified.*,
        not (identified.nik_of_death and identified.nik_usable) or exempt.family_key is not null as is_living
    from identified
    left join {{ ref('upheld_objections') }} as exempt
        on identified.family_key = exempt.family_key and exempt.criterion = 'NO_LIVING_MEMBER'
),

schooled as (
    select
        living.*,
        {% for level in ['sd', 'smp', 'sma'] -%}
        coalesce(
            living.school_participation = 'MASIH'
            and living.school_level = '{{ level | upper }}'
            and living.age between ages.school_{{ level }}_min and ages.school_{{ level }}_max,
            false
        ) as is_school_{{ level }},
        {% endfor -%}
        coalesce(living.age between ages.early_childhood_min and ages.early_childhood_max, false) as is_of_early_age
    from living
    cross join component_ages as ages
)

select
    schooled.person_id,
    schooled.family_key,
    schooled.file_id,
    schooled.nik,
    schooled.flag_bad_nik as nik_ill_formed,
    schooled.nik_usable,
    schooled.nik_repeated,
    schooled.nik_shared_across,
    schooled.nik_unmatched,
    schooled.birth_date,
    schooled.age,
    schooled.family_role,
    schooled.working,
    schooled.work_status,
    schooled.disability,
    schooled.is_living,
    schooled.component_value_lost,
    coalesce(schooled.sex = 'P' and schooled.pregnant = 'YA', false) as is_pregnant,
    schooled.is_school_sd,
    schooled.is_school_smp,
    schooled.is_school_sma,
    schooled.is_of_early_age
    and not (schooled.is_school_sd or schooled.is_school_smp or schooled.is_school_sma) as is_early_childhood,
    coalesce(schooled.disability = 'BERAT', false) as is_severely_disabled,
    schooled.age >= cycle.elderly_min_age as is_elderly
from schooled
cross join {{ ref('stg_cycle') }} as cycle
