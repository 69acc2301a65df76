"""What a package says of families: the release's lists, and names, NIK and roles from the build it was made of.

A release holds no names, so they are read from build/<cycle>.duckdb, and only while it is the release's own build.
"""

import os
from dataclasses import dataclass
from pathlib import Path

import duckdb
import pyarrow as pa

from orchestration.candidate.check import file_problems
from orchestration.candidate.manifest import Manifest, ManifestDamaged, read_manifest
from orchestration.candidate.origin import other_build
from orchestration.contracts.code_lists import areas, villages
from orchestration.distribution.columns import RECIPIENTS, REMOVALS, REPLACEMENTS, SHEETS, WORK_LIST, Sheet
from orchestration.distribution.work_list import make_work_list, package_code, work_list_families
from orchestration.engine import identifier, literal
from orchestration.locks import cycle_lock
from orchestration.released import current_release
from orchestration.settings import Settings

_MASKED = """case
    when length(people.nik) = 16 then repeat('*', 12) || right(people.nik, 4)
    when people.nik is not null then repeat('*', 16)
end"""


class NotDistributed(RuntimeError):
    """Nothing is made, and what was made before stays: what is wrong, and what to do."""


@dataclass(frozen=True)
class Release:
    """The current release of a cycle, its files as they were published."""

    folder: Path
    manifest: Manifest
    manifest_sha256: str

    @property
    def name(self) -> str:
        """``r01``, ``r02``, ..."""
        return self.folder.name


def open_release(settings: Settings, cycle: str) -> Release:
    """The cycle's current release after its files were digested again. Raises NotDistributed, ReleaseIndexDamaged."""
    folder = current_release(settings, cycle)
    if folder is None:
        raise NotDistributed(f"cycle {cycle} has no release: mutakhir publish --cycle {cycle}")
    try:
        manifest, sha256 = read_manifest(folder)
    except ManifestDamaged as damaged:
        raise NotDistributed(f"{damaged}: mutakhir verify") from None
    if problems := file_problems(folder, manifest):
        raise NotDistributed(f"release {folder} is not as it was published: {'; '.join(problems)}. mutakhir verify")
    return Release(folder, manifest, sha256)


def regencies_of(connection: duckdb.DuckDBPyConnection) -> list[str]:
    """Regencies that have decisions in the release; families of unknown area are in none."""
    query = "select distinct regency_code from decisions where regency_code is not null order by 1"
    return [code for (code,) in connection.execute(query).fetchall()]


def load_people(settings: Settings, connection: duckdb.DuckDBPyConnection, release: Release, codes: list[str]) -> None:
    """Make the table people: for every family of these regencies the payee, else the head, else the first member.

    Holds the lock on the cycle meanwhile. Raises NotDistributed unless the build is the release's own, CycleLocked.
    """
    cycle = release.manifest.cycle
    again = f"run the cycle again, to the same content: mutakhir run --cycle {cycle}"
    build = settings.build / f"{cycle}.duckdb"
    with cycle_lock(settings, cycle, f"packages-{os.getpid()}"):
        if difference := other_build(settings, release.manifest):
            raise NotDistributed(f"{build} is not the build of release {release.name}: {difference}; {again}")
        try:
            connection.execute(f"attach {literal(build)} as build (read_only)")
            connection.execute(f"""
                create temp table people as
                with wanted as (
                    select family_id, max(payee_person_id) as payee_person_id
                    from decisions
                    where regency_code in ({", ".join(map(literal, codes))})
                    group by family_id
                ),
                chosen as (
                    select
                        wanted.family_id,
                        coalesce(lpad(cast(persons.nik as varchar), 16, '0'), persons.ill_formed_nik) as nik,
                        cast(persons.family_role as varchar) as family_role,
                        persons.full_name
                    from build.staging.stg_persons as persons
                    inner join build.households.families as families on persons.family_key = families.family_key
                    inner join wanted on families.family_id = wanted.family_id
                    qualify row_number() over (
                        partition by wanted.family_id
                        order by
                            persons.person_id is not distinct from wanted.payee_person_id desc,
                            persons.family_role = 'KEPALA' desc,
                            persons.person_id
                    ) = 1
                )
                select family_id, nik, family_role, full_name
                from chosen
            """)
        except duckdb.Error as error:
            raise NotDistributed(f"{build} cannot be read ({type(error).__name__}); {again}") from None
        finally:
            connection.execute("detach database if exists build")
    _load_areas(connection)


def _load_areas(connection: duckdb.DuckDBPyConnection) -> None:
    known = {**{code: name for code, name in areas().items() if len(code) == 6}, **villages()}
    connection.register("known_places", pa.table({"code": list(known), "name": list(known.values())}))
    connection.execute("create temp table places as from known_places")
    connection.unregister("known_places")


def regency_tables(
    connection: duckdb.DuckDBPyConnection, release: Release, regency: str
) -> tuple[str, dict[str, pa.Table]]:
    """The package's code, and its tables by name, each with the columns of its sheet that are not entered.

    Only families of this regency: of a family that lives elsewhere not even the id is in it, so ``replaces_family_id``
    is empty where the place came free in another regency.
    """
    make_work_list(connection, regency)
    code = package_code(
        release.manifest.cycle, release.name, release.manifest_sha256, regency, work_list_families(connection)
    )
    own = f"decisions.regency_code = {literal(regency)}"
    rows = {
        WORK_LIST.table: f"""
            select *, left(sha256({literal(code)} || chr(10) || family_id), 8) as row_code from work_list""",
        RECIPIENTS.table: f"""
            select next_list.* exclude (village_code), decisions.village_code, decision, welfare_decile
            from next_list
            inner join decisions using (programme, family_id)
            where decision <> 'remove' and {own}""",
        REMOVALS.table: f"""
            select
                decisions.*, reason.name_id as reason_id, reason.name_en as reason_en, reason.legal_basis,
                shown.evidence_date, shown.source
            from decisions
            left join dim_criterion as reason on decisions.primary_reason = reason.criterion
            left join evidence as shown
                on decisions.programme = shown.programme and decisions.family_id = shown.family_id
                    and decisions.primary_reason = shown.criterion and not shown.cleared
            where decision = 'remove' and {own}""",
        REPLACEMENTS.table: f"""
            select decisions.* replace (freed.family_id as replaces_family_id)
            from decisions
            left join decisions as freed
                on decisions.programme = freed.programme and decisions.replaces_family_id = freed.family_id
                    and decisions.regency_code = freed.regency_code
            where decisions.decision = 'replace' and {own}""",
    }
    return code, {sheet.table: _described(connection, sheet, rows[sheet.table]) for sheet in SHEETS}


def _described(connection: duckdb.DuckDBPyConnection, sheet: Sheet, rows: str) -> pa.Table:
    """Rows of families with names and places: the sheet's columns, in its order."""
    order = "position" if sheet is WORK_LIST else "programme, family_id"
    return connection.sql(f"""
        select {", ".join(map(identifier, sheet.stored))}
        from (
            select
                rows.*, people.full_name, people.family_role, people.nik, {_MASKED} as nik_masked,
                district.name as district, village.name as village
            from ({rows}) as rows
            left join people on rows.family_id = people.family_id
            left join places as district on left(rows.village_code, 6) = district.code
            left join places as village on rows.village_code = village.code
        )
        order by {order}
    """).to_arrow_table()
