"""A handful of families as the layers before the gates leave them, and the schema gates built over them."""

from decimal import Decimal
from typing import Any

import duckdb

from orchestration.contracts.sources import SOURCES
from orchestration.gates.limits import LIMITS_FILE

MODELS = (
    "gate_limits_in_force", "evidence_sources", "evidence_regencies", "evidence_deciles", "evidence_provinces",
    "conservation_violations", "list_violations", "gate_parts", "gate_values",
)  # fmt: skip

# A hundred families of two persons each in province 31, ten to a decile. On PKH five are listed, F4 of them removed and
# F5 selected in its place; F3 is unknown to the registry. BLTS_KESRA is not in force.
INPUTS = f"""
    create table rules.gate_limits as select * from read_csv('{LIMITS_FILE}', types = {{
        'lower': 'decimal(18, 9)', 'upper': 'decimal(18, 9)', 'valid_from': 'date', 'valid_to': 'date'}});
    create table staging.stg_cycle as
        select '2025-11' as cycle, date '2025-11-01' as first_day, date '2025-11-17' as cutoff;
    create table staging.stg_released_cycle as select '2025-10' as cycle, 100 as families;
    create table staging.stg_families_before as select 'F' || i as family_id, i % 10 + 1 as welfare_decile
        from range(100) as t(i);
    create table staging.stg_list_rejected (rule varchar, names_family boolean);
    create table staging.stg_persons_rejected as select 'orphan' as rule, true as names_family;
    create table households.families as select 'F' || i as family_id, i as family_key, '3171011001' as village_code,
        i % 10 + 1 as welfare_decile, 2 as accepted_persons from range(100) as t(i);
    create table households.persons as select 'P' || i as person_id, i // 2 as family_key, i as nik,
        false as nik_ill_formed, false as nik_repeated from range(200) as t(i);
    create table eligibility.programmes_in_force as from (values ('PKH', true), ('BLTS_KESRA', false))
        as t(programme, in_force);
    create table eligibility.judged_evidence as select 'PKH' as programme, 'F4' as family_id, 'ASN' as criterion,
        'remove' as action, false as cleared;
    create table lists.decision_evidence as select programme, family_id, criterion, action, cleared,
        date '2025-11-01' as evidence_date, 'register_pengecualian' as source from eligibility.judged_evidence;
    create table lists.decisions as from (values
        ('PKH', 'F0', '31', '3171', 'keep', 'active', null), ('PKH', 'F1', '31', '3171', 'confirm', 'nominated', null),
        ('PKH', 'F2', '31', '3171', 'pending', 'nominated', null), ('PKH', 'F3', null, null, 'hold', 'active', null),
        ('PKH', 'F4', '31', '3171', 'remove', 'active', 'ASN'), ('PKH', 'F5', '31', '3171', 'replace', null, null),
        ('BLTS_KESRA', 'F6', '31', '3171', 'not_in_force', 'active', null)
    ) as t(programme, family_id, province_code, regency_code, decision, previous_status, primary_reason);
    create table lists.next_list as select programme, family_id from lists.decisions where decision <> 'remove';
    create table eligibility.listed_families as select programme, family_id from lists.decisions
        where decision <> 'replace';
    create table lists.programme_places as select 'PKH' as programme, 5 as quota;
    create table eligibility.list_comparison as select 'PKH' as programme, 'nation' as area_level, 98 as same,
        0 as missing,
        1 as unexpected, 2 as status_changed;
    create table staging.stg_row_counts as
        select s.source, r.rule, c.delivered, c.accepted,
            case when s.source = 'dtsen_individu' then r.rejected else 0 end as rejected
        from (select unnest({list(SOURCES)}) as source) as s
        cross join (values ('bad_code', 0), ('orphan', 1), ('flag_bad_nik', 7)) as r(rule, rejected)
        left join (values ('dtsen_keluarga', 100, 100), ('dtsen_individu', 201, 200)) as c(source, delivered, accepted)
            on s.source = c.source;
    update staging.stg_row_counts set delivered = 0, accepted = 0 where delivered is null;
"""
FUNNEL = """
    create table lists.area_counts as
    select programmes.programme, areas.area_level, areas.area_code, programmes.in_force,
        count(*) filter (decision <> 'replace') as listed, count(*) filter (previous_status = 'nominated') as nominated,
        count(*) filter (decision = 'keep') as kept, count(*) filter (decision = 'confirm') as confirmed,
        count(*) filter (decision = 'pending') as pending, count(*) filter (decision = 'hold') as held,
        count(*) filter (decision = 'remove' and previous_status = 'active') as removed_active,
        count(*) filter (decision = 'remove' and previous_status = 'nominated') as removed_nominated,
        count(*) filter (decision = 'not_in_force') as not_in_force, count(*) filter (decision = 'replace') as replaced,
        case when programmes.in_force and areas.area_level = 'nation' then 1 else 0 end as vacancies,
        count(*) filter (decision <> 'remove') as next_list_families
    from eligibility.programmes_in_force as programmes
    cross join (values ('nation', 'ID'), ('province', '31'), ('regency', '3171'), ('regency', '3172'))
        as areas(area_level, area_code)
    left join lists.decisions on decisions.programme = programmes.programme
        and areas.area_code in ('ID', decisions.province_code, decisions.regency_code)
    group by all
"""


class Gates:
    """The schema gates of one set of inputs."""

    def __init__(self, nodes: dict[str, Any]) -> None:
        of_gates = {node["name"]: node for node in nodes.values() if node["schema"] == "gates"}
        self.models = {name: node for name, node in of_gates.items() if node["resource_type"] == "model"}
        self._tests = {
            node["name"].removeprefix("gate_"): node["compiled_code"]
            for node in nodes.values()
            if node["resource_type"] == "test" and node["name"].startswith("gate_")
        }
        self._schemas = {node["schema"] for node in nodes.values() if node["resource_type"] in ("model", "seed")}

    def build(self, *changes: str, before_funnel: str = "") -> duckdb.DuckDBPyConnection:
        """Build them from the inputs after some changes; the connection holds them."""
        connection = duckdb.connect()
        connection.execute("attach ':memory:' as build; use build")
        for schema in self._schemas:
            connection.execute(f"create schema if not exists {schema}")
        for statement in (INPUTS, before_funnel, FUNNEL, *changes):
            connection.execute(statement)
        for node in map(self.models.__getitem__, MODELS):
            connection.execute(f"create table {node['relation_name']} as {node['compiled_code']}")
        return connection

    def values(self, *changes: str, before_funnel: str = "") -> dict[str, tuple[Decimal | None, str | None]]:
        """Value and worst place by gate."""
        with self.build(*changes, before_funnel=before_funnel) as connection:
            rows = connection.execute("select gate, value, worst from gates.gate_values").fetchall()
        assert len(rows) == len({gate for gate, _, _ in rows})
        return {gate: (value, worst) for gate, value, worst in rows}

    def failing(self, *changes: str) -> set[str]:
        """Gates whose data test fails."""
        with self.build(*changes) as connection:
            return {gate for gate, test in self._tests.items() if connection.execute(test).fetchall()}
