"""Records of a CSV file as Arrow batches, in one streaming pass that also takes the file's digest (landing contract).

A record is a line: quotes protect the delimiter, never a line break. Records come out either *plain* (as delivered; no
quote in them) or *joined* (quotes resolved, values separated by NUL, which no parsable record can hold); the engine
splits both. What cannot be parsed comes out as its text. Knows nothing of sources, columns' meaning or folders.
"""

import gzip
import hashlib
import os
import stat
import zlib
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

BLOCK_BYTES = 4 << 20
MAX_RECORD_BYTES = 16 << 20  # a longer line is no record: the file is refused, so that no row is lost or cut
MAX_UNPACKED_BYTES = 1 << 40  # of one gzip file
MAX_GZIP_RATIO = 300  # unpacked to packed, judged once GZIP_RATIO_FROM is unpacked; CSV of codes reaches about 50
GZIP_RATIO_FROM = 256 << 20

PLAIN, JOINED, UNPARSABLE = 0, 1, 2
SCHEMA = pa.schema([("row_number", pa.int64()), ("record", pa.utf8()), ("kind", pa.int8())])

_LF, _CR, _QUOTE, _NUL = 10, 13, 34, 0
_BOM = b"\xef\xbb\xbf"

Positions = npt.NDArray[np.int64]
Mask = npt.NDArray[np.bool_]


class UnreadableFile(Exception):
    """A file that cannot be read as what it says it is; the message names the cause and no value."""


def open_regular(path: Path) -> IO[bytes]:
    """Open a file for reading; a symbolic link, folder, pipe or device raises UnreadableFile."""
    try:
        handle = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
    except OSError as error:
        raise UnreadableFile(f"cannot be opened ({os.strerror(error.errno or 0)})") from None
    if not stat.S_ISREG(os.fstat(handle).st_mode):
        os.close(handle)
        raise UnreadableFile("is not a regular file")
    return os.fdopen(handle, "rb", buffering=0)


class _Digesting:
    """Takes the digest and size of what is read through it."""

    def __init__(self, file: IO[bytes]) -> None:
        self.file = file
        self.sha256 = hashlib.sha256()
        self.size = 0

    def read(self, size: int = -1) -> bytes:
        data = self.file.read(size)
        self.sha256.update(data)
        self.size += len(data)
        return data


def split_record(record: bytes, delimiter: bytes) -> list[bytes] | None:
    """Values of one record by the contract's quoting; None when it is unparsable. The exact, slow way."""
    values, at = [], 0
    while True:
        if record.startswith(b'"', at):
            close = record.find(b'"', at + 1)
            while close >= 0 and record.startswith(b'""', close):
                close = record.find(b'"', close + 2)
            if close < 0:
                return None
            values.append(record[at + 1 : close].replace(b'""', b'"'))
            at = close + 1
            if at < len(record) and not record.startswith(delimiter, at):
                return None
        else:
            end = record.find(delimiter, at)
            end = len(record) if end < 0 else end
            values.append(record[at:end])
            at = end
        if at >= len(record):
            return values
        at += 1


