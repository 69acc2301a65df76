{# Every fact that speaks against a family, cleared or not: one row per family, programme (null: all) and criterion,
   as in the decision rules' table of evidence. file_id is the delivered file that shows it, null where absence shows
   it. #}
with cycle as (
    select * from {{ ref('stg_cycle') }}
),

registered as (
    select
        {{ parse_nik('nik') }} as nik,
        register,
        as_of_date,
        file_id
    from {{ ref('stg_registers') }}
),

registers as (
    select
        families.family_id,
        registered.register as criterion,
        max(registered.as_of_date) as evidence_date,
        {{ newest_file('registered.file_id', 'registered.as_of_date') }} as file_id
    from {{ ref('persons') }} as persons
    inner join registered on persons.nik = registered.nik
    inner join {{ ref('families') }} as families on persons.family_key = families.family_key
    where persons.is_living and persons.nik_usable
    group by
        families.family_id,
        registered.register
),

moves as (
    select
        families.family_id,
        max(events.event_date) as evidence_date,
        {{ newest_file('events.file_id', 'events.event_date') }} as file_id
    from {{ ref('families') }} as families
    inner join {{ ref('stg_civil_events') }} as events on families.payee_nik = {{ parse_nik('events.nik') }}
    cross join cycle
    where
        families.payee_nik_usable
        and events.event_type = 'moved'
        and events.event_date <= cycle.cutoff
        and events.event_date > families.updated_on
    group by families.family_id
),

deaths as (
    select
        persons.family_key,
        max(deaths.file_id) as file_id
    from {{ ref('persons') }} as persons
    inner join {{ ref('deaths') }} as deaths on persons.nik = {{ parse_nik('deaths.nik') }}
    where not persons.is_living
    group by persons.family_key
),

disbursements as (
    select
        disbursements.programme,
        disbursements.family_id,
        disbursements.disbursed_on,
        disbursements.result,
        disbursements.file_id,
        dense_rank() over (
            partition by disbursements.programme, disbursements.family_id
            order by disbursements.disbursed_on desc, disbursements.period desc
        ) as newest
    from {{ ref('stg_disbursements') }} as disbursements
    cross join cycle
    where disbursements.disbursed_on <= cycle.cutoff
),

payments as (
    select
        programme,
        family_id,
        disbursed_on as evidence_date,
        max(file_id) as file_id
    from disbursements
    where newest = 1
    group by
        programme,
        family_id,
        disbursed_on
    having max(case when result = 'SUKSES' then 1 else 0 end) = 0
),

of_families as (
    select
        family_id,
        'MEMBERS_INCOMPLETE' as criterion,
        'dtsen_individu' as source,
        coalesce(incomplete_file_id, members_file_id) as file_id
    from {{ ref('families') }}
    where members_incomplete
    union all
    select
        families.family_id,
        'NO_LIVING_MEMBER' as criterion,
        'dukcapil_peristiwa' as source,
        deaths.file_id
    from {{ ref('families') }} as families
    left join deaths on families.family_key = deaths.family_key
    where families.family_size = 0 and not families.members_incomplete
    union all
    select
        family_id,
        'NO_PAYEE' as criterion,
        'dtsen_individu' as source,
        members_file_id as file_id
    from {{ ref('families') }}
    where family_size > 0 and payee_person_id is null
    union all
    select
        family_id,
        'NIK_UNMATCHED' as criterion,
        'dtsen_individu' as source,
        members_file_id as file_id
    from {{ ref('families') }}
    where payee_nik_doubtful
    union all
    select
        family_id,
        'DUPLICATE_NIK' as criterion,
        'dtsen_individu' as source,
        members_file_id as file_id
    from {{ ref('families') }}
    where nik_shared_across
    union all
    select
        family_id,
        'UNRANKED' as criterion,
        'dtsen_keluarga' as source,
        file_id
    from {{ ref('families') }}
    where welfare_decile is null
)

select
    registers.family_id,
    cast(null as string) as programme,
    registers.criterion,
    registers.evidence_date,
    'register_pengecualian' as source,
    registers.file_id
from registers
union all
select
    of_families.family_id,
    cast(null as string) as programme,
    of_families.criterion,
    cycle.cutoff as evidence_date,
    of_families.source,
    of_families.file_id
from of_families
cross join cycle
union all
select
    moves.family_id,
    cast(null as string) as programme,
    'MOVED' as criterion,
    moves.evidence_date,
    'dukcapil_peristiwa' as source,
    moves.file_id
from moves
union all
select
    verifications.family_id,
    cast(null as string) as programme,
    case
        when verifications.is_conflicting then 'CONFLICTING_VERIFICATION'
        when verifications.result = 'not_eligible' then 'SURVEY_NOT_ELIGIBLE'
        when verifications.result = 'refused' then 'REFUSED'
        else 'NOT_FOUND'
    end as criterion,
    verifications.verified_on as evidence_date,
    'verifikasi_lapangan' as source,
    verifications.file_id
from {{ ref('verifications') }} as verifications
where verifications.is_conflicting or verifications.result <> 'eligible'
union all
select
    listed.family_id,
    listed.programme,
    'OUT_OF_DECILE' as criterion,
    cycle.cutoff as evidence_date,
    'dtsen_keluarga' as source,
    listed.registry_file_id as file_id
from {{ ref('listed_families') }} as listed
inner join {{ ref('programmes_in_force') }} as programmes on listed.programme = programmes.programme
cross join cycle
where listed.in_force and listed.welfare_decile not between programmes.decile_min and programmes.decile_max
union all
select
    considered.family_id,
    considered.programme,
    case when families.component_value_lost then 'COMPONENTS_UNCERTAIN' else 'NO_PKH_COMPONENT' end as criterion,
    cycle.cutoff as evidence_date,
    'dtsen_individu' as source,
    families.members_file_id as file_id
from {{ ref('considered_families') }} as considered
inner join {{ ref('families') }} as families on considered.family_id = families.family_id
cross join cycle
where considered.programme = 'PKH' and families.pkh_places = 0 and not families.members_incomplete
union all
select
    payments.family_id,
    payments.programme,
    'PAYMENT_FAILING' as criterion,
    payments.evidence_date,
    'hasil_salur' as source,
    payments.file_id
from payments
union all
select
    listed.family_id,
    listed.programme,
    'NOT_IN_REGISTRY' as criterion,
    cycle.cutoff as evidence_date,
    'dtsen_keluarga' as source,
    cast(null as integer) as file_id
from {{ ref('listed_families') }} as listed
cross join cycle
where not listed.in_registry
union all
select
    listed.family_id,
    listed.programme,
    'LIST_ROW_REJECTED' as criterion,
    cycle.cutoff as evidence_date,
    'kemensos_penerima' as source,
    listed.file_id
from {{ ref('listed_families') }} as listed
cross join cycle
where listed.list_row_rejected
