"""The public extract: the marts of a cycle's current release, rounded, as CSV and Parquet with a README.

What is rounded and what is left out is decided in published.py. The folder is replaced as a whole, and made from the
same release it has the same bytes.
"""

import json
import os
import shutil
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from orchestration import audit
from orchestration.candidate.digests import column_types, file_sha256
from orchestration.distribution.families import NotDistributed, Release, open_release
from orchestration.distribution.published import (
    BASE,
    PUBLISHED,
    Treatment,
    Undecided,
    largest_family_value,
    published_select,
    undecided,
)
from orchestration.distribution.work_list import view_release
from orchestration.engine import engine, identifier, literal
from orchestration.settings import Settings, private_dir

ABOUT = "extract.json"
README = "README.txt"


@dataclass(frozen=True)
class Extract:
    """A public extract: its folder, rows by mart, and whether it was there already, with the same bytes."""

    folder: Path
    rows: Mapping[str, int]
    again: bool


def make_extract(settings: Settings, cycle: str, to: Path | None = None) -> Extract:
    """Write the extract, by default to extracts/<cycle>/<release>; an extract that is there is replaced.

    Raises NotDistributed (also when ``to`` holds anything else), Undecided, ReleaseIndexDamaged.
    """
    release = open_release(settings, cycle)
    folder = (to or settings.extracts / cycle / release.name).expanduser().absolute()
    if folder.exists() and any(folder.iterdir()) and not (folder / ABOUT).is_file():
        raise NotDistributed(f"{folder} holds other files; name a folder that is new or empty")
    partial = folder.with_name(f"{folder.name}.partial")
    shutil.rmtree(partial, ignore_errors=True)
    private_dir(partial.parent)
    partial.mkdir()
    rows = _write_marts(settings, release, partial)
    (partial / README).write_text(_README.format(cycle=cycle, release=release.name, base=BASE), encoding="utf-8")
    files = _tree(partial)
    _write_about(release, partial, rows, files)
    for path in partial.iterdir():
        path.chmod(0o644)
    again = (folder / ABOUT).is_file() and _tree(folder) == _tree(partial)
    if again:
        shutil.rmtree(partial)
        return Extract(folder, rows, again)
    audit.record(settings, "extract", cycle, release=release.name, files=_tree(partial), rows=rows)
    older = folder.with_name(f"{folder.name}.old")
    shutil.rmtree(older, ignore_errors=True)
    if folder.exists():
        os.rename(folder, older)
    os.rename(partial, folder)
    shutil.rmtree(older, ignore_errors=True)
    return Extract(folder, rows, again)


def _write_marts(settings: Settings, release: Release, folder: Path) -> dict[str, int]:
    """Every mart as <mart>.csv and <mart>.parquet; rows by mart."""
    marts = [name.removeprefix("marts/") for name in release.manifest.data_sets if name.startswith("marts/")]
    family_value = largest_family_value(release.manifest.cycle)
    rows = {}
    with engine(settings) as connection:
        view_release(connection, release.folder, release.manifest)
        columns = {mart: list(column_types(connection, identifier(mart))) for mart in sorted(marts)}
        if missing := undecided(columns):
            raise Undecided(
                f"nobody has decided whether the public may see {', '.join(missing)}:"
                " add it to PUBLISHED in orchestration/distribution/published.py"
            )
        connection.execute("set preserve_insertion_order = true")
        for mart, names in columns.items():
            query = published_select(mart, names, identifier(mart), family_value)
            connection.execute(f"create or replace temp table public_mart as {query}")
            for kind, options in (("csv", "format csv, header"), ("parquet", "format parquet, compression zstd")):
                target = literal(folder / f"{mart}.{kind}")
                written = connection.execute(f"copy public_mart to {target} ({options})").fetchone()
                assert written is not None
                rows[mart] = int(written[0])
    return rows


def _write_about(release: Release, folder: Path, rows: Mapping[str, int], files: Mapping[str, str]) -> None:
    treatments = {mart: {name: one.name.lower() for name, one in PUBLISHED[mart].items()} for mart in rows}
    about = {
        "cycle": release.manifest.cycle,
        "release": release.name,
        "manifest_sha256": release.manifest_sha256,
        "rounded_to": BASE,
        "treatments": {one.name.lower(): one.value for one in Treatment},
        "marts": {mart: {"rows": rows[mart], "columns": treatments[mart]} for mart in rows},
        "files": files,
    }
    (folder / ABOUT).write_text(json.dumps(about, indent=2, sort_keys=True) + "\n", encoding="utf-8")


_README = """\
Ekstrak publik / Public extract, {cycle}, {release}

Setiap jumlah keluarga, orang, dan baris dibulatkan ke kelipatan {base} terdekat; jumlah rupiah dibulatkan ke nilai
{base} keluarga. Setiap sel dibulatkan sendiri, sehingga jumlah sel dapat berbeda dari totalnya. Baris yang semua
angkanya menjadi nol tidak dimuat: baris yang tidak ada berarti 0 sampai 2.

Every count of families, persons and rows is rounded to the nearest {base}; rupiah are rounded to the value of {base}
families. Each cell is rounded on its own, so cells need not add up to their total. Rows whose numbers all become zero
are left out: a row that is not there means 0 to 2.

extract.json: what was done to each column, and the sha256 of each file.
"""


def _tree(folder: Path) -> dict[str, str]:
    return {path.name: file_sha256(path) for path in sorted(folder.iterdir()) if path.is_file()}
