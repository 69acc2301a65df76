"""Writes deliveries as the agencies would: a landing folder with data files and delivery.json (landing contract).

Any rows of any source, as CSV (delimiter, line ends, BOM, gzip) or Parquet, split over files and batches, in any row
order. Returns the rows as delivered, in the contract's order. Judges nothing: bad rows are written as given.
"""

import csv
import gzip
import hashlib
import io
import json
import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TypeVar

import pyarrow as pa
import pyarrow.parquet as pq

from tests.oracle.contract import SOURCES

T = TypeVar("T")
Values = Mapping[str, str | None]
Rows = Mapping[str, Sequence[Values | bytes]]
"""Rows by source. ``bytes`` is one raw CSV line (without its end), for records that cannot be parsed."""


@dataclass(frozen=True)
class Row:
    """One delivered row: agencies' column names to text, and where it stood."""

    source: str
    cycle: str
    path: str
    number: int
    values: Values = field(default_factory=dict)
    decimal_comma: bool = False
    unparsable: bool = False


@dataclass(frozen=True)
class Style:
    """How data files are written.

    Attributes:
        fmt: ``csv`` or ``parquet`` (all columns text).
        files_per_source: the rows of a batch are split over so many files.
        batches: 0: files beside delivery.json; n: so many sub-folders, each a delivery of its own.
        shuffle_seed: None keeps the order; a number shuffles rows and columns with it.
        delimiter, crlf, bom, gz: of CSV.
    """

    fmt: str = "csv"
    files_per_source: int = 1
    batches: int = 0
    shuffle_seed: int | None = None
    delimiter: str = ","
    crlf: bool = False
    bom: bool = False
    gz: bool = False

    @property
    def suffix(self) -> str:
        """Ending of the data files."""
        return "parquet" if self.fmt == "parquet" else "csv.gz" if self.gz else "csv"


def write_landing(
    rows: Rows,
    lake: Path,
    cycle: str,
    fmt: str = "csv",
    files_per_source: int = 1,
    shuffle_seed: int | None = None,
    delimiter: str = ",",
    *,
    batches: int = 0,
    crlf: bool = False,
    bom: bool = False,
    gz: bool = False,
) -> list[Row]:
    """Write one cycle's deliveries below ``lake/landing/<cycle>``, one folder per source; see ``Style``."""
    style = Style(fmt, files_per_source, batches, shuffle_seed, delimiter, crlf, bom, gz)
    delivered: list[Row] = []
    for source, source_rows in rows.items():
        delivered += write_delivery(lake / "landing" / cycle / source, source, cycle, source_rows, style)
    return delivered


def write_delivery(folder: Path, source: str, cycle: str, rows: Sequence[Values | bytes], style: Style) -> list[Row]:
    """Write one source's rows below ``folder``; returns them in order of path, then row number."""
    rows = list(rows)
    columns = [column.name for column in SOURCES[source].columns]
    columns += sorted({name for row in rows if not isinstance(row, bytes) for name in row} - set(columns))
    if style.shuffle_seed is not None:
        rng = random.Random(f"{style.shuffle_seed}:{source}:{cycle}")
        rng.shuffle(rows)
        rng.shuffle(columns)
    delivered: list[Row] = []
    names = [f"batch-{n:03d}" for n in range(1, style.batches + 1)] or [""]
    for batch, batch_rows in zip(names, _split(rows, len(names)), strict=True):
        parts = {
            f"part-{n:02d}.{style.suffix}": part
            for n, part in enumerate(_split(batch_rows, style.files_per_source), start=1)
        }
        place = folder / batch
        place.mkdir(parents=True, exist_ok=True)
        for name, part in parts.items():
            (place / name).write_bytes(encode(columns, part, style))
            path = f"{batch}/{name}" if batch else name
            delivered += as_delivered(source, cycle, part, path, style.fmt == "csv" and style.delimiter == ";")
        write_manifest(place, source, cycle, {name: len(part) for name, part in parts.items()})
    return delivered


def as_delivered(
    source: str, cycle: str, rows: Sequence[Values | bytes], path: str = "data.csv", decimal_comma: bool = False
) -> list[Row]:
    """The rows of one file as the oracle reads them."""
    return [
        Row(source, cycle, path, number, unparsable=True)
        if isinstance(row, bytes)
        else Row(source, cycle, path, number, row, decimal_comma)
        for number, row in enumerate(rows, start=1)
    ]


def write_manifest(folder: Path, source: str, cycle: str, rows: Mapping[str, int], **changes: object) -> None:
    """Write delivery.json over the files in ``folder`` (file name to row count); ``changes`` override its keys."""
    files = [
        {"name": name, "sha256": hashlib.sha256((folder / name).read_bytes()).hexdigest(), "rows": count}
        for name, count in rows.items()
    ]
    manifest = {
        "source": source,
        "cycle": cycle,
        "contract_version": 1,
        "sender": "test",
        "sent_at": f"{cycle}-16T09:00:00+07:00",
        "files": files,
    }
    (folder / "delivery.json").write_text(json.dumps({**manifest, **changes}), encoding="utf-8")


def encode(columns: Sequence[str], rows: Sequence[Values | bytes], style: Style) -> bytes:
    """The bytes of one data file."""
    return _parquet(columns, rows) if style.fmt == "parquet" else _csv(columns, rows, style)


def _csv(columns: Sequence[str], rows: Sequence[Values | bytes], style: Style) -> bytes:
    end = "\r\n" if style.crlf else "\n"
    lines = [_line(columns, style.delimiter)]
    for row in rows:
        if isinstance(row, bytes):
            lines.append(row)
        else:
            lines.append(_line([row.get(name) or "" for name in columns], style.delimiter))
    content = b"".join(line + end.encode() for line in lines)
    content = (b"\xef\xbb\xbf" if style.bom else b"") + content
    return gzip.compress(content, mtime=0) if style.gz else content


def _line(values: Sequence[str], delimiter: str) -> bytes:
    if any("\n" in value or "\r" in value for value in values):
        raise ValueError("the contract's CSV has no line breaks inside values")
    text = io.StringIO()
    csv.writer(text, delimiter=delimiter, lineterminator="").writerow(values)
    return text.getvalue().encode()


def _parquet(columns: Sequence[str], rows: Sequence[Values | bytes]) -> bytes:
    plain = [row for row in rows if not isinstance(row, bytes)]
    if len(plain) < len(rows):
        raise ValueError("a raw line can only be written to CSV")
    table = pa.table({name: pa.array([row.get(name) for row in plain], pa.string()) for name in columns})
    sink = io.BytesIO()
    pq.write_table(table, sink)
    return sink.getvalue()


def _split(rows: Sequence[T], parts: int) -> list[Sequence[T]]:
    """Cut ``rows`` into ``parts`` runs of nearly equal length; some may be empty."""
    return [rows[len(rows) * n // parts : len(rows) * (n + 1) // parts] for n in range(parts)]
