{# The lists as they stand: one row per programme and family, those named only by rejected rows included, with what the
   registry says of the family. #}
with rejected_only as (
    select
        rejected.programme,
        rejected.family_id,
        case
            when count(rejected.status) > 0 and count(case when rejected.status = 'active' then 1 end) = 0
                then 'nominated'
            else 'active'
        end as status,
        min(rejected.listed_since) as listed_since,
        max(rejected.file_id) as file_id
    from {{ ref('stg_list_rejected') }} as rejected
    where
        rejected.names_family
        and not exists (
            select 1
            from {{ ref('stg_list') }} as accepted
            where accepted.programme = rejected.programme and accepted.family_id = rejected.family_id
        )
    group by
        rejected.programme,
        rejected.family_id
),

listed as (
    select
        programme,
        family_id,
        status,
        listed_since,
        channel,
        village_code,
        file_id,
        false as list_row_rejected
    from {{ ref('stg_list') }}
    union all
    select
        programme,
        family_id,
        status,
        listed_since,
        cast(null as string) as channel,
        cast(null as string) as village_code,
        file_id,
        true as list_row_rejected
    from rejected_only
)

select
    listed.programme,
    listed.family_id,
    listed.status as previous_status,
    listed.listed_since,
    listed.channel,
    listed.file_id,
    listed.list_row_rejected,
    families.family_id is not null as in_registry,
    programmes.in_force,
    coalesce(families.village_code, listed.village_code) as village_code,
    families.file_id as registry_file_id,
    families.welfare_decile,
    families.welfare_rank,
    families.priority_class,
    families.payee_person_id,
    case
        when programmes.amount_basis = 'component' then families.pkh_quarterly_amount_idr
        else programmes.quarterly_amount_idr
    end as quarterly_amount_idr
from listed
inner join {{ ref('programmes_in_force') }} as programmes on listed.programme = programmes.programme
left join {{ ref('families') }} as families on listed.family_id = families.family_id
