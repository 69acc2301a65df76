"""What only the build of a cycle knows: families on no list, the evidence against them, their order as candidates.

The build is read while it lies there (config/retention.toml), is the release's own, and no run works on the cycle: the
cycle is held meanwhile, some tenths of a second. Where it is gone, the answer says so.
"""

import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import duckdb

from orchestration.candidate.origin import other_build
from orchestration.engine import literal
from orchestration.explain.lookup import Folder
from orchestration.locks import CycleLocked, cycle_lock
from orchestration.settings import Settings


@dataclass(frozen=True)
class Candidate:
    """A candidate's place in the selection order of the nation, and among those of its regency that were left over."""

    programme: str
    selection_order: int
    regency_code: str | None
    position_in_regency: int


@dataclass(frozen=True)
class Unlisted:
    """A family as the build knows it; ``family`` is None when it is not in the registry.

    ``person_files`` are the delivered files that name the family among persons, by delivery digest and name; None when
    that is not known. ``why_not`` says why nothing is known: the rest is empty then.
    """

    family: Mapping[str, Any] | None = None
    candidates: Mapping[str, Candidate] = field(default_factory=dict)
    evidence: list[dict[str, Any]] = field(default_factory=list)
    person_files: frozenset[tuple[str, str]] | None = None
    why_not: str | None = None


def look_up(settings: Settings, connection: duckdb.DuckDBPyConnection, folder: Folder, family_id: str) -> Unlisted:
    """Ask the build of the folder's cycle; by programme, for those of which the family is not on the list."""
    build = settings.build / f"{folder.cycle}.duckdb"
    if not build.is_file():
        return Unlisted(why_not=f"{build} is not there any more")
    try:
        with cycle_lock(settings, folder.cycle, f"explain-{os.getpid()}"):
            if difference := other_build(settings, folder.manifest):
                return Unlisted(why_not=f"{build} is not of this release: {difference}")
            try:
                connection.execute(f"attach {literal(build)} as build (read_only)")
                return _asked(connection, family_id)
            except duckdb.Error as error:
                return Unlisted(why_not=f"{build} cannot be read ({type(error).__name__})")
            finally:
                connection.execute("detach database if exists build")
    except CycleLocked as locked:
        return Unlisted(why_not=str(locked))


def _asked(connection: duckdb.DuckDBPyConnection, family_id: str) -> Unlisted:
    own = literal(family_id)
    evidence = _rows(connection, _EVIDENCE.format(family=own))
    family = next(iter(_rows(connection, _FAMILY.format(family=own))), None)
    if family is None:
        return Unlisted(evidence=evidence)
    key = family.pop("family_key")
    candidates = {
        row["programme"]: Candidate(**row, position_in_regency=_position(connection, **row))
        for row in _rows(connection, _CANDIDATES.format(family=own))
    }
    files = _rows(connection, _PERSON_FILES.format(key=key))
    named = frozenset((row["delivery_digest"], row["path"].rpartition("/")[2]) for row in files)
    return Unlisted(family, candidates, evidence, named)


def _position(
    connection: duckdb.DuckDBPyConnection, programme: str, selection_order: int, regency_code: str | None
) -> int:
    """Which of its regency's candidates it is that were not selected, from 1."""
    query = _REMAINING.format(
        programme=literal(programme),
        regency=literal(regency_code) if regency_code else "null",
        order=selection_order,
    )
    return int(_rows(connection, query)[0]["families"])


def _rows(connection: duckdb.DuckDBPyConnection, query: str) -> list[dict[str, Any]]:
    """Without parameters: for those the engine would import pandas, half a second."""
    cursor = connection.execute(query)
    names = [column[0] for column in cursor.description or []]
    return [dict(zip(names, row, strict=True)) for row in cursor.fetchall()]


_FAMILY = """
    select family_key, village_code, welfare_decile, welfare_rank, priority_class
    from build.households.families
    where family_id = {family}
"""
_CANDIDATES = "select programme, selection_order, regency_code from build.lists.candidates where family_id = {family}"
_PERSON_FILES = """
    select distinct files.delivery_digest, files.path
    from build.staging.stg_persons_parsed as persons
    inner join build.staging.stg_files as files on persons.file_id = files.file_id
    where persons.family_key = {key}
"""
_REMAINING = """
    select count(*) as families
    from build.lists.candidates as before
    anti join (
        select family_id from build.lists.decisions where programme = {programme} and decision = 'replace'
    ) as selected on before.family_id = selected.family_id
    where
        before.programme = {programme}
        and before.regency_code is not distinct from {regency}
        and before.selection_order <= {order}
"""
_EVIDENCE = """
    select
        evidence.programme, evidence.criterion, evidence.action, evidence.evidence_date, evidence.source,
        files.delivery_digest, evidence.cleared, evidence.cleared_by
    from build.eligibility.judged_evidence as evidence
    left join build.staging.stg_files as files on evidence.file_id = files.file_id
    where evidence.family_id = {family} and not evidence.is_listed
"""
