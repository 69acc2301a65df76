-- What is known of every person's NIK, who lives, whom the family is of, what PKH would pay it.

-- holders_of_repeated_niks: kept
-- Of any row's NIK that comes again: a few too many, which are counted below.
with repeated as (
    select nomor_induk_kependudukan as nik
    from dtsen_individu
    where nomor_induk_kependudukan is not null
    group by nomor_induk_kependudukan
    having count(*) > 1
)
select
    persons.nik,
    persons.family_id
from repeated
inner join accepted_persons as persons on repeated.nik = persons.nik
inner join accepted_families as families on persons.family_id = families.id_keluarga;

-- nik_facts: kept
-- What is known of the few NIK of which anything is: held by several, or by several families, unmatched, dead.
with facts as (
    select
        nik,
        1 as repeated,
        case when min(family_id) < max(family_id) then 1 else 0 end as shared,
        0 as unmatched,
        0 as dead
    from holders_of_repeated_niks
    where {is_nik}
    group by nik
    having count(*) > 1
    union all
    select
        nik, 0, 0, 1, 0
    from dukcapil_peristiwa
    where jenis_peristiwa in ('PADAN', 'TIDAK_PADAN') and tanggal_peristiwa <= {cutoff}
    group by nik
    having
        max(case when jenis_peristiwa = 'TIDAK_PADAN' then tanggal_peristiwa end) = max(tanggal_peristiwa)
    union all
    select
        nik, 0, 0, 0, 1
    from dukcapil_peristiwa
    where jenis_peristiwa = 'KEMATIAN' and tanggal_peristiwa <= {cutoff}
)
select
    nik,
    max(repeated) as repeated,
    max(shared) as shared,
    max(unmatched) as unmatched,
    max(dead) as dead
from facts
group by nik;

-- repeated_in_family: kept
select nik, family_id
from holders_of_repeated_niks
group by nik, family_id
having count(*) > 1;

-- objections: kept
-- Of each family and criterion, whether an objection was upheld, or still is open, long enough ago.
select
    id_keluarga as family_id,
    kode_kriteria as criterion,
    max(
        case
            when putusan = 'DITERIMA' and tanggal_putusan between {upheld_from} and {cutoff} then 1
            else 0
        end
    ) as upheld,
    max(
        case
            when
                (tanggal_putusan is null or putusan is null or tanggal_putusan > {cutoff})
                and tanggal_pengajuan >= {open_from}
                then 1
            else 0
        end
    ) as still_open
from sanggahan
where tanggal_pengajuan <= {cutoff}
group by id_keluarga, kode_kriteria;

-- known_persons: view
-- Every accepted person with what is known of the NIK, and whether the person lives.
with identified as (
    select
        persons.*,
        coalesce(facts.shared, 0) as nik_shared,
        case when persons.well_formed = 1 and coalesce(facts.unmatched, 0) = 0 then 1 else 0 end as nik_matched,
        case when persons.well_formed = 1 and coalesce(facts.repeated + facts.unmatched, 0) = 0 then 1 else 0 end
            as nik_usable,
        case when facts.dead = 1 and exempt.family_id is null then 1 else 0 end as reported_dead
    from (select *, case when {is_nik} then 1 else 0 end as well_formed from accepted_persons) as persons
    left join nik_facts as facts on persons.nik = facts.nik
    left join objections as exempt
        on persons.family_id = exempt.family_id and exempt.criterion = 'NO_LIVING_MEMBER' and exempt.upheld = 1
)
select
    *,
    case when reported_dead = 1 and nik_usable = 1 then 0 else 1 end as living
from identified;

