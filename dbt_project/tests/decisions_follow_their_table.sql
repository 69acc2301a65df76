{# The table below the rules of replacement: what each decision makes of status, payment and the work list. #}
select
    decision,
    count(*) as families
from {{ ref('decisions') }}
where
    payable <> (decision in ('keep', 'confirm'))
    or on_work_list <> (decision in ('pending', 'hold', 'replace') or (decision in ('keep', 'confirm') and review))
    or (review and decision in ('remove', 'replace', 'not_in_force'))
    or coalesce(new_status, 'none') <> case
        when decision = 'remove' then 'none'
        when decision in ('keep', 'confirm') then 'active'
        when decision in ('pending', 'replace') then 'nominated'
        else previous_status
    end
    or (decision = 'replace') <> (previous_status is null)
    or (decision = 'replace') <> (selection_round is not null)
    or (decision in ('replace', 'not_in_force')) <> (primary_reason is null)
group by decision
