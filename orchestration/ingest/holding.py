"""The raw folders: raw/<source>/<delivery digest>/ holds one delivery as Parquet, whole or not at all.

A delivery is staged in a ``.partial`` sibling, checked against its delivery.json, and renamed when its source is
accepted. A lock per source makes two processes take turns. A folder that is already held is used again, after the
digests of the landed files are verified anew.
"""

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import duckdb
from filelock import FileLock
from pydantic import BaseModel, ConfigDict, ValidationError

from orchestration.contracts.sources import Source
from orchestration.ingest.conversion import hold_file, is_csv, read_through
from orchestration.ingest.files import UnreadableFile, file_digest
from orchestration.ingest.landing import Landed, StatedFile
from orchestration.ingest.records import Delivery, RawFile
from orchestration.settings import Settings, fsync, private_dir, write_json_atomic

CONTENT = "content.json"
PARTIAL = ".partial"


class HeldFile(BaseModel):
    """One file of a raw folder; ``raw_name`` is ours, as delivered names may be patterns to the engine."""

    model_config = ConfigDict(frozen=True)

    name: str
    raw_name: str
    sha256: str
    rows: int
    decimal_comma: bool


class Content(BaseModel):
    """What a raw folder holds; written last, as ``content.json``. ``cycle``: by which its term is counted."""

    model_config = ConfigDict(frozen=True)

    files: tuple[HeldFile, ...]
    extra_columns: tuple[str, ...]
    cycle: str = ""


def read_content(folder: Path) -> Content | None:
    """What a raw folder holds; None when it is not there or not whole."""
    try:
        content = Content.model_validate_json((folder / CONTENT).read_bytes())
    except (OSError, ValidationError):
        return None
    return content if all((folder / file.raw_name).is_file() for file in content.files) else None


def delivery_record(landed: Landed, digest: str, folder: Path, content: Content) -> Delivery:
    """The record of a delivery whose rows lie in ``folder``."""
    return Delivery(
        cycle=landed.cycle,
        batch=landed.batch,
        digest=digest,
        sender=landed.sender,
        sent_at=landed.sent_at,
        contract_version=landed.contract_version,
        files=tuple(
            RawFile(
                path=landed.path(file.name),
                sha256=file.sha256,
                rows=file.rows,
                raw_path=folder / file.raw_name,
                decimal_comma=file.decimal_comma,
                is_csv=is_csv(file.name),
            )
            for file in content.files
        ),
        extra_columns=content.extra_columns,
    )


def raw_folder(settings: Settings, source: Source, digest: str) -> Path:
    """Where a delivery's rows are held."""
    return settings.raw / source.name / digest