-- qualifying_persons: view
-- Which PKH components a living person counts for (1, else null). The payee is the least of a text that sorts as the
-- rule says (usable NIK, role, birth date, person) and carries what is asked of the payee: steady work, a matched NIK,
-- the NIK.
with schooled as (
    select
        *,
        case when living = 1 and partisipasi_sekolah = 'MASIH' then jenjang_tertinggi_yang_diduduki end as school
    from known_persons
),
components as (
    select
        *,
        case when school = 'SD' and {born_school_sd} then 1 end as school_sd,
        case when school = 'SMP' and {born_school_smp} then 1 end as school_smp,
        case when school = 'SMA' and {born_school_sma} then 1 end as school_sma,
        case when living = 1 and jenis_kelamin = 'P' and hamil = 'YA' then 1 end as pregnant,
        case when living = 1 and tingkat_disabilitas = 'BERAT' then 1 end as severe_disability,
        case when living = 1 and {born_elderly} then 1 end as elderly
    from schooled
),
children as (
    select
        *,
        case
            when living = 1 and {born_early_childhood} and coalesce(school_sd, school_smp, school_sma) is null then 1
        end as early_childhood
    from components
)
select
    *,
    coalesce(pregnant, early_childhood, severe_disability, elderly, school_sd, school_smp, school_sma) as qualifies,
    case
        when
            living = 1
            and (
                partisipasi_sekolah not in ({school_participations})
                or jenjang_tertinggi_yang_diduduki not in ({school_levels})
                or tingkat_disabilitas not in ({disabilities})
                or hamil not in ({yes_no})
            )
            then 1
        else 0
    end as component_lost,
    case
        when living = 1 and {born_payee} then
            concat(
                case when nik_usable = 1 then '0' else '1' end,
                case status_hubungan_keluarga
                    when 'KEPALA' then '1'
                    when 'PASANGAN' then '2'
                    when 'ANAK' then '3'
                    when 'MENANTU' then '4'
                    when 'ORANG_TUA' then '5'
                    when 'CUCU' then '6'
                    when 'FAMILI_LAIN' then '7'
                    else '8'
                end,
                cast(tanggal_lahir as {text}),
                ' ',
                person_id,
                case
                    when status_bekerja = 'TIDAK' or status_dalam_pekerjaan_utama = 'PEKERJA_BEBAS' then ' 0'
                    else ' 1'
                end,
                case when nik_matched = 1 then '1' else '0' end,
                coalesce(nik, '')
            )
    end as payee
from children;

-- members: view
select
    family_id,
    count(case when living = 1 then 1 end) as living_persons,
    count(case when living = 1 and tingkat_disabilitas in ('SEDANG', 'BERAT') then 1 end) as disabled,
    count(elderly) as elderly,
    count(pregnant) as pregnant,
    count(early_childhood) as early_childhood,
    count(severe_disability) as severe_disability,
    count(school_sd) as school_sd,
    count(school_smp) as school_smp,
    count(school_sma) as school_sma,
    count(qualifies) as qualifying,
    max(component_lost) as component_lost,
    max(nik_shared) as nik_shared,
    min(payee) as payee
from qualifying_persons
group by family_id;

-- families: kept
-- Every accepted family: area, welfare, payee, priority class and PKH amount.
with placed as (
    select
        *,
        least(qualifying, {pkh_max_persons}) as places
    from members
),
paid as (
    select
        *,
        {pkh_amount} as pkh_amount
    from placed
),
described as (
    select
        families.id_keluarga as family_id,
        substr(families.kode_desa, 1, 4) as regency_code,
        substr(families.kode_desa, 1, 2) as province_code,
        families.desil_nasional as welfare_decile,
        families.peringkat_nasional as welfare_rank,
        families.tanggal_pemutakhiran as updated_on,
        case when paid.family_id is null or incomplete.family_id is not null then 1 else 0 end as members_incomplete,
        coalesce(paid.living_persons, 0) as living_persons,
        coalesce(paid.component_lost, 0) as component_lost,
        coalesce(paid.nik_shared, 0) as nik_shared,
        coalesce(paid.pkh_amount, 0) as pkh_amount,
        split_part(paid.payee, ' ', 2) as payee_person_id,
        substr(paid.payee, 1, 1) as payee_nik_doubt,
        substr(split_part(paid.payee, ' ', 3), 2, 1) as payee_nik_matched,
        substr(split_part(paid.payee, ' ', 3), 3) as payee_nik,
        case
            when paid.living_persons = 1 and paid.elderly = 1 then 1
            when paid.living_persons = 1 and paid.disabled = 1 then 2
            when
                families.jenis_lantai_terluas in ('TANAH', 'LAINNYA')
                or families.jenis_atap_terluas in ('IJUK', 'LAINNYA')
                or families.fasilitas_bab in ('UMUM', 'TIDAK_ADA')
                or (paid.living_persons > 0 and families.luas_lantai < {min_floor_area_per_person_m2} * paid.living_persons)
                then 3
            when substr(split_part(paid.payee, ' ', 3), 1, 1) = '0' then 4
            when families.daya_terpasang <= {low_power_max_va} then 5
            else 9
        end as priority_class
    from accepted_families as families
    left join paid on families.id_keluarga = paid.family_id
    left join incomplete_families as incomplete on families.id_keluarga = incomplete.family_id
)
select
    described.family_id,
    described.regency_code,
    described.province_code,
    described.welfare_decile,
    described.welfare_rank,
    described.updated_on,
    described.members_incomplete,
    described.living_persons,
    described.component_lost,
    described.nik_shared,
    described.priority_class,
    cast(described.pkh_amount as bigint) as pkh_amount,
    described.payee_person_id,
    case when described.payee_nik_doubt = '0' then described.payee_nik end as usable_payee_nik,
    case when described.payee_nik_matched = '0' or repeated.nik is not null then 1 else 0 end as payee_nik_doubtful
from described
left join repeated_in_family as repeated
    on described.family_id = repeated.family_id and described.payee_nik = repeated.nik;
