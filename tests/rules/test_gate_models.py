"""The models of the schema gates over a handful of families: what each gate measures, and that each fault shows.

dbt compiles the models and their data tests; the tables they read are made here, as the layers before leave them.
"""

import json
from decimal import Decimal

import pytest

from tests.models import Models
from tests.rules.small_cycle import MODELS, Gates


@pytest.fixture(scope="module")
def gates(tmp_path_factory: pytest.TempPathFactory) -> Gates:
    """The compiled models."""
    target = tmp_path_factory.mktemp("target")
    Models(target)
    return Gates(json.loads((target / "manifest.json").read_text())["nodes"])


def test_a_small_cycle_is_measured_as_counted_by_hand(gates: Gates) -> None:
    assert set(gates.models) == set(MODELS)
    assert gates.failing() == set()
    values = gates.values()
    assert {gate: float(value) for gate, (value, _) in values.items() if value is not None} == {
        "conservation": 0, "quota_respected": 0, "no_excluded_on_list": 0, "unlisted_rows": 0,
        "family_count_drift": 0, "nik_malformed_share": 0, "duplicate_nik_share": 0, "decile_jump": 0,
        "unnamed_person_rows": 0, "orphan_share": round(1 / 201, 9), "removal_rate": 0.2, "hold_rate": 0.2,
        "replacement_fill": 1, "verification_coverage": 0.5, "list_drift": 0.01,
    }  # fmt: skip
    assert (values["removal_rate"][1], values["list_drift"][1]) == ("31", "PKH")


@pytest.mark.parametrize(
    ("changes", "place", "violations"),
    [
        (["delete from lists.next_list where family_id = 'F0'"], "families PKH", 1),
        (["insert into lists.next_list values ('PKH', 'F0')"], "families PKH", 1),
        (["insert into lists.next_list values ('PKH', 'F4')"], "families PKH", 1),
        (["insert into eligibility.listed_families values ('PKH', 'F77')"], "families PKH", 1),
        (["delete from eligibility.listed_families where family_id = 'F6'"], "families BLTS_KESRA", 1),
        (["insert into eligibility.listed_families values ('PKH', 'F5')"], "families PKH", 1),
        (["insert into eligibility.judged_evidence values ('PKH', 'F5', 'MOVED', 'review', false)"], "selected PKH", 1),
        (["update lists.decision_evidence set source = null"], "removed PKH", 1),
        (["update lists.decision_evidence set evidence_date = null"], "removed PKH", 1),
        (["update lists.decision_evidence set cleared = true"], "removed PKH", 1),
        (["update lists.decision_evidence set criterion = 'REFUSED'"], "removed PKH", 1),
        (["update lists.decision_evidence set action = 'hold'"], "removed PKH", 1),
        (["update lists.decisions set primary_reason = null"], "removed PKH", 1),
        (["update lists.area_counts set kept = kept + 1 where programme = 'PKH' and area_level = 'province'"],
         "funnel PKH 31", 1),
        (["update lists.area_counts set listed = 1, kept = 1, next_list_families = 1"
          " where programme = 'PKH' and area_code = '3172'"], "funnel PKH 3172", 1),
        (["delete from lists.area_counts where programme = 'PKH' and area_code = '3171'"], "funnel PKH 3171", 1),
        (["update staging.stg_row_counts set delivered = 3 where source = 'usulan'"], "delivered usulan", 3),
        (["delete from households.families where family_id = 'F99'",
          "update households.families set accepted_persons = 4 where family_id = 'F98'"],
         "accepted dtsen_keluarga", 1),
        (["update households.families set accepted_persons = 4 where family_id = 'F98'"], "accepted dtsen_individu", 2),
    ],
)  # fmt: skip
def test_conservation_counts_what_does_not_add_up(
    gates: Gates, changes: list[str], place: str, violations: int
) -> None:
    assert gates.values(*changes)["conservation"] == (violations, place)
    assert "conservation" in gates.failing(*changes)


def test_a_family_with_two_decisions_is_a_violation(gates: Gates) -> None:
    twice = (
        "insert into lists.decisions select * replace ('hold' as decision) from lists.decisions where family_id = 'F0'"
    )
    assert gates.values(before_funnel=twice)["conservation"] == (1, "families PKH")


@pytest.mark.parametrize(
    ("changes", "gate", "value", "worst"),
    [
        (["update lists.programme_places set quota = 3"], "quota_respected", 1, "PKH"),
        (["delete from lists.programme_places"], "quota_respected", 1, "PKH"),
        (["update lists.programme_places set quota = 3", "update eligibility.programmes_in_force set in_force = false"],
         "quota_respected", 0, None),
        (["insert into lists.next_list values ('PKH', 'F4')"], "no_excluded_on_list", 1, "PKH"),
        (["insert into lists.next_list values ('PKH', 'F4')", "update eligibility.judged_evidence set cleared = true"],
         "no_excluded_on_list", 0, None),
        (["insert into lists.next_list values ('PKH', 'F4')",
          "update eligibility.judged_evidence set action = 'hold'"], "no_excluded_on_list", 0, None),
        (["insert into staging.stg_list_rejected values ('bad_key', false), ('bad_key', null), ('unparsable', false),"
          " ('superseded', false), ('bad_code', true)"], "unlisted_rows", 3, "bad_key"),
        (["insert into staging.stg_persons_rejected values ('unparsable', false), ('bad_key', true)"],
         "unnamed_person_rows", 1 / 201, "unparsable"),
    ],
)  # fmt: skip
def test_what_the_lists_must_never_hold_or_lose(
    gates: Gates, changes: list[str], gate: str, value: float, worst: str | None
) -> None:
    measured, place = gates.values(*changes)[gate]
    assert (float(measured or 0), place) == (round(value, 9), worst)
    assert (gate in gates.failing(*changes)) is (value > 0)


