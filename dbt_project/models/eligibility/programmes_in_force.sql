{# One row per programme ever known: its amount, and its decile range in the cycle; without a range it makes no
   decisions. #}
with known as (
    select distinct programme
    from {{ ref('programmes') }}
),

amounts as (
    select
        programmes.programme,
        programmes.amount_basis,
        programmes.quarterly_amount_idr,
        row_number() over (partition by programmes.programme order by programmes.valid_from desc) as newest
    from {{ ref('programmes') }} as programmes
    inner join {{ ref('stg_cycle') }} as cycle on {{ in_force('programmes', 'cycle') }}
),

deciles as (
    select
        deciles.programme,
        deciles.decile_min,
        deciles.decile_max,
        row_number() over (partition by deciles.programme order by deciles.valid_from desc) as newest
    from {{ ref('programme_deciles') }} as deciles
    inner join {{ ref('stg_cycle') }} as cycle on {{ in_force('deciles', 'cycle') }}
)

select
    known.programme,
    amounts.amount_basis,
    amounts.quarterly_amount_idr,
    deciles.decile_min,
    deciles.decile_max,
    deciles.programme is not null as in_force
from known
left join amounts on known.programme = amounts.programme and amounts.newest = 1
left join deciles on known.programme = deciles.programme and deciles.newest = 1
