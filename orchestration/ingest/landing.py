"""What lies in landing: folders that hold a delivery, what each delivery.json says, and whether the folder agrees.

Looks at names, delivery.json and file types only; the contents of data files are read in ``conversion.py``.
"""

import hashlib
import json
import os
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Annotated, Any

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, StrictInt, StrictStr, ValidationError

from orchestration.contracts.sources import CONTRACT_VERSION, Source
from orchestration.cycles import parse_cycle
from orchestration.ingest.files import MAX_ROWS, UnreadableFile, open_regular
from orchestration.settings import Settings

STATEMENT = "delivery.json"
DATA_SUFFIXES = (".csv", ".csv.gz", ".parquet")
MAX_STATEMENT_BYTES = 16 << 20


def _file_name(name: str) -> str:
    if "/" in name or name in ("", ".", "..") or not name.isprintable():
        raise ValueError("is no plain file name")
    if not is_data(name):
        raise ValueError(f"ends in none of {', '.join(DATA_SUFFIXES)}")
    return name


def _timestamp(text: str) -> str:
    try:
        datetime.fromisoformat(text)
    except ValueError:
        raise ValueError("is no time in ISO 8601") from None
    return text


class _StatedFile(BaseModel):
    name: Annotated[StrictStr, AfterValidator(_file_name)]
    sha256: Annotated[StrictStr, Field(pattern="^[0-9a-fA-F]{64}$")]
    rows: Annotated[StrictInt, Field(ge=0, le=MAX_ROWS)]


class _Statement(BaseModel):
    """delivery.json. Fields that the contract does not know are ignored."""

    model_config = ConfigDict(frozen=True, hide_input_in_errors=True)

    source: StrictStr
    cycle: StrictStr
    contract_version: StrictInt
    sender: Annotated[StrictStr, Field(min_length=1)]
    sent_at: Annotated[StrictStr, AfterValidator(_timestamp)]
    files: list[_StatedFile]


@dataclass(frozen=True)
class StatedFile:
    """A data file as delivery.json lists it."""

    name: str
    sha256: str
    rows: int


@dataclass
class Landed:
    """One delivery in landing: a folder with a delivery.json. ``problems`` are reasons to refuse it.

    Attributes:
        batch: path of the folder below landing/<cycle>/<source>, empty for that folder itself.
        files: in order of the bytes of their names.
    """

    folder: Path
    cycle: str
    batch: str
    contract_version: int = CONTRACT_VERSION
    sender: str = ""
    sent_at: str = ""
    files: list[StatedFile] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)

    def path(self, name: str) -> str:
        """A file's path relative to landing/<cycle>/<source>."""
        return f"{self.batch}/{name}" if self.batch else name

    def digest(self, source: Source) -> str:
        """Digest of what the delivery says it is: 64 hexadecimal digits, the name of its raw folder."""
        said = {
            "source": source.name,
            "cycle": self.cycle,
            "contract_version": CONTRACT_VERSION,
            "files": [[file.name, file.sha256, file.rows] for file in self.files],
        }
        return hashlib.sha256(json.dumps(said, sort_keys=True, separators=(",", ":")).encode()).hexdigest()


def is_data(name: str) -> bool:
    """Whether a file in a delivery's folder is a data file, by its name."""
    return name.lower().endswith(DATA_SUFFIXES)


def shown(name: str) -> str:
    """A name from the file system as printable text."""
    return name if name.isprintable() else ascii(name)[1:-1]


def source_folder(settings: Settings, cycle: str, source: Source) -> Path:
    """Where a source's deliveries of a cycle land."""
    return settings.landing / cycle / source.name


def earlier_cycles(settings: Settings, cycle: str, source: Source) -> list[str]:
    """Earlier cycles whose deliveries count for an event source, oldest first: those that have a folder in landing."""
    if not settings.landing.is_dir():
        return []
    return counts_earlier(os.listdir(settings.landing), cycle, source)


def counts_earlier(names: Iterable[str], cycle: str, source: Source) -> list[str]:
    """Of names of folders those that are an earlier cycle whose deliveries of a source count, oldest first."""
    if source.kind == "snapshot":
        return []
    this = parse_cycle(cycle)
    first = this.shift(-source.earlier_cycles).key if source.earlier_cycles is not None else ""
    keys = []
    for name in names:
        try:
            key = parse_cycle(name).key
        except ValueError:
            continue
        if first <= key < cycle:
            keys.append(key)
    return sorted(keys)


