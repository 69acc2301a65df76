"""Simulated deliveries with something wrong in them, and values of made-up persons planted everywhere in them.

``tamper`` makes a delivery that the gates must block, ``damage`` one that is refused.
"""

import json
import shutil
from collections.abc import Callable
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from tests.deliveries import Style, Values, write_delivery

MARK = "QX7Z"
"""Stands in every planted name, address, number and code; nothing else holds it."""
NAME, ADDRESS = f"Wulan{MARK}sari", f"Jl. Kenanga {MARK} No. 77 RT 03"
NIKS = {"good": "3374064107850077", "bad": "3374063907850078", "unparsable": "3374064107850079"}
"""Well formed, not well formed, and in a record that cannot be parsed; nobody else has them."""
PLANTED = (MARK, *NIKS.values())

Row = dict[str, str | None]
Change = Callable[[str, list[Row]], list[Row | bytes]]


def rows_of(folder: Path) -> list[Row]:
    """The rows of a simulated delivery, values as text."""
    tables = [pq.ParquetFile(path).read() for path in sorted(folder.rglob("*.parquet"))]
    texts = [pa.table({name: pc.cast(table[name], pa.string()) for name in table.column_names}) for table in tables]
    return [row for text in texts for row in text.to_pylist()]


def rewrite(folder: Path, cycle: str, change: Change) -> None:
    """Deliver a source's rows again as one CSV file, changed."""
    rows = rows_of(folder)
    shutil.rmtree(folder)
    changed: list[Values | bytes] = [*change(folder.name, rows)]
    write_delivery(folder, folder.name, cycle, changed, Style())


def tamper(landing: Path, cycle: str) -> None:
    """Beyond the limits: too many rejected persons, too many removals, list rows that name nobody; values planted."""
    people = rows_of(landing / cycle / "dtsen_individu")
    registered = [row["nomor_induk_kependudukan"] for row in people if row["nomor_induk_kependudukan"]][::2]

    def change(source: str, rows: list[Row]) -> list[Row | bytes]:
        if source == "dtsen_individu":
            rows = [{**row, "jenis_kelamin": "X"} if number % 20 == 0 else row for number, row in enumerate(rows)]
        if source == "register_pengecualian":
            rows += [{"nik": nik, "register": "ASN", "tanggal_data": f"{cycle}-01"} for nik in registered]
        return [*rows, *planted(source, rows[-1])]

    for folder in sorted((landing / cycle).iterdir()):
        rewrite(folder, cycle, change)


def planted(source: str, sample: Row) -> list[Row | bytes]:
    """Rows of people nobody knows: a good one, one for each column with a value that it cannot have, one unparsable."""
    if source == "kuota_program":  # judged strictly: see ``damage``
        return []
    good = dict(sample)
    for column in good:
        if column.startswith("id_"):
            good[column] = f"{MARK}-GOOD"
        elif column in ("nik", "nomor_induk_kependudukan"):
            good[column] = NIKS["good"]
        elif column in ("nama", "nomor_kartu_keluarga"):
            good[column] = NAME
        elif column == "alasan":
            good[column] = ADDRESS
    key, *_ = (column for column in good if column.startswith("id_") or column == "nik")
    own = {key: f"{MARK}-{{}}"} if key.startswith("id_") else {}
    wrong: list[Row | bytes] = [
        {**good, **{name: text.format(number) for name, text in own.items()}, column: f"{ADDRESS}, {NIKS['bad']}"}
        for number, column in enumerate(good)
    ]
    return [good, *wrong, f'{NAME},{NIKS["unparsable"]},"{ADDRESS}'.encode()]


def damage(landing: Path, cycle: str) -> None:
    """Refused, for a digest, a source that is missing, quotas that nobody can have, and a delivery.json with text."""
    people, quotas = landing / cycle / "dtsen_individu", landing / cycle / "kuota_program"
    rewrite(people, cycle, lambda source, rows: [*rows, *planted(source, rows[-1])])
    file = people / "part-01.csv"
    file.write_bytes(file.read_bytes().replace(b"Kenanga", b"Cempaka"))
    shutil.rmtree(landing / cycle / "register_pengecualian")
    rewrite(quotas, cycle, lambda _, rows: [*rows, {"program": "PKH", "kode_wilayah": ADDRESS, "kuota": NIKS["bad"]}])
    statement = landing / cycle / "sanggahan" / "delivery.json"
    said = json.loads(statement.read_text())
    statement.write_text(json.dumps({**said, "contract_version": NAME, "cycle": NIKS["bad"]}))
