"""The marts of every current release in a schema of PostgreSQL, for BI tools that read a server.

All of it in one transaction, rows deleted and inserted and no table replaced: a statement, or a transaction of
isolation level repeatable read, sees what was there before or what is there after. The schema is Mutakhir's own; its
table ``releases`` says what it shows. The URL holds a password and is in no message.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, LiteralString

import duckdb
import psycopg
from psycopg import sql
from psycopg.errors import DuplicateObject, InsufficientPrivilege, UniqueViolation

from orchestration import audit
from orchestration.candidate.datasets import parquet_relation
from orchestration.candidate.digests import column_types
from orchestration.distribution.descriptions import descriptions
from orchestration.distribution.families import NotDistributed, Release, open_release
from orchestration.engine import engine, identifier
from orchestration.publish.verify import mart_problems
from orchestration.released import read_index
from orchestration.settings import Settings

READER: Final = "mutakhir_reader"
"""A role without login that may read the schema: granted to those who may."""
RELEASES: Final = "releases"
_SCHEMA_NAME = re.compile(r"(?!pg_|information_schema$)[a-z_][a-z0-9_]{0,62}")
_DECIMAL = re.compile(r"DECIMAL\((\d+),(\d+)\)")
_TYPES: Mapping[str, str] = {
    "VARCHAR": "text",
    "BIGINT": "bigint",
    "INTEGER": "integer",
    "BOOLEAN": "boolean",
    "DATE": "date",
    "DOUBLE": "double precision",
}
_BATCH = 10_000


class NotExported(NotDistributed):
    """PostgreSQL is as it was: what is wrong, and what to do. Says nothing of the URL."""


@dataclass(frozen=True)
class Exported:
    """Releases loaded, by cycle (those shown already are left as they are); rows by mart; cycles taken out."""

    loaded: Mapping[str, str]
    rows: Mapping[str, int]
    removed: tuple[str, ...]


def is_schema_name(name: str) -> bool:
    """Lower-case letters, digits and underscores, 63 at most, none of PostgreSQL's own."""
    return _SCHEMA_NAME.fullmatch(name) is not None


def export(settings: Settings, url: str, schema: str = "mutakhir", cycle: str | None = None) -> Exported:
    """Have the schema show every current release, or the cycle's beside what it shows.

    A release that it does not show yet is verified first. Raises NotExported, NotDistributed, ReleaseIndexDamaged.
    """
    if not is_schema_name(schema):
        raise NotExported("a schema is named by lower-case letters, digits and underscores, and not beginning with pg_")
    try:
        with _connected(url) as connection, connection.transaction():
            connection.execute("set local lock_timeout = '60s'")
            connection.execute("select pg_advisory_xact_lock(hashtextextended(%s, 0))", [f"mutakhir {schema}"])
            return _Schema(connection, schema).show(settings, cycle)
    except psycopg.Error as error:
        said = error.diag.message_primary or "the connection broke"
        raise NotExported(f"PostgreSQL said: {said}. Nothing was changed in it") from None


def _connected(url: str) -> psycopg.Connection[Any]:
    try:
        return psycopg.connect(url, connect_timeout=10, application_name="mutakhir", autocommit=True)
    except psycopg.OperationalError as error:
        raise NotExported(f"PostgreSQL cannot be reached: {_without_url(str(error), url)}") from None
    except (psycopg.Error, ValueError):  # it quotes the URL
        raise NotExported("this is no URL of PostgreSQL; write postgresql://user@host:5432/database") from None


def _without_url(said: str, url: str) -> str:
    """What a driver says, unless it says a word of the URL: of one that is cut wrongly, the password is a host."""
    line = re.sub(r"""(["']).*?\1""", "(...)", said.strip().splitlines()[0].rpartition("failed: ")[2])
    told = set(re.split(r"\W+", line)) & {word for word in re.split(r"\W+", url.partition("://")[2]) if word}
    return f"{'it did not answer as expected' if told else line}; check host, port, database, user and password"


