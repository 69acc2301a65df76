-- The lists, every fact against a family, and what the facts amount to.

-- verifications: kept
-- Of each family the newest verification that still counts; no result where several of that day differ.
with valid as (
    select
        id_keluarga,
        tanggal_verifikasi,
        hasil,
        max(tanggal_verifikasi) over (partition by id_keluarga) as newest_on
    from verifikasi_lapangan
    where tanggal_verifikasi between {verified_from} and {cutoff}
)
select
    id_keluarga as family_id,
    newest_on as verified_on,
    case when min(hasil) = max(hasil) then min(hasil) end as result
from valid
where tanggal_verifikasi = newest_on
group by id_keluarga, newest_on;

-- repeated_listed: kept
select program, id_keluarga
from kemensos_penerima
group by program, id_keluarga
having count(*) > 1;

-- listed: kept
-- The lists; a family whose rows contradict each other is listed all the same, by its rejected rows.
with rows_of_lists as (
    select
        once.program, once.id_keluarga, once.status, once.tanggal_mulai, once.kode_desa, 0 as list_row_rejected
    from kemensos_penerima as once
    left join repeated_listed as repeated
        on once.program = repeated.program and once.id_keluarga = repeated.id_keluarga
    where repeated.id_keluarga is null
    union all
    select
        twice.program,
        twice.id_keluarga,
        min(twice.status),
        min(twice.tanggal_mulai),
        min(twice.kode_desa),
        case
            when
                min(twice.status) < max(twice.status)
                or min(twice.tanggal_mulai) < max(twice.tanggal_mulai)
                or min(coalesce(twice.saluran, '')) < max(coalesce(twice.saluran, ''))
                or min(coalesce(twice.kode_desa, '')) < max(coalesce(twice.kode_desa, ''))
                then 1
            else 0
        end
    from kemensos_penerima as twice
    inner join repeated_listed as repeated
        on twice.program = repeated.program and twice.id_keluarga = repeated.id_keluarga
    group by twice.program, twice.id_keluarga
)
select
    listed.program as programme,
    listed.id_keluarga as family_id,
    listed.status,
    listed.tanggal_mulai as listed_since,
    listed.list_row_rejected,
    case when families.family_id is null then 0 else 1 end as in_registry,
    coalesce(
        families.regency_code,
        case when listed.list_row_rejected = 0 then substr(listed.kode_desa, 1, 4) end
    ) as regency_code,
    families.welfare_decile,
    families.members_incomplete,
    families.component_lost,
    families.pkh_amount,
    families.payee_person_id
from rows_of_lists as listed
left join families on listed.id_keluarga = families.family_id
where listed.program in ({programmes});

-- registered_persons: view
-- Who is in a register by a usable NIK; the few persons of the registers are looked up before anything is asked of them.
with registers as (
    select nik, register, tanggal_data
    from register_pengecualian
    where tanggal_data <= {cutoff} and {is_nik}
)
select
    persons.family_id,
    registers.register,
    registers.tanggal_data,
    coalesce(facts.dead, 0) as reported_dead
from registers
inner join accepted_persons as persons on registers.nik = persons.nik
left join nik_facts as facts on registers.nik = facts.nik
where coalesce(facts.repeated + facts.unmatched, 0) = 0;

-- evidence: view
-- Every fact against a family; programme is empty where it counts for all.
select
    persons.family_id,
    '' as programme,
    persons.register as criterion,
    max(persons.tanggal_data) as evidence_date
from registered_persons as persons
left join objections as exempt
    on persons.family_id = exempt.family_id and exempt.criterion = 'NO_LIVING_MEMBER' and exempt.upheld = 1
where persons.reported_dead = 0 or exempt.family_id is not null
group by persons.family_id, persons.register
union all
select family_id, '', 'MEMBERS_INCOMPLETE', {cutoff} from families where members_incomplete = 1
union all
select family_id, '', 'NO_LIVING_MEMBER', {cutoff} from families where living_persons = 0 and members_incomplete = 0
union all
select family_id, '', 'NO_PAYEE', {cutoff} from families where living_persons > 0 and payee_person_id is null
union all
select family_id, '', 'NIK_UNMATCHED', {cutoff} from families where payee_nik_doubtful = 1
union all
select family_id, '', 'DUPLICATE_NIK', {cutoff} from families where nik_shared = 1
union all
select family_id, '', 'UNRANKED', {cutoff} from families where welfare_decile is null
union all
select
    families.family_id,
    '',
    'MOVED',
    max(events.tanggal_peristiwa)
