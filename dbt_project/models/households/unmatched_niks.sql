{# NIK whose newest match event up to the cutoff says that it does not match the civil registry; on a tie of dates it
   does not. #}
with match_events as (
    select
        events.nik,
        events.event_type,
        events.event_date,
        events.file_id,
        max(events.event_date) over (partition by events.nik) as newest_date
    from {{ ref('stg_civil_events') }} as events
    cross join {{ ref('stg_cycle') }} as cycle
    where events.event_type in ('matched', 'unmatched') and events.event_date <= cycle.cutoff
)

select
    nik,
    max(file_id) as file_id
from match_events
where event_date = newest_date and event_type = 'unmatched'
group by nik
