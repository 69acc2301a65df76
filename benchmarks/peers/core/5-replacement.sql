-- Who takes the vacant places, and the results that the engines are compared by.

-- candidates: kept
-- Families that may take a place, in selection order: inside the deciles, not listed, with a payee, nothing against
-- them.
with reinstated as (
    select distinct objections.family_id
    from objections
    inner join ({criteria}) as criteria on objections.criterion = criteria.criterion
    where objections.upheld = 1 and criteria.contestable = 1 and criteria.action_order = 1
)
select
    programmes.programme,
    families.family_id,
    families.regency_code,
    families.province_code,
    families.pkh_amount,
    families.payee_person_id,
    row_number() over (
        partition by programmes.programme
        order by
            case when reinstated.family_id is null then 1 else 0 end,
            families.welfare_decile,
            families.priority_class,
            families.welfare_rank nulls last,
            md5('{cycle}:' || programmes.programme || ':' || families.family_id),
            families.family_id
    ) as selection_order
from families
inner join ({programme_rules}) as programmes
    on families.welfare_decile between programmes.decile_min and programmes.decile_max
left join listed on programmes.programme = listed.programme and families.family_id = listed.family_id
left join verdicts as of_family on families.family_id = of_family.family_id and of_family.programme = ''
left join verdicts as of_programme
    on families.family_id = of_programme.family_id and programmes.programme = of_programme.programme
left join reinstated on families.family_id = reinstated.family_id
where
    families.payee_person_id is not null
    and listed.family_id is null
    and of_family.family_id is null
    and of_programme.family_id is null;

-- chosen_in_regency: kept
-- Only where the regency has places.
with ordered as (
    select
        candidates.programme,
        candidates.family_id,
        candidates.regency_code,
        candidates.pkh_amount,
        candidates.payee_person_id,
        candidates.selection_order,
        regencies.places,
        row_number()
            over (partition by candidates.programme, candidates.regency_code order by candidates.selection_order)
            as regency_order
    from candidates
    inner join regency_places as regencies
        on candidates.programme = regencies.programme and candidates.regency_code = regencies.regency_code
    where regencies.places > 0
)
select programme, family_id, regency_code, pkh_amount, payee_person_id, selection_order
from ordered
where regency_order <= places;

-- chosen_in_province: kept
-- Only where regencies of the province have places left.
with taken as (
    select programme, regency_code, count(*) as selected from chosen_in_regency group by programme, regency_code
),
left_over as (
    select
        regencies.programme,
        regencies.province_code,
        sum(regencies.places - coalesce(taken.selected, 0)) as places
    from regency_places as regencies
    left join taken on regencies.programme = taken.programme and regencies.regency_code = taken.regency_code
    group by regencies.programme, regencies.province_code
),
ordered as (
    select
        candidates.programme,
        candidates.family_id,
        candidates.pkh_amount,
        candidates.payee_person_id,
        candidates.selection_order,
        left_over.places,
        row_number()
            over (partition by candidates.programme, candidates.province_code order by candidates.selection_order)
            as province_order
    from candidates
    inner join left_over
        on candidates.programme = left_over.programme and candidates.province_code = left_over.province_code
    left join chosen_in_regency as chosen
        on candidates.programme = chosen.programme and candidates.family_id = chosen.family_id
    where left_over.places > 0 and chosen.family_id is null
)
select programme, family_id, pkh_amount, payee_person_id, selection_order
from ordered
where province_order <= places;

-- selections: view
-- Those of the nation only where the programme has places left.
with chosen as (
    select programme, family_id, pkh_amount, payee_person_id, selection_order, 'regency' as selection_round
    from chosen_in_regency
    union all
    select programme, family_id, pkh_amount, payee_person_id, selection_order, 'province'
    from chosen_in_province
),
taken as (
    select programme, count(*) as selected from chosen group by programme
),
left_over as (
    select programmes.programme, programmes.vacancies - coalesce(taken.selected, 0) as places
    from programme_places as programmes
    left join taken on programmes.programme = taken.programme
),
in_nation as (
    select
        candidates.programme,
        candidates.family_id,
        candidates.pkh_amount,
        candidates.payee_person_id,
        candidates.selection_order,
        left_over.places,
        row_number() over (partition by candidates.programme order by candidates.selection_order) as national_order
    from candidates
    inner join left_over on candidates.programme = left_over.programme
    left join chosen on candidates.programme = chosen.programme and candidates.family_id = chosen.family_id
    where left_over.places > 0 and chosen.family_id is null
),
selected as (
    select programme, family_id, pkh_amount, payee_person_id, selection_order, selection_round
    from chosen
    union all
    select programme, family_id, pkh_amount, payee_person_id, selection_order, 'national'
    from in_nation
    where national_order <= places
)
select
    *,
    row_number() over (partition by programme order by selection_order) as selection_rank
from selected;

-- decisions: result
with decided as (
    select
        listed.programme,
        listed.family_id,
        listed.decision,
        criteria.criterion as reason,
        listed.review,
        listed.pkh_amount,
        listed.payee_person_id,
        cast(null as {text}) as selection_round,
        cast(null as bigint) as selection_rank
    from listed_decisions as listed
    left join ({criteria}) as criteria
        on case when listed.decision in ('remove', 'hold') then listed.gravest % 1000 end = criteria.precedence
    union all
    select
        programme, family_id, 'replace', cast(null as {text}), 0, pkh_amount, payee_person_id, selection_round,
        cast(selection_rank as bigint)
    from selections
)
select
    decided.programme,
    decided.family_id,
    decided.decision,
    decided.reason,
    cast(decided.review as integer) as review,
    case when programmes.amount is null then decided.pkh_amount else programmes.amount end as quarterly_amount_idr,
    decided.payee_person_id,
    decided.selection_round,
    decided.selection_rank
from decided
inner join ({programme_rules}) as programmes on decided.programme = programmes.programme;

-- summary: result
-- What is not seen in the decisions: every family, and the evidence against the listed ones.
select
    'families' as part,
    regency_code as programme,
    cast(priority_class as {text}) as name,
    cast(count(*) as bigint) as number,
    cast(sum(pkh_amount) as bigint) as amount
from families
group by regency_code, priority_class
union all
select
    'evidence',
    listed.programme,
    judged.criterion,
    cast(count(*) as bigint),
    cast(sum(10 * judged.action_order + judged.cleared) as bigint)
from listed
inner join judged_evidence as judged
    on listed.family_id = judged.family_id and (judged.programme = '' or listed.programme = judged.programme)
where listed.in_registry = 1 or judged.criterion in ('NOT_IN_REGISTRY', 'LIST_ROW_REJECTED')
group by listed.programme, judged.criterion;
