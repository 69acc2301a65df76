{# One row per family with an accepted person: its living members, its payee, and how many qualify for each PKH
   component. The payee is the first by a text that sorts as the rule says: usable NIK, role, birth date, person_id.
   (min_by passes over rows whose value is null on one engine, hence the empty texts.)
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
        case
            when persons.is_living and persons.age >= cycle.payee_min_age then
                case when persons.nik_usable then '0' else '1' end
                || case persons.family_role
                    when 'KEPALA' then '1'
                    when 'PASANGAN' then '2'
                    when 'ANAK' then '3'
                    when 'MENANTU' then '4'
                    when 'ORANG_TUA' then '5'
                    when 'CUCU' then '6'
                    when 'FAMILI_LAIN' then '7'
                    else '8'
                end
                || cast(persons.birth_date as varchar)
                || persons.person_id
        end as payee_order,
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
)

select
    family_id,
    cast(count(*) as integer) as accepted_persons,
    cast(sum(case when is_living then 1 else 0 end) as integer) as living_persons,
    cast(sum(case when is_living and is_elderly then 1 else 0 end) as integer) as elderly_persons,
    cast(sum(case when is_living and disability in ('SEDANG', 'BERAT') then 1 else 0 end) as integer)
        as disabled_persons,
    cast(sum(case when is_living and is_pregnant then 1 else 0 end) as integer) as pregnant_persons,
    cast(sum(case when is_living and is_early_childhood then 1 else 0 end) as integer) as early_childhood_persons,
    cast(sum(case when is_living and is_severely_disabled then 1 else 0 end) as integer) as severely_disabled_persons,
    cast(sum(case when is_living and is_school_sd then 1 else 0 end) as integer) as school_sd_persons,
    cast(sum(case when is_living and is_school_smp then 1 else 0 end) as integer) as school_smp_persons,
    cast(sum(case when is_living and is_school_sma then 1 else 0 end) as integer) as school_sma_persons,
    cast(sum(case when qualifies then 1 else 0 end) as integer) as qualifying_persons,
    max(case when is_living and component_value_lost then 1 else 0 end) = 1 as component_value_lost,
    max(case when nik_shared_across then 1 else 0 end) = 1 as nik_shared_across,
    max(file_id) as file_id,
    min_by(person_id, payee_order) as payee_person_id,
    nullif(min_by(coalesce(nik, ''), payee_order), '') as payee_nik,
    min_by(nik_well_formed, payee_order) as payee_nik_well_formed,
    min_by(nik_usable, payee_order) as payee_nik_usable,
    min_by(nik_unmatched, payee_order) as payee_nik_unmatched,
    min_by(coalesce(working, ''), payee_order) as payee_working,
    min_by(coalesce(work_status, ''), payee_order) as payee_work_status
from ranked
group by family_id
