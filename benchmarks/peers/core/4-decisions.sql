-- Exactly one decision for each listed family and programme, and the places that become vacant.

-- listed_decisions: kept
-- The first rule that matches, for each family and programme of the lists. Outside the registry a family has no other
-- evidence than that.
with weighed as (
    select
        listed.programme,
        listed.family_id,
        listed.regency_code,
        listed.status,
        listed.pkh_amount,
        listed.payee_person_id,
        case
            when verifications.result = 'LAYAK' and verifications.verified_on >= listed.listed_since then 1 else 0
        end as verified,
        case
            when listed.in_registry = 0 then {not_in_registry}
            else least(coalesce(of_family.gravest, 9999), coalesce(of_programme.gravest, 9999))
        end as gravest,
        case
            when listed.in_registry = 0 then 0
            else greatest(coalesce(of_family.review, 0), coalesce(of_programme.review, 0))
        end as review
    from listed
    left join verdicts as of_family on listed.family_id = of_family.family_id and of_family.programme = ''
    left join verdicts as of_programme
        on listed.family_id = of_programme.family_id and listed.programme = of_programme.programme
    left join verifications on listed.family_id = verifications.family_id
)
select
    programme,
    family_id,
    regency_code,
    gravest,
    pkh_amount,
    payee_person_id,
    case
        when gravest < 2000 then 'remove'
        when gravest < 3000 then 'hold'
        when status = 'CALON' and verified = 0 then 'pending'
        when status = 'CALON' then 'confirm'
        else 'keep'
    end as decision,
    case when gravest < 2000 then 0 else review end as review
from weighed;

-- programme_places: kept
with national as (
    select
        program,
        max(case when kode_wilayah = 'ID' then kuota end) as quota,
        sum(case when kode_wilayah <> 'ID' then kuota end) as regency_quota
    from kuota_program
    group by program
),
occupied as (
    select
        programme,
        count(*) as listed,
        sum(case when decision <> 'remove' then 1 else 0 end) as occupied
    from listed_decisions
    group by programme
)
select
    programmes.programme,
    case when national.regency_quota is null then 0 else 1 end as has_regency_quota,
    cast(
        greatest(
            0, coalesce(national.quota, national.regency_quota, occupied.listed, 0) - coalesce(occupied.occupied, 0)
        ) as bigint
    ) as vacancies
from ({programme_rules}) as programmes
left join national on programmes.programme = national.program
left join occupied on programmes.programme = occupied.programme;

-- regency_places: kept
-- What each regency may fill itself: its share, rounded down, of what the nation has; what is left over goes one each by
-- largest remainder.
with areas as (
    select
        programme,
        regency_code,
        count(*) as listed,
        sum(case when decision <> 'remove' then 1 else 0 end) as occupied,
        0 as quota
    from listed_decisions
    where regency_code is not null
    group by programme, regency_code
    union all
    select program, kode_wilayah, 0, 0, kuota from kuota_program where kode_wilayah <> 'ID'
),
summed as (
    select programme, regency_code, sum(listed) as listed, sum(occupied) as occupied, sum(quota) as quota
    from areas
    group by programme, regency_code
),
wanted as (
    select
        summed.programme,
        summed.regency_code,
        programmes.vacancies as programme_vacancies,
        cast(
            greatest(
                0, case when programmes.has_regency_quota = 1 then summed.quota else summed.listed end - summed.occupied
            ) as bigint
        ) as vacancies
    from summed
    inner join programme_places as programmes on summed.programme = programmes.programme
),
totalled as (
    select *, cast(sum(vacancies) over (partition by programme) as bigint) as all_vacancies from wanted
),
shared as (
    select
        *,
        case
            when all_vacancies > programme_vacancies then (vacancies * programme_vacancies) % all_vacancies else 0
        end as remainder
    from totalled
),
rounded as (
    select
        *,
        case
            when all_vacancies > programme_vacancies
                then cast((vacancies * programme_vacancies - remainder) / all_vacancies as bigint)
            else vacancies
        end as whole_share
    from shared
),
ordered as (
    select
        *,
        case
            when all_vacancies > programme_vacancies
                then programme_vacancies - sum(whole_share) over (partition by programme)
            else 0
        end as left_over,
        row_number() over (partition by programme order by remainder desc, regency_code asc) as remainder_order
    from rounded
)
select
    programme,
    regency_code,
    substr(regency_code, 1, 2) as province_code,
    whole_share + case when remainder_order <= left_over then 1 else 0 end as places
from ordered;