class CsvFile:
    """One CSV file, plain or gzip, read once from start to end.

    Use as a context manager; read ``columns`` (trimmed header names), then ``batches()`` to the end, then ``rows``,
    ``sha256``. Raises UnreadableFile when the bytes are no CSV of the contract.
    """

    def __init__(self, path: Path, *, packed: bool, most_rows: int | None = None) -> None:
        """Open the file and read its header; reading stops early after ``most_rows`` records."""
        self._file = open_regular(path)
        self._source = _Digesting(self._file)
        self._packed = packed
        self._stream: Any = gzip.GzipFile(fileobj=self._source, mode="rb") if packed else self._source  # type: ignore[call-overload]
        self._unpacked = 0
        self._most_rows = most_rows
        self.rows = 0
        try:
            self._blocks = self._read_blocks()
            self._first, self.delimiter, self.columns = self._read_header()
        except BaseException:
            self._file.close()
            raise

    def __enter__(self) -> "CsvFile":
        return self

    def __exit__(self, *_: object) -> None:
        self._file.close()

    @property
    def sha256(self) -> str:
        """Digest of the file as delivered; what was not yet read is read for it."""
        while self._source.read(BLOCK_BYTES):
            pass
        return self._source.sha256.hexdigest()

    def batches(self) -> Iterator[pa.RecordBatch]:
        """The data records in batches of SCHEMA, numbered from 1; empty lines are no records."""
        if self._first:
            yield from self._parse(self._first)
        for block in self._blocks:
            yield from self._parse(block)

    def _chunk(self) -> bytes:
        try:
            chunk: bytes = self._stream.read(BLOCK_BYTES)
        except (OSError, EOFError, zlib.error) as error:
            raise UnreadableFile(f"cannot be read ({type(error).__name__})") from None
        self._unpacked += len(chunk)
        if self._packed:
            ratio_broken = self._unpacked > max(GZIP_RATIO_FROM, MAX_GZIP_RATIO * self._source.size)
            if ratio_broken or self._unpacked > MAX_UNPACKED_BYTES:
                raise UnreadableFile("unpacks to more than a delivery may hold")
        return chunk

    def _read_blocks(self) -> Iterator[bytes]:
        """Whole lines, each ended by one LF (CRLF becomes LF, a missing last line end is added), without the BOM."""
        chunk = self._chunk()
        rest = [chunk.removeprefix(_BOM)]
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
        for block in self._blocks:
            lines = block.lstrip(b"\n")
            if not lines:
                continue
            header, _, rest = lines.partition(b"\n")
            delimiter = b";" if header.count(b";") > header.count(b",") else b","
            values = None if b"\0" in header else split_record(header, delimiter)
            with suppress(UnicodeDecodeError):
                if values is not None:
                    return rest, delimiter, [value.decode().strip("\t\n\v\f\r ") for value in values]
            raise UnreadableFile("its header line cannot be parsed")
        raise UnreadableFile("is empty: it has no header line")

    def _parse(self, block: bytes) -> Iterator[pa.RecordBatch]:
        lines = _Lines(block)
        if lines.longest > MAX_RECORD_BYTES:
            raise UnreadableFile("holds a line longer than a record may be")
        records = lines.lengths > 0
        numbers = self.rows + np.cumsum(records)
        self.rows += int(records.sum())
        if self._most_rows is not None and self.rows > self._most_rows:
            raise UnreadableFile("holds more rows than delivery.json declares")
        broken = _not_text(lines)
        if b'"' in block:
            yield from _quoted(lines, broken, records, numbers, self.delimiter, len(self.columns))
        else:
            plain = records if broken is None else records & ~broken
            yield from _batch(lines, plain, numbers, PLAIN)
            if broken is not None:
                yield from _unparsable(lines, broken, numbers)


@dataclass
class _Lines:
    """A block of lines, each ended by LF, and where they are."""

    block: bytes

    def __post_init__(self) -> None:
        self.octets = np.frombuffer(self.block, np.uint8)
        self.ends: Positions = np.flatnonzero(self.octets == _LF)
        self.starts: Positions = np.concatenate(([0], self.ends[:-1] + 1)) if len(self.ends) else self.ends
        self.lengths = self.ends - self.starts

    @property
    def longest(self) -> int:
        return int(self.lengths.max(initial=0))

    def line_of(self, positions: Positions) -> Positions:
        """The line that each byte position (ascending) stands in."""
        return np.searchsorted(self.ends, positions)

    def __getitem__(self, line: int) -> bytes:
        return self.block[self.starts[line] : self.ends[line]]

    @staticmethod
    def chosen(mask: Mask) -> list[int]:
        """Numbers of the lines that a mask chooses."""
        return [int(line) for line in np.flatnonzero(mask)]


def _not_text(lines: _Lines) -> Mask | None:
    """Lines with a NUL byte or invalid UTF-8; None when there are none (nearly always)."""
    suspects: list[Positions] = []
    if b"\0" in lines.block:
        suspects.append(lines.line_of(np.flatnonzero(lines.octets == _NUL)))
    if not lines.block.isascii():
        try:
            lines.block.decode()
        except UnicodeDecodeError:
            beyond_ascii = np.unique(lines.line_of(np.flatnonzero(lines.octets > 127)))
            suspects.append(np.array([n for n in beyond_ascii if not _is_utf8(lines[n])], np.int64))
    if not suspects:
        return None
    broken = np.zeros(len(lines.ends), np.bool_)
    broken[np.concatenate(suspects)] = True
    return broken


