{# Which removed family each selected one replaces: paired one to one, in the regency first, then what is left of the
   province, then of the nation; a selection pairs only in its own round. #}
with removed as (
    select
        programme,
        family_id,
        {{ province_of('village_code') }} as province_code,
        {{ regency_of('village_code') }} as regency_code,
        row_number() over (partition by programme, {{ regency_of('village_code') }} order by family_id) as position
    from {{ ref('listed_decisions') }}
    where decision = 'remove'
),

selected as (
    select
        programme,
        family_id,
        province_code,
        regency_code,
        selection_round,
        row_number() over (
            partition by
                programme,
                selection_round,
                case selection_round when 'province' then province_code when 'regency' then regency_code end
            order by selection_order
        ) as position
    from {{ ref('selections') }}
),

regency_pairs as (
    select
        selected.programme,
        selected.family_id,
        removed.family_id as replaces_family_id
    from selected
    inner join removed
        on
            selected.programme = removed.programme
            and selected.regency_code = removed.regency_code
            and selected.position = removed.position
    where selected.selection_round = 'regency'
),

left_in_province as (
    select
        removed.programme,
        removed.family_id,
        removed.province_code,
        removed.regency_code,
        row_number() over (
            partition by removed.programme, removed.province_code
            order by removed.regency_code, removed.family_id
        ) as position
    from removed
    where
        not exists (
            select 1
            from regency_pairs
            where regency_pairs.programme = removed.programme and regency_pairs.replaces_family_id = removed.family_id
        )
),

province_pairs as (
    select
        selected.programme,
        selected.family_id,
        removed.family_id as replaces_family_id
    from selected
    inner join left_in_province as removed
        on
            selected.programme = removed.programme
            and selected.province_code = removed.province_code
            and selected.position = removed.position
    where selected.selection_round = 'province'
),

left_in_nation as (
    select
        removed.programme,
        removed.family_id,
        row_number() over (
            partition by removed.programme
            order by removed.regency_code asc nulls last, removed.family_id asc
        ) as position
    from left_in_province as removed
    where
        not exists (
            select 1
            from province_pairs
            where province_pairs.programme = removed.programme and province_pairs.replaces_family_id = removed.family_id
        )
),

national_pairs as (
    select
        selected.programme,
        selected.family_id,
        removed.family_id as replaces_family_id
    from selected
    inner join left_in_nation as removed
        on selected.programme = removed.programme and selected.position = removed.position
    where selected.selection_round = 'national'
)

select * from regency_pairs
union all
select * from province_pairs
union all
select * from national_pairs
