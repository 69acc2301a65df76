"""Regency packages of a cycle's current release: made in memory, reconciled with the release, encrypted, put down.

What is in them stands in columns.py and families.py. Nothing is ever on disk in plain text.
"""

import hashlib
import io
import os
import tempfile
import zipfile
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from pathlib import Path

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq

from orchestration import audit
from orchestration.contracts.code_lists import areas
from orchestration.contracts.sources import CONTRACT_VERSION
from orchestration.cycles import cutoff, parse_cycle
from orchestration.distribution.columns import RECIPIENTS, REMOVALS, REPLACEMENTS, SHEETS, WORK_LIST
from orchestration.distribution.families import (
    NotDistributed,
    Release,
    load_people,
    open_release,
    regencies_of,
    regency_tables,
)
from orchestration.distribution.keys import RegencyKeys, read_keys, regency_name
from orchestration.distribution.work_list import FORMAT, view_release
from orchestration.distribution.workbook import Cover, Totals, workbook
from orchestration.engine import engine
from orchestration.settings import Settings, private_dir

STATED = {
    "kind": "Jenis berkas / Kind of file",
    "cycle": "Siklus / Cycle",
    "release": "Rilis / Release",
    "regency": "Kode wilayah / Regency code",
    "name": "Kabupaten/kota / Regency",
    "contract": "Versi kontrak / Contract version",
    "package": "Kode paket / Package code",
}
"""Labels on the cover of what a package is; receive.py reads the values back."""

_MEASURES = (
    ("listed", "Pada daftar yang diterima", "On the delivered list"),
    ("kept", "Tetap", "Kept"),
    ("confirmed", "Ditetapkan", "Confirmed"),
    ("pending", "Menunggu verifikasi, belum dibayar", "Pending verification, not paid"),
    ("held", "Ditahan, pembayaran ditangguhkan", "Held, payment suspended"),
    ("not_in_force", "Program tidak berjalan", "Programme not in force"),
    ("removed_active", "Dikeluarkan, sebelumnya aktif", "Removed, were active"),
    ("removed_nominated", "Dikeluarkan, sebelumnya calon", "Removed, were nominated"),
    ("replaced", "Pengganti, perlu diverifikasi", "Replacements, to be verified"),
    ("next_list_families", "Pada daftar berikutnya", "On the next list"),
    ("payable_amount_idr", "Rupiah per triwulan yang dibayar", "Rupiah per quarter that is paid"),
)
_DECISIONS = {"keep": "kept", "confirm": "confirmed", "pending": "pending", "hold": "held", "not_in_force": "not_in_force"}


@dataclass(frozen=True)
class Package:
    """One regency's package: its files and how many rows each table has."""

    regency: str
    files: tuple[Path, ...]
    rows: Mapping[str, int]


@dataclass
class Packages:
    """What was made of a release, and the regencies for which nothing was, because they have no key."""

    folder: Path
    made: list[Package] = field(default_factory=list)
    without_key: list[str] = field(default_factory=list)
    of_no_regency: int = 0


def make_packages(settings: Settings, cycle: str, only: Sequence[str] = ()) -> Packages:
    """Make the packages of all regencies of the release, or of ``only`` some; made again they replace the old ones.

    Raises NotDistributed, KeysUnfit, CycleLocked, ReleaseIndexDamaged.
    """
    keys = read_keys(settings)
    release = open_release(settings, cycle)
    packages = Packages(settings.packages / cycle / release.name)
    with engine(settings) as connection:
        view_release(connection, release.folder, release.manifest)
        found = regencies_of(connection)
        if nothing := sorted(set(only) - set(found)):
            raise NotDistributed(f"release {release.name} of {cycle} has no family in regency {', '.join(nothing)}")
        wanted = [code for code in found if not only or code in only]
        packages.without_key = [code for code in wanted if code not in keys]
        packages.of_no_regency = _count(connection, "select count(*) from decisions where regency_code is null")
        with_key = [code for code in wanted if code in keys]
        if with_key:
            load_people(settings, connection, release, with_key)
        for code in with_key:
            packages.made.append(_make(settings, connection, release, code, keys[code], packages.folder))
    return packages


