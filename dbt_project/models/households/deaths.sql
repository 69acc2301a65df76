{# NIK of persons who died on or before the cutoff, by the civil registry. #}
select
    events.nik,
    max(events.event_date) as died_on,
    max(events.file_id) as file_id
from {{ ref('stg_civil_events') }} as events
cross join {{ ref('stg_cycle') }} as cycle
where events.event_type = 'death' and events.event_date <= cycle.cutoff
group by events.nik
