{# One row per accepted family: area, welfare, members, payee, housing and priority class (decision rules, Families). #}
with incomplete as (
    select
        family_key,
        max(file_id) as file_id
    from {{ ref('stg_persons_rejected') }}
    where family_key is not null
    group by family_key
),

repeated_in_family as (
    select
        persons.family_key,
        persons.nik
    from {{ ref('stg_persons') }} as persons
    inner join {{ ref('repeated_niks') }} as repeated on persons.nik = repeated.nik
    group by
        persons.family_key,
        persons.nik
    having count(*) > 1
),

described as (
    select
        families.family_id,
        families.family_key,
        families.file_id,
        families.village_code,
        families.welfare_decile,
        families.welfare_rank,
        families.updated_on,
        members.payee_person_id,
        members.payee_nik,
        members.payee_nik_usable,
        members.file_id as members_file_id,
        incomplete.file_id as incomplete_file_id,
        coalesce(entitlements.places, 0) as pkh_places,
        coalesce(entitlements.quarterly_amount_idr, 0) as pkh_quarterly_amount_idr,
        coalesce(members.accepted_persons, 0) as accepted_persons,
        coalesce(members.living_persons, 0) as family_size,
        members.family_key is null or incomplete.family_key is not null as members_incomplete,
        members.payee_person_id is not null
        and (
            members.payee_nik is null
            or members.payee_nik_unmatched
            or repeated.nik is not null
        ) as payee_nik_doubtful,
        coalesce(members.nik_shared_across, false) as nik_shared_across,
        coalesce(members.component_value_lost, false) as component_value_lost,
        coalesce(members.living_persons = 1 and members.elderly_persons = 1, false) as single_elderly,
        coalesce(members.living_persons = 1 and members.disabled_persons = 1, false) as single_disabled,
        coalesce(families.floor_material in ('TANAH', 'LAINNYA'), false)
        or coalesce(families.roof_material in ('IJUK', 'LAINNYA'), false)
        or coalesce(families.toilet in ('UMUM', 'TIDAK_ADA'), false)
        or coalesce(
            members.living_persons > 0
            and families.floor_area_m2 < cycle.min_floor_area_per_person_m2 * members.living_persons,
            false
        ) as unfit_housing,
        coalesce(members.payee_working = 'TIDAK' or members.payee_work_status = 'PEKERJA_BEBAS', false)
            as no_steady_work,
        coalesce(families.electricity_va <= cycle.low_power_max_va, false) as low_power
    from {{ ref('stg_families') }} as families
    cross join {{ ref('stg_cycle') }} as cycle
    left join {{ ref('members') }} as members on families.family_key = members.family_key
    left join {{ ref('pkh_entitlements') }} as entitlements
        on {% for number in qualifying_numbers() -%}
            members.{{ number }} = entitlements.{{ number }}
            {%- if not loop.last %} and {% endif %}
        {%- endfor %}
    left join incomplete on families.family_key = incomplete.family_key
    left join repeated_in_family as repeated
        on members.family_key = repeated.family_key and members.payee_nik = repeated.nik
)

select
    *,
    case
        when single_elderly then 1
        when single_disabled then 2
        when unfit_housing then 3
        when no_steady_work then 4
        when low_power then 5
        else 9
    end as priority_class
from described