def _make(
    settings: Settings,
    connection: duckdb.DuckDBPyConnection,
    release: Release,
    regency: str,
    keys: RegencyKeys,
    folder: Path,
) -> Package:
    package, tables = regency_tables(connection, release, regency)
    totals = count_tables(tables)
    if problems := differences(connection, regency, totals, tables[WORK_LIST.table].num_rows):
        raise NotDistributed(
            f"regency {regency} does not add up to release {release.name}: {'; '.join(problems)}."
            f" mutakhir verify, then run the cycle {release.manifest.cycle} again"
        )
    cover = _cover(release, regency, package, totals, tables)
    files = {
        folder / f"{regency}.xlsx.age": keys.encrypt(workbook(cover, tables)),
        folder / f"{regency}.parquet.zip.age": keys.encrypt(_machine_readable(tables)),
    }
    rows = {name: table.num_rows for name, table in tables.items()}
    audit.record(
        settings,
        "package",
        release.manifest.cycle,
        release=release.name,
        regency=regency,
        package=package,
        files={path.name: hashlib.sha256(content).hexdigest() for path, content in files.items()},
        recipients=list(keys.recipients),
        rows=rows,
    )
    for path, content in files.items():
        write_private(path, content)
    return Package(regency, tuple(files), rows)


def count_tables(tables: Mapping[str, pa.Table]) -> dict[str, dict[str, int]]:
    """The funnel's measures by programme, counted from the rows that the package holds."""
    totals: dict[str, Counter[str]] = {}
    for row in tables[RECIPIENTS.table].select(["programme", "decision", "payable", "quarterly_amount_idr"]).to_pylist():
        of = totals.setdefault(row["programme"], Counter())
        of["next_list_families"] += 1
        of["payable_amount_idr"] += (row["quarterly_amount_idr"] or 0) if row["payable"] else 0
        if row["decision"] != "replace":
            of["listed"] += 1
            of[_DECISIONS[row["decision"]]] += 1
    for row in tables[REMOVALS.table].select(["programme", "previous_status"]).to_pylist():
        of = totals.setdefault(row["programme"], Counter())
        of["listed"] += 1
        of[f"removed_{row['previous_status']}"] += 1
    for programme in tables[REPLACEMENTS.table]["programme"].to_pylist():
        totals.setdefault(programme, Counter())["replaced"] += 1
    return {name: {measure: of[measure] for measure, *_ in _MEASURES} for name, of in sorted(totals.items())}


def differences(
    connection: duckdb.DuckDBPyConnection, regency: str, totals: Mapping[str, Mapping[str, int]], on_work_list: int
) -> list[str]:
    """Measures of the package that are not those of the release's marts, without numbers; empty when all agree."""
    measures = [measure for measure, *_ in _MEASURES]
    rows = connection.execute(
        f"select programme, {', '.join(measures)} from cycle_funnel where area_level = 'regency' and area_code = ?",
        [regency],
    ).fetchall()
    released = {row[0]: dict(zip(measures, row[1:], strict=True)) for row in rows}
    problems = [
        f"{programme}: {measure} is not that of cycle_funnel"
        for programme in sorted({*released, *totals})
        for measure in measures
        if totals.get(programme, {}).get(measure, 0) != released.get(programme, {}).get(measure, 0)
    ]
    asked = _count(
        connection, "select coalesce(sum(on_work_list), 0) from verification_progress where regency_code = ?", regency
    )
    return problems + (["the work list is not that of verification_progress"] if asked != on_work_list else [])


