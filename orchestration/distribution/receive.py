"""The way back: a filled-in work list becomes a batch of `verifikasi_lapangan` in the landing zone.

Every filled row is checked against the work list of the release that the cover names; good rows land, the others go
back to the office in a report beside the file (answer.py). How the file is read stands in returned.py.
"""

import hashlib
import io
import json
import os
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any, cast

import pyarrow as pa
import pyarrow.parquet as pq

from orchestration import audit
from orchestration.candidate.manifest import ManifestDamaged, read_manifest
from orchestration.contracts.code_lists import regencies
from orchestration.contracts.sources import CONTRACT_VERSION, SOURCES
from orchestration.cycles import parse_cycle
from orchestration.distribution.answer import write_answer
from orchestration.distribution.columns import MAX_NOTE, RESULTS
from orchestration.distribution.cover import visit_days
from orchestration.distribution.files import write_private
from orchestration.distribution.returned import Formula, Returned, ReturnedRow, Said, WrongFile, read_returned
from orchestration.distribution.work_list import (
    FORMAT,
    make_work_list,
    package_code,
    row_code,
    view_release,
    work_list_families,
)
from orchestration.engine import engine
from orchestration.ingest.landing import STATEMENT, source_folder
from orchestration.released import RELEASE_NAME
from orchestration.settings import Settings

SOURCE = SOURCES["verifikasi_lapangan"]
_DATA = "verifications.parquet"


@dataclass(frozen=True)
class Refusal:
    """A row that does not land: where it stands, the family as the sheet names it, and every reason."""

    sheet: str
    row: int
    family_id: str
    reasons: tuple[Said, ...]


@dataclass(frozen=True)
class Received:
    """What became of a file. ``batch`` is None when no row landed; ``again``: its rows had landed before."""

    cycle: str
    package_cycle: str
    release: str
    regency: str
    accepted: int
    refused: tuple[Refusal, ...]
    batch: Path | None
    again: bool
    report: Path


@dataclass(frozen=True)
class _Package:
    """The package that a returned file is of, as the release has it."""

    cycle: str
    release: str
    regency: str
    code: str
    families: frozenset[str]


def receive(settings: Settings, path: Path, cycle: str | None = None) -> Received:
    """Land the good rows of a returned work list in ``cycle``, by default the month after the package's.

    The report is written in any case. Raises WrongFile when the file is refused whole.
    """
    try:
        returned = read_returned(path)
        package = _package_of(settings, returned)
        into = cycle or parse_cycle(package.cycle).shift(1).key
        if into < package.cycle:
            raise WrongFile(
                f"Paket ini dari siklus {package.cycle}; tidak dapat diterima dalam siklus sebelumnya.",
                f"The package is of cycle {package.cycle}; it cannot be received in an earlier one.",
            )
        if not returned.rows:
            raise WrongFile("Tidak ada baris yang diisi.", "No row is filled in.")
        accepted, refused = _judge(returned, package, *visit_days(package.cycle, into))
        batch, again = _land(settings, into, package, accepted) if accepted else (None, False)
    except WrongFile as wrong:
        wrong.report = write_answer(path, 0, [], wrong.said)
        raise
    report = write_answer(path, len(accepted), [(r.sheet, r.row, r.family_id, r.reasons) for r in refused])
    return Received(
        into, package.cycle, package.release, package.regency, len(accepted), tuple(refused), batch, again, report
    )


def _package_of(settings: Settings, returned: Returned) -> _Package:
    """The package that the cover states, made again from the release. Raises WrongFile where they differ."""
    said = returned.stated
    cycle, release, regency = (said.get(key, "") for key in ("cycle", "release", "regency"))
    if (said.get("kind"), said.get("contract")) != (FORMAT, str(CONTRACT_VERSION)):
        raise WrongFile(
            "Jenis berkas atau versi kontraknya lain; pakailah paket yang terbaru.",
            "The kind of file or the contract version is another; use the newest package.",
        )
    try:
        parse_cycle(cycle)
        if not RELEASE_NAME.fullmatch(release) or regency not in regencies():
            raise ValueError
        folder = settings.releases / cycle / release
        manifest, sha256 = read_manifest(folder)
    except (ValueError, FileNotFoundError, ManifestDamaged):
        raise _changed() from None
    with engine(settings) as connection:
        view_release(connection, folder, manifest)
        make_work_list(connection, regency)
        families = work_list_families(connection)
    code = package_code(cycle, release, sha256, regency, families)
    if code != said.get("package"):
        raise _changed()
    return _Package(cycle, release, regency, code, frozenset(families))


def _changed() -> WrongFile:
    return WrongFile(
        "Ringkasan berubah, atau paket ini bukan dari rilis kami.",
        "The summary was changed, or the package is of no release of ours.",
    )