class Holding:
    """Stages deliveries of one source under its lock; made by ``holding``."""

    def __init__(self, settings: Settings, source: Source, connection: duckdb.DuckDBPyConnection) -> None:
        """Nothing is staged yet."""
        self._settings = settings
        self._source = source
        self._connection = connection
        self._staged: dict[str, Path] = {}

    def stage(self, landed: Landed) -> list[str]:
        """Verify a delivery and have its rows held or staged; returns what is wrong, each with file and cause."""
        if landed.problems:
            return landed.problems
        digest = landed.digest(self._source)
        folder = self._folder(digest)
        content = read_content(folder)
        problems = [] if content is None else _verify(landed)
        if problems or (content is not None and _is_sound(folder, content, landed)):
            return problems
        return self._convert(landed, digest)

    def damaged(self, landed: Landed) -> list[str]:
        """Files of a delivery staged just now whose values cannot be read; of one that was held they could be."""
        problems = []
        if landed.digest(self._source) in self._staged:
            for file in self.delivery(landed).files:
                try:
                    read_through(self._connection, self._source, file)
                except UnreadableFile as error:
                    problems.append(f"{file.path}: {error}")
        return problems

    def delivery(self, landed: Landed) -> Delivery:
        """The record of a staged or held delivery."""
        digest = landed.digest(self._source)
        folder = self._folder(digest)
        content = read_content(folder)
        if content is None:
            raise RuntimeError(f"raw folder {folder.name} of {self._source.name} is not whole")
        return delivery_record(landed, digest, folder, content)

    def commit(self) -> None:
        """Make what is staged held."""
        for digest, partial in self._staged.items():
            target = raw_folder(self._settings, self._source, digest)
            shutil.rmtree(target, ignore_errors=True)  # only when damaged
            partial.rename(target)
        self._staged.clear()

    def discard(self) -> None:
        """Remove what is staged and not held."""
        for partial in self._staged.values():
            shutil.rmtree(partial, ignore_errors=True)
        self._staged.clear()

    def _folder(self, digest: str) -> Path:
        return self._staged.get(digest) or raw_folder(self._settings, self._source, digest)

    def _convert(self, landed: Landed, digest: str) -> list[str]:
        private_dir(self._settings.raw)
        partial = private_dir(self._settings.raw / self._source.name) / f"{digest}{PARTIAL}"
        shutil.rmtree(partial, ignore_errors=True)  # of a process that was killed
        private_dir(partial)
        self._staged[digest] = partial
        problems, held, columns = [], [], set[str]()
        for number, file in enumerate(landed.files, start=1):
            raw_name = f"{number:05d}.parquet"
            try:
                facts = hold_file(
                    self._connection, self._source, landed.folder / file.name, partial / raw_name, file.rows
                )
            except UnreadableFile as error:
                problems.append(f"{landed.path(file.name)}: {error}")
                continue
            problems += _differences(landed, file, facts.sha256, facts.rows)
            held.append(
                HeldFile(
                    name=file.name,
                    raw_name=raw_name,
                    sha256=facts.sha256,
                    rows=facts.rows,
                    decimal_comma=facts.decimal_comma,
                )
            )
            columns.update(facts.columns)
        if problems:
            shutil.rmtree(partial, ignore_errors=True)
            del self._staged[digest]
            return problems
        extra = tuple(sorted(columns - set(self._source.column_names)))
        for raw in held:
            fsync(partial / raw.raw_name)
        holds = Content(files=tuple(held), extra_columns=extra, cycle=landed.cycle)
        write_json_atomic(partial / CONTENT, holds.model_dump(mode="json"))
        fsync(partial)
        return []


@contextmanager
def holding(settings: Settings, source: Source, connection: duckdb.DuckDBPyConnection) -> Iterator[Holding]:
    """Hold deliveries of one source, one process at a time; what was staged and not committed is removed at the end."""
    locks = private_dir(private_dir(settings.build) / ".locks")
    with FileLock(locks / f"raw-{source.name}.lock", mode=0o600):
        held = Holding(settings, source, connection)
        try:
            yield held
        finally:
            held.discard()


def _differences(landed: Landed, file: StatedFile, sha256: str, rows: int) -> list[str]:
    problems = []
    if sha256 != file.sha256:
        problems.append(f"{landed.path(file.name)}: its digest is not the one in delivery.json")
    if rows != file.rows:
        problems.append(f"{landed.path(file.name)}: holds {rows} rows, delivery.json says {file.rows}")
    return problems


def _verify(landed: Landed) -> list[str]:
    """The landed files against their digests; row counts and columns follow from those."""
    problems = []
    for file in landed.files:
        try:
            problems += _differences(landed, file, file_digest(landed.folder / file.name), file.rows)
        except UnreadableFile as error:
            problems.append(f"{landed.path(file.name)}: {error}")
    return problems


def _is_sound(folder: Path, content: Content, landed: Landed) -> bool:
    """Whether held Parquet is what was delivered: a link can be changed through its other name, CSV-made files not."""
    return all(
        is_csv(file.name)
        or (folder / file.raw_name).samefile(landed.folder / file.name)
        or file_digest(folder / file.raw_name) == file.sha256
        for file in content.files
    )