class _Schema:
    """The schema, inside the one transaction."""

    def __init__(self, connection: psycopg.Connection[Any], name: str) -> None:
        self._connection = connection
        self._name = name

    def show(self, settings: Settings, cycle: str | None) -> Exported:
        shown = self._prepare()
        index = read_index(settings)
        current = {key: one.manifest_sha256 for key, one in index.cycles.items()} if index else {}
        if not current or (cycle and cycle not in current):
            raise NotExported(f"{f'cycle {cycle} has' if cycle else 'there is'} no release: mutakhir publish")
        chosen = {cycle} if cycle else current.keys() | shown.keys()
        removed = tuple(sorted(chosen - current.keys()))
        wanted = sorted(key for key in chosen & current.keys() if shown.get(key) != current[key])
        releases = {key: _verified(settings, key, current[key]) for key in wanted}
        if wanted or removed:
            for table in self._tables():
                self._run("delete from {} where cycle = any(%s)", self._table(table), values=[[*wanted, *removed]])
        rows = self._load(settings, releases)
        self._describe()
        self._grant()
        loaded = {key: release.name for key, release in releases.items()}
        if loaded or removed:
            audit.record(
                settings, "export", cycle, schema=self._name, releases=loaded, removed=list(removed), rows=rows
            )
        return Exported(loaded, rows, removed)

    def _prepare(self) -> dict[str, str]:
        """Make the schema and the table of releases where they are missing; the manifests shown, by cycle."""
        self._run("create schema if not exists {}", sql.Identifier(self._name))
        tables = self._tables()
        if tables and RELEASES not in tables:
            raise NotExported(f"schema {self._name} holds tables that are not Mutakhir's: name another by --schema")
        if not tables:
            self._run(
                "create table {} (cycle text primary key, release text, manifest_sha256 text)", self._table(RELEASES)
            )
        return dict(self._run("select cycle, manifest_sha256 from {}", self._table(RELEASES)).fetchall())

    def _load(self, settings: Settings, releases: Mapping[str, Release]) -> dict[str, int]:
        """Rows by mart; the table of releases says it, too."""
        files: dict[str, list[Path]] = {}
        for release in releases.values():
            for name, data_set in release.manifest.data_sets.items():
                if name.startswith("marts/"):
                    paths = files.setdefault(name.removeprefix("marts/"), [])
                    paths += [release.folder / file.path for file in data_set.files]
        with engine(settings) as reading:
            rows = {mart: self._copy(reading, mart, parquet_relation(paths)) for mart, paths in sorted(files.items())}
        for cycle, release in releases.items():
            shown = [cycle, release.name, release.manifest_sha256]
            self._run("insert into {} values (%s, %s, %s)", self._table(RELEASES), values=shown)
        return rows

    def _copy(self, reading: duckdb.DuckDBPyConnection, mart: str, relation: str) -> int:
        columns = {name: _type(mart, name, kind) for name, kind in column_types(reading, relation).items()}
        self._have_columns(mart, columns)
        names = sql.SQL(", ").join(map(sql.Identifier, columns))
        command = sql.SQL("copy {} ({}) from stdin").format(self._table(mart), names)
        reading.execute(f"select {', '.join(map(identifier, columns))} from {relation}")
        rows = 0
        with self._connection.cursor() as cursor, cursor.copy(command) as copy:
            while batch := reading.fetchmany(_BATCH):
                for row in batch:
                    copy.write_row(row)
                rows += len(batch)
        return rows

    def _have_columns(self, mart: str, columns: Mapping[str, str]) -> None:
        """Make the table or add what is missing; a column of another type stays, and the export is refused."""
        self._run("create table if not exists {} ()", self._table(mart))
        there = self._columns(mart)
        for column, kind in columns.items():
            if column not in there:
                self._run("alter table {} add column {} {}", self._table(mart), sql.Identifier(column), sql.SQL(kind))
            elif there[column] != kind:
                raise NotExported(
                    f"{self._name}.{mart}.{column} is {there[column]}, and {kind} in the release: export into a new"
                    " schema by --schema"
                )

    def _describe(self) -> None:
        """The dbt descriptions as comments."""
        tables = self._tables()
        about = sql.Literal("Which release of each cycle the tables show")
        self._run("comment on table {} is {}", self._table(RELEASES), about)
        for mart, described in descriptions().items():
            if mart in tables:
                self._run("comment on table {} is {}", self._table(mart), sql.Literal(described.mart))
                for column in described.columns.keys() & self._columns(mart).keys():
                    place, text = sql.Identifier(self._name, mart, column), sql.Literal(described.columns[column])
                    self._run("comment on column {} is {}", place, text)

    def _grant(self) -> None:
        reader, schema = sql.Identifier(READER), sql.Identifier(self._name)
        if not self._connection.execute("select 1 from pg_roles where rolname = %s", [READER]).fetchone():
            try:
                with self._connection.transaction():
                    self._run("create role {} nologin", reader)
            except (DuplicateObject, UniqueViolation):
                pass  # another export made it at the same moment
            except InsufficientPrivilege:
                raise NotExported(
                    f"the role {READER} is missing, and this user may not make it. An administrator can:"
                    f" create role {READER} nologin"
                ) from None
        self._run("grant usage on schema {} to {}", schema, reader)
        self._run("grant select on all tables in schema {} to {}", schema, reader)

    def _tables(self) -> list[str]:
        query = "select tablename from pg_tables where schemaname = %s order by 1"
        return [name for (name,) in self._connection.execute(query, [self._name]).fetchall()]

    def _columns(self, mart: str) -> dict[str, str]:
        """Types by column, as PostgreSQL writes them."""
        query = (
            "select attname, format_type(atttypid, atttypmod) from pg_attribute"
            " where attrelid = %s::regclass and attnum > 0 and not attisdropped"
        )
        name = self._table(mart).as_string(self._connection)
        return dict(self._connection.execute(query, [name]).fetchall())

    def _table(self, name: str) -> sql.Identifier:
        return sql.Identifier(self._name, name)

    def _run(
        self, command: LiteralString, *names: sql.Composable, values: list[Any] | None = None
    ) -> psycopg.Cursor[Any]:
        return self._connection.execute(sql.SQL(command).format(*names), values)


def _verified(settings: Settings, cycle: str, manifest_sha256: str) -> Release:
    release = open_release(settings, cycle)
    problems = mart_problems(settings, release.folder, release.manifest)
    if release.manifest_sha256 != manifest_sha256:
        problems.append("its manifest is another than current.json says")
    if problems:
        raise NotExported(
            f"release {release.folder} is not as it was published: {'; '.join(problems)}. mutakhir verify"
        )
    return release


def _type(mart: str, column: str, kind: str) -> str:
    """The type of PostgreSQL that holds every value of a type of DuckDB, as PostgreSQL itself writes it."""
    if match := _DECIMAL.fullmatch(kind):
        return f"numeric({match[1]},{match[2]})"
    if kind not in _TYPES:
        raise NotExported(f"{mart}.{column} is {kind}, for which no type of PostgreSQL is chosen in {__name__}")
    return _TYPES[kind]
