{# Rejected rows of the list, other than superseded ones, with what can still be read of them. #}
select
    parsed.file_id,
    rules.row_rule as rule,
    parsed.programme,
    case when {{ is_key('parsed.family_id') }} then parsed.family_id end as family_id,
    parsed.status,
    parsed.listed_since,
    coalesce(parsed.programme is not null and {{ is_key('parsed.family_id') }}, false) as names_family
from {{ ref('stg_list_parsed') }} as parsed
inner join {{ ref('stg_row_rules') }} as rules
    on parsed.file_id = rules.file_id and parsed.row_number = rules.row_number
where rules.source = 'kemensos_penerima' and rules.row_rule is not null and rules.row_rule <> 'superseded'