@pytest.mark.parametrize(
    ("changes", "gate", "value", "worst"),
    [
        (["update households.persons set nik_ill_formed = true, nik = null where person_id = 'P0'",
          "update households.persons set nik = null where person_id = 'P1'",
          "update households.families set village_code = '3201011001' where family_id = 'F0'"],
         "nik_malformed_share", 1 / 200, "32"),
        (["update households.persons set nik_repeated = true where person_id in ('P0', 'P1')"],
         "duplicate_nik_share", 2 / 200, "31"),
        (["update staging.stg_released_cycle set families = 125"], "family_count_drift", -0.2, None),
        (["update staging.stg_released_cycle set families = 80"], "family_count_drift", 0.25, None),
        (["update staging.stg_families_before set welfare_decile = 4 where family_id in ('F0', 'F1')",
          "delete from staging.stg_families_before where family_id = 'F9'",
          "update households.families set welfare_decile = null where family_id = 'F8'"], "decile_jump", 1 / 98, "31"),
        (["update lists.area_counts set replaced = 0"], "replacement_fill", 0, "PKH"),
        (["update lists.area_counts set confirmed = 0"], "verification_coverage", 0, "31"),
        (["update eligibility.list_comparison set missing = 9"], "list_drift", 10 / 109, "PKH"),
    ],
)  # fmt: skip
def test_shares(gates: Gates, changes: list[str], gate: str, value: float, worst: str | None) -> None:
    measured, place = gates.values(*changes)[gate]
    assert (float(measured or 0), place) == (round(value, 9), worst)


def test_zero_denominators(gates: Gates) -> None:
    nothing = gates.values(
        "update lists.area_counts set in_force = false",
        "delete from households.families",
        "delete from eligibility.list_comparison",
        "update staging.stg_row_counts set delivered = 0, accepted = 0, rejected = 0",
        "delete from staging.stg_persons_rejected",
    )
    shares = {gate: value for gate, (value, _) in nothing.items() if gate not in ("conservation", "family_count_drift")}
    assert shares == {gate: int(gate in ("replacement_fill", "verification_coverage")) for gate in shares}
    assert nothing["family_count_drift"] == (-1, None)


def test_what_cannot_be_told_is_null(gates: Gates) -> None:
    values = gates.values("delete from staging.stg_row_counts where rule = 'orphan'")
    assert values["orphan_share"] == (None, None)
    assert gates.values("delete from lists.area_counts where area_level = 'nation'").keys() == values.keys() - {
        "removal_rate", "hold_rate", "verification_coverage",
    }  # fmt: skip


def test_no_reference_is_told_and_is_no_drift(gates: Gates) -> None:
    emptied = ("staging.stg_released_cycle", "staging.stg_families_before", "eligibility.list_comparison")
    changes = [f"delete from {table}" for table in emptied]
    unreferenced = "select gate, value from gates.gate_values where not has_reference order by gate"
    with gates.build(*changes) as without, gates.build() as referenced:
        assert without.execute(unreferenced).fetchall() == [
            ("decile_jump", 0),
            ("family_count_drift", 0),
            ("list_drift", 0),
        ]
        assert referenced.execute(unreferenced).fetchall() == []


def test_sources_regencies_and_deciles(gates: Gates) -> None:
    with gates.build(
        "update lists.area_counts set listed = 200, removed_nominated = 99 where area_level = 'regency' and in_force",
        "update lists.area_counts set listed = 199 where area_code = '3172'",
        "update households.families set welfare_decile = 1 where welfare_decile = 2",
        "update households.families set welfare_decile = null where welfare_decile > 5",
    ) as connection:
        regencies = connection.execute(
            "select regency_code, removed, removal_rate from gates.evidence_regencies"
        ).fetchall()
        deciles = connection.execute("select share from gates.evidence_deciles order by welfare_decile").fetchall()
        sources = connection.execute(
            "select rejected, rejected_share, worst_rule from gates.evidence_sources where source = 'dtsen_individu'"
        ).fetchall()
        count = connection.execute("select count(*) from gates.evidence_sources").fetchall()
    assert regencies == [("3171", 100, Decimal("0.5"))]
    assert [float(share) for (share,) in deciles] == [0.4, 0, 0.2, 0.2, 0.2, 0, 0, 0, 0, 0]
    assert sources == [(1, Decimal("0.004975124"), "orphan")]
    assert count == [(10,)]


def test_a_data_test_needs_a_limit_and_a_value(gates: Gates) -> None:
    assert "conservation" in gates.failing("delete from rules.gate_limits where gate = 'conservation'")
    rejected = "update staging.stg_row_counts set rejected = {} where source = 'dtsen_keluarga' and rule = 'bad_code'"
    assert "rejected_share_dtsen_keluarga" not in gates.failing(rejected.format(2))
    assert "rejected_share_dtsen_keluarga" in gates.failing(rejected.format(3))
    assert "rejected_share_usulan" in gates.failing("delete from staging.stg_row_counts where source = 'usulan'")
    newer = (
        "insert into rules.gate_limits select * replace (date '{}' as valid_from, 3 as upper) from rules.gate_limits"
    )
    assert "rejected_share_dtsen_keluarga" not in gates.failing(rejected.format(3), newer.format("2025-11-17"))
    assert "rejected_share_dtsen_keluarga" in gates.failing(rejected.format(3), newer.format("2025-11-18"))
