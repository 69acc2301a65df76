"""Lists on which every data test holds, and changes of them that each break one."""

VIEWS = "".join(
    f"create table lists.held as from lists.{name}; drop view lists.{name}; alter table lists.held rename to {name};"
    for name in ("decisions", "next_list")
)
"""The lists that are views, as tables that can be written to."""
LISTS = """
    insert into lists.decisions by name
        select 'PKH' as programme, family_id, province_code, regency_code, previous_status, decision, primary_reason,
            false as review, new_status, decision in ('keep', 'confirm') as payable,
            decision in ('pending', 'hold', 'replace') as on_work_list, selection_round, replaces_family_id
        from (values
            ('K', '31', '3171', 'active', 'keep', 'STILL_ELIGIBLE', 'active', null, null),
            ('C', '31', '3171', 'nominated', 'confirm', 'VERIFIED', 'active', null, null),
            ('P', '31', '3172', 'nominated', 'pending', 'VERIFICATION_PENDING', 'nominated', null, null),
            ('H', null, null, 'active', 'hold', 'NOT_IN_REGISTRY', 'active', null, null),
            ('R-1', '31', '3171', 'active', 'remove', 'ASN', null, null, null),
            ('R-2', '31', '3172', 'active', 'remove', 'ASN', null, null, null),
            ('R-3', '32', '3201', 'active', 'remove', 'ASN', null, null, null),
            ('S-1', '31', '3171', null, 'replace', null, 'nominated', 'regency', 'R-1'),
            ('S-2', '31', '3171', null, 'replace', null, 'nominated', 'province', 'R-2'),
            ('S-3', '33', '3301', null, 'replace', null, 'nominated', 'national', 'R-3')
        ) as rows(family_id, province_code, regency_code, previous_status, decision, primary_reason, new_status,
            selection_round, replaces_family_id);
    insert into lists.next_list by name
        select programme, family_id, new_status as status, payable from lists.decisions where decision <> 'remove';
    insert into lists.candidates by name
        select 'PKH' as programme, family_id, province_code, regency_code, selection_order
        from (values
            ('S-1', '31', '3171', 1), ('S-3', '33', '3301', 2), ('S-2', '31', '3171', 3), ('W-1', '31', '3171', 4),
            ('W-2', '31', '3172', 5), ('W-3', '34', '3401', 6)
        ) as rows(family_id, province_code, regency_code, selection_order);
    insert into lists.selections by name
        select candidates.* exclude (regency_order), decisions.selection_round
        from lists.candidates join lists.decisions using (family_id);
    insert into lists.waiting_list by name
        select programme, family_id, regency_code, 1 as position_in_regency
        from lists.candidates where family_id like 'W-%';
"""
BROKEN = {
    "delete from staging.stg_cycle": "cycle_is_one_row",
    "insert into staging.stg_cycle select * from staging.stg_cycle": "cycle_is_one_row",
    "update lists.decisions set payable = true where family_id = 'H'": "decisions_follow_their_table",
    "update lists.decisions set payable = false where family_id = 'C'": "decisions_follow_their_table",
    "update lists.decisions set on_work_list = false where family_id = 'S-1'": "decisions_follow_their_table",
    "update lists.decisions set review = true where family_id = 'R-1'": "decisions_follow_their_table",
    "update lists.decisions set new_status = 'active' where family_id = 'P'": "decisions_follow_their_table",
    "update lists.decisions set new_status = 'nominated' where family_id = 'H'": "decisions_follow_their_table",
    "update lists.decisions set primary_reason = null where family_id = 'K'": "decisions_follow_their_table",
    "update lists.decisions set selection_round = null where family_id = 'S-3'": "decisions_follow_their_table",
    "delete from lists.next_list where family_id = 'K'": "next_list_is_the_decisions_that_stay",
    "update lists.next_list set family_id = 'R-1' where family_id = 'K'": "next_list_is_the_decisions_that_stay",
    "update lists.next_list set status = 'active' where family_id = 'P'": "next_list_is_the_decisions_that_stay",
    "update lists.next_list set payable = true where family_id = 'H'": "next_list_is_the_decisions_that_stay",
    "update lists.decisions set replaces_family_id = 'R-2' where family_id = 'S-3'": "replacements_pair_one_to_one",
    "update lists.decisions set replaces_family_id = 'K' where family_id = 'S-3'": "replacements_pair_one_to_one",
    "update lists.decisions set replaces_family_id = 'S-1' where family_id = 'K'": "replacements_pair_one_to_one",
    "update lists.decisions set regency_code = '3172' where family_id = 'R-1'": "replacements_pair_one_to_one",
    "update lists.decisions set province_code = null where family_id = 'R-2'": "replacements_pair_one_to_one",
    "update lists.candidates set selection_order = 0 where family_id = 'W-1'": "selections_respect_the_order",
    "update lists.selections set selection_order = 6 where family_id = 'S-2'": "selections_respect_the_order",
    "update lists.selections set selection_order = 7 where family_id = 'S-3'": "selections_respect_the_order",
    "update lists.waiting_list set family_id = 'S-1' where family_id = 'W-1'": "waiting_families_are_on_no_list",
    "update lists.waiting_list set family_id = 'H' where family_id = 'W-1'": "waiting_families_are_on_no_list",
    "insert into lists.decisions from lists.decisions where family_id = 'K'": "decisions_are_unique",
    "update lists.waiting_list set regency_code = '3171'": "waiting_list_positions_are_unique",
    "insert into lists.decision_evidence (programme, family_id, criterion) values ('PKH', 'R-1', 'ASN'), "
    "('PKH', 'R-1', 'ASN')": "decision_evidence_is_unique",
    "update marts.targeting_accuracy set listed = 1": "targeting_accuracy_holds_together",
    "update marts.targeting_accuracy set intended = 1": "targeting_accuracy_holds_together",
    "update marts.targeting_accuracy set cgh_index = 1, cgh_index_upper = 0.9": "targeting_accuracy_holds_together",
    "update marts.targeting_accuracy set exclusion_error = 0.5, structural_exclusion = 0.1, "
    "avoidable_exclusion = 0.1": "targeting_accuracy_holds_together",
}
