"""The delivered rows that name a family or a NIK, found again in a held delivery: file, row number, values.

Values are as delivered, trimmed, under the English names of the contract. Nothing is judged here, and nothing masked:
whoever shows a row decides what of it may be seen (explain/).
"""

from collections.abc import Collection
from dataclasses import dataclass
from typing import Literal

import duckdb

from orchestration.contracts.sources import SOURCES
from orchestration.engine import identifier, literal
from orchestration.ingest.conversion import is_csv
from orchestration.ingest.holding import raw_folder, read_content
from orchestration.ingest.raw_view import raw_select_sql
from orchestration.ingest.records import RawFile
from orchestration.settings import Settings

Key = Literal["family_id", "nik"]
BLANKS = "\t\n\v\f\r "
"""What a value is trimmed of (landing contract, Values)."""

NAMES = {
    "dtsen_keluarga": {
        "family_id": "id_keluarga",
        "village_code": "kode_desa",
        "welfare_decile": "desil_nasional",
        "welfare_rank": "peringkat_nasional",
        "updated_on": "tanggal_pemutakhiran",
    },
    "dtsen_individu": {
        "person_id": "id_individu",
        "family_id": "id_keluarga",
        "nik": "nomor_induk_kependudukan",
        "full_name": "nama",
        "sex": "jenis_kelamin",
        "birth_date": "tanggal_lahir",
        "family_role": "status_hubungan_keluarga",
        "school_participation": "partisipasi_sekolah",
        "school_level": "jenjang_tertinggi_yang_diduduki",
        "disability": "tingkat_disabilitas",
        "pregnant": "hamil",
    },
    "kemensos_penerima": {
        "programme": "program",
        "family_id": "id_keluarga",
        "status": "status",
        "listed_since": "tanggal_mulai",
        "channel": "saluran",
        "village_code": "kode_desa",
    },
    "register_pengecualian": {"nik": "nik", "register": "register", "as_of_date": "tanggal_data"},
    "dukcapil_peristiwa": {"nik": "nik", "event_type": "jenis_peristiwa", "event_date": "tanggal_peristiwa"},
    "verifikasi_lapangan": {
        "family_id": "id_keluarga",
        "verified_on": "tanggal_verifikasi",
        "result": "hasil",
        "reason": "alasan",
        "regency_code": "kode_kabupaten",
    },
    "hasil_salur": {
        "programme": "program",
        "family_id": "id_keluarga",
        "period": "periode",
        "result": "hasil",
        "disbursed_on": "tanggal",
    },
}
"""By source: the columns that can be asked for, by English name. Sources that are no evidence are left out."""


@dataclass(frozen=True)
class DeliveredRow:
    """One row of a delivered file; ``row_number`` counts from 1 without the header, ``values`` by English name."""

    file: str
    row_number: int
    values: dict[str, str | None]


def rows_naming(
    settings: Settings,
    connection: duckdb.DuckDBPyConnection,
    source: str,
    digest: str,
    key: Key,
    wanted: Collection[str],
    only: Collection[str] | None = None,
) -> list[DeliveredRow] | None:
    """Rows of a delivery whose ``key`` is one of ``wanted``, in order of file and row; None when it is not held.

    ``only``: names of the files to look into, where that is known; None looks into all. Keys are compared as they
    stand, which the engine does fast; only when no row is found so, trimmed.
    """
    folder = raw_folder(settings, SOURCES[source], digest)
    content = read_content(folder) if folder.name == digest else None
    if content is None:
        return None
    files = {
        number: RawFile(
            path=file.name,
            sha256=file.sha256,
            rows=file.rows,
            raw_path=folder / file.raw_name,
            decimal_comma=file.decimal_comma,
            is_csv=is_csv(file.name),
        )
        for number, file in enumerate(content.files)
        if only is None or file.name in only
    }
    if not wanted or not files:
        return []
    names = NAMES[source]
    columns = ", ".join(f"{identifier(theirs)} as {identifier(ours)}" for ours, theirs in names.items())
    rows = f"select file_id, row_number, {columns} from ({raw_select_sql(SOURCES[source], files, connection)})"
    texts = ", ".join(map(literal, sorted(wanted)))
    within = " or ".join(f"contains({key}, {literal(text)})" for text in sorted(wanted))
    for condition in (f"{key} in ({texts})", f"({within}) and trim({key}, {literal(BLANKS)}) in ({texts})"):
        found = connection.execute(f"select * from ({rows}) where {condition} order by file_id, row_number").fetchall()
        if found:
            break
    return [
        DeliveredRow(files[file].path, number, dict(zip(names, map(_trimmed, values), strict=True)))
        for file, number, *values in found
    ]


def _trimmed(value: str | None) -> str | None:
    return (value or "").strip(BLANKS) or None