def _judge(
    returned: Returned, package: _Package, earliest: date, latest: date
) -> tuple[list[dict[str, str | None]], list[Refusal]]:
    """Rows to land, in the contract's columns, and rows that are refused."""
    identified = [(row, _identity_problem(row, package)) for row in returned.rows]
    times = Counter(row.cells["family_id"] for row, problem in identified if not problem)
    accepted, refused = [], []
    for row, problem in identified:
        family = row.cells.get("family_id")
        reasons = [problem] if problem else _value_problems(row.cells, earliest, latest)
        if not problem and times[family] > 1:
            reasons.append(("Keluarga ini diisi lebih dari sekali.", "This family is filled in more than once."))
        if reasons:
            known = family if isinstance(family, str) else ""
            refused.append(Refusal(row.sheet, row.number, known[:36], tuple(reasons)))
            continue
        accepted.append(
            {
                "id_keluarga": str(family),
                "tanggal_verifikasi": cast(date, _day(row.cells["verified_on"])).isoformat(),
                "hasil": str(row.cells["result"]).upper(),
                "alasan": _note(row.cells.get("note")),
                "kode_kabupaten": package.regency,
            }
        )
    return sorted(accepted, key=lambda one: str(one["id_keluarga"])), refused


def _identity_problem(row: ReturnedRow, package: _Package) -> Said | None:
    """Why a row is not one that the package has."""
    if any(isinstance(value, Formula) for value in row.cells.values()):
        return "Ada rumus; isilah dengan nilai saja.", "There is a formula; enter values alone."
    family, code = row.cells.get("family_id"), row.cells.get("row_code")
    if family not in package.families:
        return (
            "Keluarga ini tidak ada dalam Daftar Kerja kabupaten/kota ini.",
            "This family is not on the work list of this regency.",
        )
    if code != row_code(package.code, str(family)):
        return (
            "ID keluarga atau kode baris berubah; salin baris dari paket asli.",
            "The family id or the row code was changed; copy the row from the original package.",
        )
    return None


def _value_problems(cells: Mapping[str, Any], earliest: date, latest: date) -> list[Said]:
    problems = []
    given, result, note = cells.get("verified_on"), cells.get("result"), cells.get("note")
    day = _day(given)
    if given is None:
        problems.append(("Tanggal verifikasi kosong.", "The date of the visit is empty."))
    elif day is None:
        problems.append(("Tanggal verifikasi bukan tanggal.", "The date of the visit is no date."))
    elif not earliest <= day <= latest:
        between = f"{earliest} - {latest}"
        problems.append((f"Tanggal verifikasi di luar {between}.", f"The date of the visit is outside {between}."))
    if result is None:
        problems.append(("Hasil kosong.", "The result is empty."))
    elif str(result).upper() not in RESULTS:
        problems.append((f"Hasil bukan salah satu dari {', '.join(RESULTS)}.", "The result is none of the list."))
    text = _note(note) or ""
    if len(text) > MAX_NOTE:
        problems.append((f"Catatan lebih dari {MAX_NOTE} huruf.", f"The note is longer than {MAX_NOTE} characters."))
    if not text.isprintable():
        problems.append(("Catatan berisi huruf yang tidak dapat dicetak.", "The note has unprintable characters."))
    return problems


def _day(value: Any) -> date | None:
    """A cell's day: a date of the spreadsheet, or a text YYYY-MM-DD."""
    if isinstance(value, datetime):
        return value.date()
    if isinstance(value, date):
        return value
    try:
        return date.fromisoformat(value) if isinstance(value, str) and len(value) == 10 else None
    except ValueError:
        return None


def _note(value: Any) -> str | None:
    """A note on one line: line breaks and runs of blanks become one blank."""
    return None if value is None else " ".join(str(value).split()) or None


def _land(settings: Settings, cycle: str, package: _Package, rows: list[dict[str, str | None]]) -> tuple[Path, bool]:
    """Write the batch, delivery.json last; its name follows from its rows, so the same rows land once."""
    text = json.dumps(rows, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    digest = hashlib.sha256(text.encode()).hexdigest()
    name = f"{package.regency}-{package.cycle}-{package.release}-{digest[:12]}"
    folder = source_folder(settings, cycle, SOURCE) / name
    if (folder / STATEMENT).exists():
        return folder, True
    content = io.BytesIO()
    schema = pa.schema([(column, pa.string()) for column in SOURCE.column_names])
    pq.write_table(pa.Table.from_pylist(rows, schema=schema), content, compression="zstd")
    sha256 = hashlib.sha256(content.getvalue()).hexdigest()
    audit.record(
        settings,
        "receive",
        cycle,
        release=f"{package.cycle}/{package.release}",
        regency=package.regency,
        batch=name,
        files={_DATA: sha256},
        rows=len(rows),
    )
    write_private(folder / _DATA, content.getvalue())
    statement = {
        "source": SOURCE.name,
        "cycle": cycle,
        "contract_version": CONTRACT_VERSION,
        "sender": f"regency-{package.regency}",
        "sent_at": datetime.now(UTC).isoformat(timespec="seconds"),
        "files": [{"name": _DATA, "sha256": sha256, "rows": len(rows)}],
    }
    write_private(folder / STATEMENT, (json.dumps(statement, indent=2) + os.linesep).encode())
    return folder, False