def _is_utf8(text: bytes) -> bool:
    try:
        text.decode()
    except UnicodeDecodeError:
        return False
    return True


def _quoted(
    lines: _Lines, broken: Mask | None, records: Mask, numbers: Positions, delimiter: bytes, width: int
) -> Iterator[pa.RecordBatch]:
    """Records of a block that holds quotes.

    Regular quoting is resolved for the whole block at once: an opening quote follows a delimiter or line end, a closing
    one is followed by one, a doubled one counts as closed and opened again. Lines where that does not hold (a literal
    quote, or one out of place) are few and go through ``split_record``.
    """
    octets, ends = lines.octets, lines.ends
    quotes, delimiters = octets == _QUOTE, octets == delimiter[0]
    irregular = np.diff(_parity(quotes)[ends], prepend=False)  # an odd number of quotes: the parity changes
    if broken is not None:
        irregular |= broken
    for n in lines.chosen(irregular):
        quotes[lines.starts[n] : ends[n]] = False
    inside = _parity(quotes)  # an opening quote is inside, a closing one is not
    opening, closing = quotes & inside, quotes & ~inside
    edge = quotes | delimiters | (octets == _LF)
    misplaced = opening & ~np.roll(edge, 1) | closing & ~np.roll(edge, -1)  # the block ends with LF: a line start
    irregular[lines.line_of(np.flatnonzero(misplaced))] = True

    resolved = np.where(delimiters & ~inside, np.uint8(_NUL), octets)
    dropped = opening | closing & ~np.roll(quotes, -1)  # of a doubled quote the one that opens again
    joined = _Lines(resolved[~dropped].tobytes())
    widths = np.diff(np.searchsorted(np.flatnonzero(joined.octets == _NUL), joined.ends), prepend=0) + 1
    unparsable = records & ~irregular & (widths != width)
    yield from _batch(joined, records & ~irregular & ~unparsable, numbers, JOINED)

    singles: dict[int, str] = {}
    for n in lines.chosen(records & irregular):
        values = None if broken is not None and broken[n] else split_record(lines[n], delimiter)
        if values is None or len(values) != width:
            unparsable[n] = True
        else:
            singles[n] = b"\0".join(values).decode()
    if singles:
        yield _of(numbers[list(singles)], pa.array(singles.values(), pa.utf8()), JOINED)
    yield from _unparsable(lines, unparsable, numbers)


def _parity(marks: Mask) -> Mask:
    """Whether the number of marks up to and with each place is odd; 64 places at a time, as one by one is slow."""
    octets = np.packbits(marks, bitorder="little")
    words = np.pad(octets, (0, -len(octets) % 8)).view("<u8")
    for shift in (1, 2, 4, 8, 16, 32):
        words ^= words << np.uint64(shift)
    carried = np.bitwise_xor.accumulate(words >> np.uint64(63))
    words[1:] ^= np.uint64(0) - carried[:-1]
    return np.unpackbits(words.view(np.uint8), count=len(marks), bitorder="little").view(np.bool_)


def _batch(lines: _Lines, chosen: Mask, numbers: Positions, kind: int) -> Iterator[pa.RecordBatch]:
    """The chosen lines without their ends; copied only when not all are chosen."""
    text = lines.block.replace(b"\n", b"")
    offsets = np.zeros(len(lines.ends) + 1, np.int32)
    offsets[1:] = lines.ends - np.arange(len(lines.ends))
    records = pa.Array.from_buffers(pa.utf8(), len(lines.ends), [None, pa.py_buffer(offsets), pa.py_buffer(text)])
    if not chosen.all():
        records, numbers = records.filter(pa.array(chosen)), numbers[chosen]
    if len(records):
        yield _of(numbers, records, kind)


def _unparsable(lines: _Lines, chosen: Mask, numbers: Positions) -> Iterator[pa.RecordBatch]:
    if chosen.any():
        texts = [lines[n].decode("utf-8", "replace") for n in lines.chosen(chosen)]
        yield _of(numbers[chosen], pa.array(texts, pa.utf8()), UNPARSABLE)


def _of(numbers: Positions, records: pa.Array, kind: int) -> pa.RecordBatch:
    kinds = pa.array(np.full(len(numbers), kind, np.int8))
    return pa.record_batch([pa.array(numbers, pa.int64()), records, kinds], schema=SCHEMA)
