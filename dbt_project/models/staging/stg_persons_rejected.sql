{# Rejected rows of persons, other than superseded ones, with the family that they name, if that can be read. #}
select
    parsed.file_id,
    rules.row_rule as rule,
    case when {{ is_key('parsed.family_id') }} then parsed.family_id end as family_id,
    coalesce({{ is_key('parsed.family_id') }}, false) as names_family
from {{ ref('stg_persons_parsed') }} as parsed
inner join {{ ref('stg_row_rules') }} as rules
    on parsed.file_id = rules.file_id and parsed.row_number = rules.row_number
where rules.source = 'dtsen_individu' and rules.row_rule is not null and rules.row_rule <> 'superseded'