def _cover(
    release: Release,
    regency: str,
    package: str,
    totals: Mapping[str, Mapping[str, int]],
    tables: Mapping[str, pa.Table],
) -> Cover:
    cycle = release.manifest.cycle
    earliest, latest = visit_days(cycle, parse_cycle(cycle).shift(1).key)
    sums: Totals = [
        (name_id, name_en, {programme: of[measure] for programme, of in totals.items()})
        for measure, name_id, name_en in _MEASURES
    ]
    families = tables[WORK_LIST.table].num_rows
    return Cover(
        title=(
            f"Paket {regency_name(regency)}, {areas()[regency[:2]]} - pemutakhiran {cycle}",
            f"Package of {regency_name(regency)} - update cycle {cycle}. Rahasia / confidential: personal data.",
        ),
        stated={
            STATED["kind"]: FORMAT,
            STATED["cycle"]: cycle,
            STATED["release"]: release.name,
            STATED["regency"]: regency,
            STATED["name"]: regency_name(regency),
            STATED["contract"]: str(CONTRACT_VERSION),
            STATED["package"]: package,
        },
        notes=[
            (
                f"Daftar Kerja berisi {families} keluarga yang perlu dikunjungi, yang paling mendesak lebih dahulu. Isilah"
                " hanya sel kuning: tanggal kunjungan, hasil, dan bila perlu catatan. Satu keluarga, satu baris.",
                f"The work list names {families} families to visit, the most urgent first. Fill in yellow cells alone:"
                " date of the visit, result, and a note where needed. One family, one row.",
            ),
            (
                f"Tanggal kunjungan dari {earliest} (tanggal batas data) sampai {latest}. Kunjungan yang lebih awal"
                " dikirim seperti biasa.",
                f"The visit is dated from {earliest} (the day up to which data counted) to {latest}. Earlier visits are"
                " delivered as usual.",
            ),
            (
                "LAYAK: memenuhi syarat. TIDAK_LAYAK: tidak memenuhi syarat. TIDAK_DITEMUKAN: keluarga tidak ditemukan."
                " MENOLAK: menolak atau graduasi.",
                "LAYAK: eligible. TIDAK_LAYAK: not eligible. TIDAK_DITEMUKAN: not found. MENOLAK: refused or graduated.",
            ),
            (
                "Kirim kembali berkas ini sebagai XLSX tanpa mengubah sel lain, melalui saluran yang aman: berkas ini"
                " berisi NIK. Di luar Daftar Kerja, NIK disamarkan.",
                "Return this file as XLSX without changing other cells, by a safe channel: it holds NIK. Outside the"
                " work list the NIK is masked.",
            ),
            (
                "Siapa pun yang keberatan atas keputusan dapat mengajukan sanggahan melalui kantor Dinas Sosial.",
                "Whoever disagrees with a decision can lodge an objection at the social office.",
            ),
        ],
        programmes=list(totals),
        totals=sums,
        earliest=earliest,
        latest=latest,
        created=datetime.fromisoformat(release.manifest.created_at).replace(tzinfo=None),
    )


def visit_days(cycle: str, received_in: str) -> tuple[date, date]:
    """First and last day that a visit for the work list of ``cycle`` may have when it is received in a later cycle.

    From the cutoff of the list, so that an eligible visit always counts for those nominated before; to the end of the
    receiving month. The clock is not asked.
    """
    return cutoff(cycle), parse_cycle(received_in).shift(1).first_day - timedelta(days=1)


def _machine_readable(tables: Mapping[str, pa.Table]) -> bytes:
    """A ZIP archive of one Parquet file per table; the same tables give the same bytes."""
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w", zipfile.ZIP_STORED) as archive:
        for sheet in SHEETS:
            part = io.BytesIO()
            pq.write_table(tables[sheet.table], part, compression="zstd")
            archive.writestr(zipfile.ZipInfo(f"{sheet.table}.parquet"), part.getvalue())
    return content.getvalue()


def _count(connection: duckdb.DuckDBPyConnection, query: str, *parameters: str) -> int:
    row = connection.execute(query, parameters).fetchone()
    return int(row[0]) if row else 0


def write_private(path: Path, content: bytes) -> None:
    """Write a file of mode 0600 so that a reader sees the old or the new one; missing folders are made 0700."""
    private_dir(path.parent)
    handle, beside = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        os.replace(beside, path)
    except BaseException:
        Path(beside).unlink(missing_ok=True)
        raise


def regency_list(codes: Iterable[str]) -> str:
    """Codes with names, for a message."""
    return ", ".join(f"{code} {regency_name(code)}" for code in codes)