from dukcapil_peristiwa as events
inner join families on events.nik = families.usable_payee_nik
where
    events.jenis_peristiwa = 'PINDAH'
    and events.tanggal_peristiwa <= {cutoff}
    and events.tanggal_peristiwa > families.updated_on
group by families.family_id
union all
select
    family_id,
    '',
    case
        when result is null then 'CONFLICTING_VERIFICATION'
        when result = 'TIDAK_LAYAK' then 'SURVEY_NOT_ELIGIBLE'
        when result = 'MENOLAK' then 'REFUSED'
        else 'NOT_FOUND'
    end,
    verified_on
from verifications
where result is null or result <> 'LAYAK'
union all
select
    id_keluarga,
    program,
    'PAYMENT_FAILING',
    max(tanggal)
from hasil_salur
where tanggal <= {cutoff}
group by program, id_keluarga
having
    max(case when hasil = 'SUKSES' then cast(tanggal as {text}) || periode else '' end)
    < max(cast(tanggal as {text}) || periode)
union all
select
    family_id,
    'PKH',
    case when component_lost = 1 then 'COMPONENTS_UNCERTAIN' else 'NO_PKH_COMPONENT' end,
    {cutoff}
from families
where pkh_amount = 0 and members_incomplete = 0 and {in_deciles_pkh}
union all
select
    family_id,
    'PKH',
    case when component_lost = 1 then 'COMPONENTS_UNCERTAIN' else 'NO_PKH_COMPONENT' end,
    {cutoff}
from listed
where programme = 'PKH' and pkh_amount = 0 and members_incomplete = 0 and coalesce(not {in_deciles_pkh}, true)
union all
select
    listed.family_id,
    listed.programme,
    'OUT_OF_DECILE',
    {cutoff}
from listed
inner join ({programme_rules}) as programmes on listed.programme = programmes.programme
where listed.welfare_decile not between programmes.decile_min and programmes.decile_max
union all
select family_id, programme, 'NOT_IN_REGISTRY', {cutoff} from listed where in_registry = 0
union all
select family_id, programme, 'LIST_ROW_REJECTED', {cutoff} from listed where list_row_rejected = 1;

-- judged_evidence: kept
-- What each fact amounts to: its action (1 remove, 2 hold, 3 review), unless it is cleared; an objection still open
-- turns removal into a hold.
with met as (
    select
        evidence.family_id,
        evidence.programme,
        evidence.criterion,
        criteria.precedence,
        criteria.action_order,
        criteria.contestable,
        coalesce(objections.still_open, 0) as still_open,
        case
            when
                criteria.cleared_by_verification = 1
                and verifications.result = 'LAYAK'
                and verifications.verified_on >= evidence.evidence_date
                then 1
            when criteria.contestable = 1 and objections.upheld = 1 then 1
            else 0
        end as cleared
    from evidence
    inner join ({criteria}) as criteria on evidence.criterion = criteria.criterion
    left join verifications on evidence.family_id = verifications.family_id
    left join objections
        on evidence.family_id = objections.family_id and evidence.criterion = objections.criterion
)
select
    family_id,
    programme,
    criterion,
    precedence,
    case when action_order = 1 and contestable = 1 and still_open = 1 and cleared = 0 then 2 else action_order end
        as action_order,
    cleared
from met;

-- verdicts: kept
-- Of each family (and programme) with uncleared evidence the gravest, by action and precedence, and whether any asks
-- for review.
select
    family_id,
    programme,
    min(1000 * action_order + precedence) as gravest,
    max(case when action_order = 3 then 1 else 0 end) as review
from judged_evidence
where cleared = 0
group by family_id, programme;
