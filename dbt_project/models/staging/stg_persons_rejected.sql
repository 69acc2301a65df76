{# Rejected rows of persons, other than superseded ones, with the accepted family that they name; names_family: whether
   they name any. #}
select
    parsed.file_id,
    rules.row_rule as rule,
    parsed.family_key,
    parsed.family_key is not null or coalesce({{ is_key('parsed.unknown_family_id') }}, false) as names_family
from {{ ref('stg_persons_parsed') }} as parsed
inner join {{ ref('stg_row_rules') }} as rules
    on parsed.file_id = rules.file_id and parsed.row_number = rules.row_number
where rules.source = 'dtsen_individu' and rules.row_rule is not null and rules.row_rule <> 'superseded'