def statements(folder: Path) -> Iterator[tuple[Path, str]]:
    """Every delivery.json below a source's folder, with its batch, in order of the bytes of the batch's path."""
    found = [
        (Path(place), os.path.relpath(place, folder).replace(os.sep, "/"))
        for place, _, names in _walk(folder)
        if STATEMENT in names
    ]
    for place, batch in sorted(found, key=lambda item: os.fsencode(item[1])):
        yield place / STATEMENT, "" if batch == "." else batch


def _walk(folder: Path) -> Iterator[tuple[str, list[str], list[str]]]:
    """os.walk, but a folder that cannot be listed is an error and not an empty one; links are not followed."""

    def fail(error: OSError) -> None:
        raise error

    return os.walk(folder, onerror=fail) if folder.exists() and not _link_to(folder) else iter(())


def _link_to(folder: Path) -> Path | None:
    """The folder of a source or of its cycle, when it is a symbolic link."""
    return next((place for place in (folder.parent, folder) if place.is_symlink()), None)


def arrived(settings: Settings, cycle: str, source: Source) -> tuple[list[Landed], list[str]]:
    """The deliveries of one source and cycle that have arrived, read and checked, and warnings about what has not."""
    folder = source_folder(settings, cycle, source)
    landed = [read_delivery(path.parent, cycle, batch, source) for path, batch in statements(folder)]
    for delivery in landed:
        delivery.problems += _check_names(delivery)
    places = {delivery.folder for delivery in landed}
    warnings = []
    if link := _link_to(folder):
        warnings.append(f"{link.relative_to(settings.landing)}: is a symbolic link to a folder and is not followed")
    for place, folders, names in _walk(folder):
        batch = shown(os.path.relpath(place, folder))
        where = f"{cycle}/{source.name}" + ("" if batch == "." else f"/{batch}")
        if Path(place) not in places and any(map(is_data, names)):
            warnings.append(f"{where}: has data files but no {STATEMENT}: it has not arrived and does not count")
        for name in folders:
            if (Path(place) / name).is_symlink():
                warnings.append(f"{where}/{shown(name)}: is a symbolic link to a folder and is not followed")
    return landed, sorted(warnings)


def read_delivery(folder: Path, cycle: str, batch: str, source: Source) -> Landed:
    """A delivery as its delivery.json describes it, with what is wrong in that; data files are not looked at."""
    landed = Landed(folder, cycle, batch)
    at = landed.path(STATEMENT)
    if not batch.isprintable():
        landed.problems.append(f"{shown(batch)}: the folder's name has characters that cannot be printed")
        return landed
    try:
        statement = _Statement.model_validate(_json(folder / STATEMENT))
    except UnreadableFile as error:
        landed.problems.append(f"{at}: {error}")
        return landed
    except ValidationError as error:
        for fault in error.errors(include_input=False, include_url=False, include_context=False):
            landed.problems.append(f"{at}: {'.'.join(map(str, fault['loc']))}: {fault['msg']}")
        return landed
    landed.sender, landed.sent_at = statement.sender, statement.sent_at
    landed.files = sorted(
        (StatedFile(file.name, file.sha256.lower(), file.rows) for file in statement.files),
        key=lambda file: file.name.encode(),
    )
    if statement.contract_version != CONTRACT_VERSION:
        landed.problems.append(
            f"{at}: contract version {statement.contract_version} is not known; this is version {CONTRACT_VERSION}"
        )
    for name, says, expected in (("source", statement.source, source.name), ("cycle", statement.cycle, cycle)):
        if says != expected:
            landed.problems.append(f"{at}: its {name} is not that of its folder, {expected}")
    return landed


def _json(path: Path) -> Any:
    with open_regular(path) as file:
        text = file.read(MAX_STATEMENT_BYTES + 1)
    if len(text) > MAX_STATEMENT_BYTES:
        raise UnreadableFile("is too large")
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        raise UnreadableFile("is no JSON") from None


def _check_names(landed: Landed) -> list[str]:
    """The listed files against those in the folder: each listed once, there, a regular file; no other data file."""
    if landed.problems:
        return []
    listed = Counter(file.name for file in landed.files)
    entries = {entry.name: entry for entry in os.scandir(landed.folder)}
    problems = []
    for name, times in listed.items():
        if times > 1:
            problems.append(f"{landed.path(name)}: is listed twice")
        if name not in entries:
            problems.append(f"{landed.path(name)}: is listed but missing")
        elif not entries[name].is_file(follow_symlinks=False):
            problems.append(f"{landed.path(name)}: is a symbolic link or no regular file")
    for name, entry in sorted(entries.items()):
        if is_data(name) and name not in listed and not entry.is_dir(follow_symlinks=False):
            problems.append(f"{landed.path(shown(name))}: is not listed in {STATEMENT}")
    return problems
