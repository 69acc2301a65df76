{# One row per family with an accepted person: its living members, its payee, and how many qualify for each PKH
   component. The payee is the least of the rows that begin as the rule sorts: usable NIK, role, birth date, person_id.
   A person qualifies for components in force alone; ages and schools are judged so in persons. #}
with components as (
    select
        max(case when component = 'pregnant' then 1 else 0 end) = 1 as pregnant_counts,
        max(case when component = 'severe_disability' then 1 else 0 end) = 1 as severe_disability_counts,
        max(case when component = 'elderly' then 1 else 0 end) = 1 as elderly_counts
    from {{ ref('pkh_components_in_force') }}
),

ranked as (
    select
        persons.*,
        persons.is_living and persons.age >= cycle.payee_min_age as may_be_payee,
        {{ named_row({
            'usable_first': 'case when persons.nik_usable then 0 else 1 end',
            'role_order': "case persons.family_role
                when 'KEPALA' then 1
                when 'PASANGAN' then 2
                when 'ANAK' then 3
                when 'MENANTU' then 4
                when 'ORANG_TUA' then 5
                when 'CUCU' then 6
                when 'FAMILI_LAIN' then 7
                else 8
            end",
            'birth_date': 'persons.birth_date',
            'person_id': 'persons.person_id',
            'nik': 'persons.nik',
            'nik_usable': 'persons.nik_usable',
            'nik_unmatched': 'persons.nik_unmatched',
            'working': 'persons.working',
            'work_status': 'persons.work_status',
        }) }} as person,
        persons.is_living and (
            (persons.is_pregnant and components.pregnant_counts)
            or persons.is_early_childhood
            or (persons.is_severely_disabled and components.severe_disability_counts)
            or (persons.is_elderly and components.elderly_counts)
            or persons.is_school_sd
            or persons.is_school_smp
            or persons.is_school_sma
        ) as qualifies
    from {{ ref('persons') }} as persons
    cross join components
    cross join {{ ref('stg_cycle') }} as cycle
),

gathered as (
    select
        family_key,
        cast(count(*) as integer) as accepted_persons,
        cast(count(case when is_living then 1 end) as integer) as living_persons,
        cast(count(case when is_living and is_elderly then 1 end) as integer) as elderly_persons,
        cast(count(case when is_living and disability in ('SEDANG', 'BERAT') then 1 end) as integer)
            as disabled_persons,
        cast(count(case when is_living and is_pregnant then 1 end) as integer) as pregnant_persons,
        cast(count(case when is_living and is_early_childhood then 1 end) as integer)
            as early_childhood_persons,
        cast(count(case when is_living and is_severely_disabled then 1 end) as integer)
            as severely_disabled_persons,
        cast(count(case when is_living and is_school_sd then 1 end) as integer) as school_sd_persons,
        cast(count(case when is_living and is_school_smp then 1 end) as integer) as school_smp_persons,
        cast(count(case when is_living and is_school_sma then 1 end) as integer) as school_sma_persons,
        cast(count(case when qualifies then 1 end) as integer) as qualifying_persons,
        max(case when is_living and component_value_lost then 1 else 0 end) = 1 as component_value_lost,
        max(case when nik_shared_across then 1 else 0 end) = 1 as nik_shared_across,
        max(file_id) as file_id,
        {{ least_where('person', 'may_be_payee') }} as payee
    from ranked
    group by family_key
)

select
    family_key,
    accepted_persons,
    living_persons,
    elderly_persons,
    disabled_persons,
    pregnant_persons,
    early_childhood_persons,
    severely_disabled_persons,
    school_sd_persons,
    school_smp_persons,
    school_sma_persons,
    qualifying_persons,
    component_value_lost,
    nik_shared_across,
    file_id,
    {{ part_of('payee', 'person_id') }} as payee_person_id,
    {{ part_of('payee', 'nik') }} as payee_nik,
    {{ part_of('payee', 'nik_usable') }} as payee_nik_usable,
    {{ part_of('payee', 'nik_unmatched') }} as payee_nik_unmatched,
    {{ part_of('payee', 'working') }} as payee_working,
    {{ part_of('payee', 'work_status') }} as payee_work_status
from gathered
