"""A CSV file as batches of records, in one streaming pass that also takes the file's digest (landing contract).

Plain or gzip, with or without BOM, LF or CRLF: here bytes become blocks of lines, and the first line the header. How
lines become records stands in ``csv_records.py``.
"""

import gzip
import zlib
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import pyarrow as pa

from orchestration.ingest.csv_records import MAX_RECORD_BYTES, parse_block, split_record
from orchestration.ingest.files import (
    MAX_HEADER_BYTES,
    DigestingReader,
    UnreadableFile,
    open_regular,
    require_unpackable,
)

BLOCK_BYTES = 4 << 20

_BOM = b"\xef\xbb\xbf"
_BLANKS = "\t\n\v\f\r "


class CsvFile:
    """One CSV file, read once from start to end.

    Use as a context manager: ``columns`` are the trimmed names of the header; after ``batches()`` was read to its end,
    ``rows`` counts the records and ``sha256()`` is the file's digest. Raises UnreadableFile when the bytes are no CSV
    of the contract.
    """

    def __init__(self, path: Path, *, packed: bool, most_rows: int | None = None) -> None:
        """Open the file and read its header; more than ``most_rows`` records are an error as soon as they are met."""
        self._file = open_regular(path)
        self._delivered = DigestingReader(self._file)
        self._packed = packed
        self._stream: Any = gzip.GzipFile(fileobj=self._delivered, mode="rb") if packed else self._delivered  # type: ignore[call-overload]
        self._unpacked = 0
        self._most_rows = most_rows
        self.rows = 0
        try:
            self._blocks = self._read_blocks()
            self._first_block, self.delimiter, self.columns = self._read_header()
        except BaseException:
            self._file.close()
            raise

    def __enter__(self) -> "CsvFile":
        return self

    def __exit__(self, *_: object) -> None:
        self._file.close()

    def sha256(self) -> str:
        """Digest of the file as delivered."""
        return self._delivered.digest_to_end()

    def batches(self) -> Iterator[pa.RecordBatch]:
        """The data records, numbered from 1 (see ``csv_records.SCHEMA``); empty lines are none."""
        yield from self._parse(self._first_block)
        for block in self._blocks:
            yield from self._parse(block)

    def _parse(self, block: bytes) -> list[pa.RecordBatch]:
        batches = parse_block(block, self.delimiter, len(self.columns), self.rows) if block else []
        self.rows += sum(batch.num_rows for batch in batches)
        if self._most_rows is not None and self.rows > self._most_rows:
            raise UnreadableFile("holds more rows than delivery.json says")
        return batches

    def _chunk(self) -> bytes:
        try:
            chunk: bytes = self._stream.read(BLOCK_BYTES)
        except (OSError, EOFError, zlib.error) as error:
            raise UnreadableFile(f"cannot be read ({type(error).__name__})") from None
        self._unpacked += len(chunk)
        if self._packed:
            require_unpackable(self._delivered.size, self._unpacked)
        return chunk

    def _read_blocks(self) -> Iterator[bytes]:
        """Whole lines, each ended by one LF (CRLF becomes LF, a missing last line end is added)."""
        chunk = self._chunk()
        rest = [chunk]
        while chunk:
            chunk = self._chunk()
            cut = chunk.rfind(b"\n") + 1
            if cut:
                yield b"".join([*rest, memoryview(chunk)[:cut]]).replace(b"\r\n", b"\n")
                rest = [chunk[cut:]]
            else:
                rest.append(chunk)
                if sum(map(len, rest)) > MAX_RECORD_BYTES + BLOCK_BYTES:
                    raise UnreadableFile("holds a line longer than a record may be")
        if last := b"".join(rest).replace(b"\r\n", b"\n"):
            yield last if last.endswith(b"\n") else last + b"\n"

    def _read_header(self) -> tuple[bytes, bytes, list[str]]:
        """The rest of the first block, the delimiter, the trimmed names of the first line that is not empty."""
        for number, block in enumerate(self._blocks):
            lines = (block if number else block.removeprefix(_BOM)).lstrip(b"\n")
            if not lines:
                continue
            header, _, rest = lines.partition(b"\n")
            if len(header) > MAX_HEADER_BYTES:
                raise UnreadableFile("has a header line longer than one may be")
            delimiter = b";" if header.count(b";") > header.count(b",") else b","
            values = None if b"\0" in header else split_record(header, delimiter)
            with suppress(UnicodeDecodeError):
                if values is not None:
                    return rest, delimiter, [value.decode().strip(_BLANKS) for value in values]
            raise UnreadableFile("its header line cannot be parsed")
        raise UnreadableFile("is empty: it has no header line")
