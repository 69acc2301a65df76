"""Files of a delivery: data files as Parquet or CSV, and delivery.json, written last.

A cycle is written to a folder beside the landing zone and moved in when it is whole. Deliveries that the simulation
made earlier are replaced; those of anybody else are never touched.
"""

import hashlib
import json
import os
import shutil
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any

import pyarrow as pa
import pyarrow.csv
import pyarrow.parquet as pq

from simulation.clock import Month

#: Who sends each source; every sender begins with SENDER, so that nobody takes it for the real one.
SENDER = "mutakhir-simulate/"
#: Names of data files begin with this, so that what a killed call left behind is known as the simulation's.
PREFIX = "sim-"
MANIFEST = "delivery.json"
SENDERS = {
    "dtsen_keluarga": "bps",
    "dtsen_individu": "bps",
    "kemensos_penerima": "kemensos",
    "kuota_program": "kemensos",
    "register_pengecualian": "kemensos",
    "dukcapil_peristiwa": "dukcapil",
    "verifikasi_lapangan": "dinsos",
    "sanggahan": "dinsos",
    "usulan": "dinsos",
    "hasil_salur": "himbara-pos",
}
#: Columns that hardly repeat: a dictionary would only cost time.
_UNIQUE = {
    "id_keluarga",
    "id_individu",
    "nomor_kartu_keluarga",
    "nomor_induk_kependudukan",
    "nik",
    "id_usulan",
    "id_sanggahan",
}
_UNIQUE |= {"peringkat_nasional"}


class ForeignDelivery(Exception):
    """The landing zone holds a delivery that the simulation did not make."""


@dataclass(frozen=True)
class DataFile:
    """A data file that is written: its delivery (source and, if any, ``/batch``), name, digest and rows.

    By a defect it may be ``lost``, named by its delivery.json but not there, or there and not ``listed``.
    """

    delivery: str
    name: str
    sha256: str
    rows: int
    lost: bool = False
    listed: bool = True

    @property
    def source(self) -> str:
        """Its source."""
        return self.delivery.split("/")[0]


def sealed(delivery: str, path: Path, rows: int) -> DataFile:
    """A file that is complete, with its digest; only its owner may read it."""
    path.chmod(0o600)
    with path.open("rb") as file:
        digest = hashlib.file_digest(file, "sha256").hexdigest()
    return DataFile(delivery, path.name, digest, rows)


class DataWriter:
    """Writes one data file piece by piece; the file has a header also when no piece comes."""

    def __init__(self, folder: Path, delivery: str, stem: str, kind: str, prefix: str = PREFIX) -> None:
        self.delivery, self.path = delivery, folder / delivery / f"{prefix}{stem}.{kind}"
        self.kind, self.rows = kind, 0
        self._writer: Any = None

    def write(self, table: pa.Table) -> None:
        """Append rows; the first call sets the columns."""
        if self.kind == "csv":
            table = _plain(table)
        if self._writer is None:
            make_private(self.path.parent)
            if self.kind == "csv":
                options = pyarrow.csv.WriteOptions(quoting_style="needed")
                self._writer = pyarrow.csv.CSVWriter(self.path, table.schema, write_options=options)
            else:
                self._writer = pq.ParquetWriter(
                    self.path,
                    _plain(table.slice(0, 0)).schema,
                    compression="zstd",
                    compression_level=1,
                    use_dictionary=[name for name in table.column_names if name not in _UNIQUE],
                    store_schema=False,
                )
        self._writer.write_table(_plain(table))
        self.rows += table.num_rows

    def close(self) -> DataFile:
        """Finish the file and digest it."""
        self._writer.close()
        return sealed(self.delivery, self.path, self.rows)


def _plain(table: pa.Table) -> pa.Table:
    """The table with codes as text."""
    schema = pa.schema(
        [(f.name, f.type.value_type if pa.types.is_dictionary(f.type) else f.type) for f in table.schema]
    )
    return table.cast(schema)


def make_private(path: Path) -> None:
    """Make a folder, with its parents, that only its owner can read."""
    path.mkdir(mode=0o700, parents=True, exist_ok=True)


class Landing:
    """The deliveries of a cycle being written: a working folder, and the move into the landing zone at the end."""

    def __init__(self, lake: Path, cycle: Month) -> None:
        self.cycle = cycle
        self.target = lake / "landing" / cycle.key
        self.work = lake / f".simulating-{cycle.key}"

    def __enter__(self) -> "Landing":
        self._earlier()
        shutil.rmtree(self.work, ignore_errors=True)
        make_private(self.work)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        shutil.rmtree(self.work, ignore_errors=True)

    def arrive(self, files: Iterable[DataFile]) -> None:
        """Replace the earlier simulated deliveries of the cycle by these files; each delivery.json comes last."""
        deliveries: dict[str, list[DataFile]] = {}
        for file in sorted(files, key=lambda file: (file.delivery, file.name)):
            deliveries.setdefault(file.delivery, []).append(file)
        for path in self._earlier():
            path.unlink()
        for delivery, written in deliveries.items():
            make_private(self.target / delivery)
            for file in (file for file in written if not file.lost):
                os.replace(self.work / delivery / file.name, self.target / delivery / file.name)
        for delivery, written in deliveries.items():
            draft = self.work / MANIFEST
            draft.write_text(json.dumps(self._manifest(delivery, written), indent=1) + "\n", "utf-8")
            draft.chmod(0o600)
            os.replace(draft, self.target / delivery / MANIFEST)

    def _manifest(self, delivery: str, files: list[DataFile]) -> dict[str, Any]:
        source = delivery.split("/")[0]
        return {
            "source": source,
            "cycle": self.cycle.key,
            "contract_version": 1,
            "sender": SENDER + SENDERS[source],
            "sent_at": f"{self.cycle.cutoff.isoformat()}T20:00:00+07:00",
            "files": [{"name": file.name, "sha256": file.sha256, "rows": file.rows} for file in files if file.listed],
        }

    def _earlier(self) -> list[Path]:
        """Files of earlier calls, every delivery.json first; raises ForeignDelivery where somebody else's files are."""
        manifests, data = [], []
        for source in SENDERS:
            root = self.target / source
            for path in sorted(root.glob("*")) + sorted(root.glob("*/*")):
                if path.name == MANIFEST and _simulated(path):
                    manifests.append(path)
                elif path.is_file() and path.name.startswith(PREFIX):
                    data.append(path)
                elif path.is_file() and path.parent == root:
                    raise ForeignDelivery(
                        f"{path} was not written by mutakhir-simulate; move it away or choose another lake"
                    )
        return manifests + data


def _simulated(manifest: Path) -> bool:
    """Whether a delivery.json is the simulation's own."""
    try:
        return str(json.loads(manifest.read_text("utf-8"))["sender"]).startswith(SENDER)
    except (ValueError, KeyError, TypeError):
        return False
