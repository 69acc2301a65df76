"""Which families a regency is asked to visit, in which order, and the codes by which a returned list is known again.

Reads a release alone: making a package and receiving one back must see the same families. Names are no part of it.
"""

import hashlib
from collections.abc import Iterable
from pathlib import Path

import duckdb

from orchestration.candidate.datasets import LISTS, parquet_relation
from orchestration.candidate.manifest import Manifest
from orchestration.contracts.sources import CONTRACT_VERSION
from orchestration.engine import identifier, literal

FORMAT = "mutakhir-regency-package 1"
"""What a package is, and the version of its form."""

_FIRST_DECISION = "case task when 'hold' then 1 when 'pending' then 2 when 'replace' then 3 else 4 end"
_WITHOUT_CRITERION = {
    "pending": ("Belum ada verifikasi lapangan", "no field verification yet"),
    "replace": ("Terpilih sebagai pengganti, belum diverifikasi", "selected as a replacement, not yet verified"),
}


def view_release(connection: duckdb.DuckDBPyConnection, folder: Path, manifest: Manifest) -> None:
    """Make the release's data sets readable: views decisions, next_list, evidence, ..., and one per mart."""
    for name, data_set in manifest.data_sets.items():
        if paths := [folder / file.path for file in data_set.files]:
            connection.execute(f"create view {name.removeprefix('marts/')} as from {parquet_relation(paths)}")
    for empty in (one for one in LISTS if one.name in manifest.data_sets and not manifest.data_sets[one.name].files):
        columns = ", ".join(f"{identifier(name)} {kind}" for name, kind in empty.columns.items())
        connection.execute(f"create table {empty.name} ({columns})")


def make_work_list(connection: duckdb.DuckDBPyConnection, regency: str) -> None:
    """Make the table work_list over the views of a release: one row per family, in the order of visits.

    A family that several programmes ask to visit stands where the most urgent of them puts it. Order: task (hold,
    pending, replace, review), precedence of the reason, how long it waits (day of the evidence, or of the listing),
    priority class, family. The rule and why is in docs/distribution.md.
    """
    connection.execute(f"""
        create or replace temp table work_list as
        with asked as (
            select
                programme, family_id, village_code, priority_class, payee_person_id,
                case when decision in ('hold', 'pending', 'replace') then decision else 'review' end as task,
                case
                    when decision = 'hold' then primary_reason
                    when decision in ('keep', 'confirm') then split_part(reasons, ',', 1)
                end as reason
            from decisions
            where on_work_list and regency_code = {literal(regency)}
        ),
        explained as (
            select
                asked.*,
                {_FIRST_DECISION} as urgency,
                criterion.precedence,
                coalesce(criterion.name_id, {_words(0)}) as reason_id,
                coalesce(criterion.name_en, {_words(1)}) as reason_en,
                case when task in ('hold', 'review') then shown.evidence_date else listed.listed_since end as since
            from asked
            left join dim_criterion as criterion on asked.reason = criterion.criterion
            left join next_list as listed on asked.programme = listed.programme and asked.family_id = listed.family_id
            left join evidence as shown
                on asked.programme = shown.programme and asked.family_id = shown.family_id
                    and asked.reason = shown.criterion and not shown.cleared
        ),
        by_urgency as (
            select
                *,
                string_agg(programme, ', ' order by programme) over (partition by family_id) as programmes,
                row_number() over (
                    partition by family_id
                    order by urgency, precedence nulls last, since nulls last, programme
                ) as nth
            from explained
        )
        select
            row_number() over (
                order by urgency, precedence nulls last, since nulls last, priority_class nulls last, family_id
            ) as position,
            family_id, village_code, task, programmes, reason_id, reason_en, since, priority_class
        from by_urgency
        where nth = 1
    """)


def _words(language: int) -> str:
    """What stands for a reason where the task alone is one."""
    cases = [f"when {literal(task)} then {literal(words[language])}" for task, words in _WITHOUT_CRITERION.items()]
    return f"case task {' '.join(cases)} end"


def work_list_families(connection: duckdb.DuckDBPyConnection) -> list[str]:
    """The families of the table work_list, in order of their ids."""
    return [family for (family,) in connection.execute("select family_id from work_list order by 1").fetchall()]


def package_code(cycle: str, release: str, manifest_sha256: str, regency: str, families: Iterable[str]) -> str:
    """Digest of what a package is of and whom its work list names, 64 hexadecimal digits: its cover carries it.

    It tells a cover that was changed; it is no signature.
    """
    stated = [FORMAT, str(CONTRACT_VERSION), cycle, release, manifest_sha256, regency]
    return hashlib.sha256("\n".join([*stated, *sorted(families)]).encode()).hexdigest()


def row_code(package: str, family_id: str) -> str:
    """Eight hexadecimal digits that bind a row's family to its package: an id that was changed no longer fits."""
    return hashlib.sha256(f"{package}\n{family_id}".encode()).hexdigest()[:8]
