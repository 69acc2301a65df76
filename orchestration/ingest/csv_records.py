"""Lines of a CSV file as Arrow batches of records (landing contract, CSV).

A record is a line: quotes protect the delimiter, never a line break. Records come out either *plain* (as delivered, no
quote in the block) or *joined* (quotes resolved, values separated by NUL, which no parsable record can hold); the
engine splits both. What cannot be parsed comes out as its text. Knows nothing of files, sources or columns' meaning.
"""

from collections.abc import Iterable

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from orchestration.ingest.files import UnreadableFile

MAX_RECORD_BYTES = 16 << 20  # a longer line is no record: the file is refused, so that no row is lost or cut

PLAIN, JOINED, UNPARSABLE = 0, 1, 2
SCHEMA = pa.schema([("row_number", pa.int64()), ("record", pa.utf8()), ("kind", pa.int8())])

_LF, _QUOTE, _NUL = 10, 34, 0

Positions = npt.NDArray[np.int64]
Mask = npt.NDArray[np.bool_]


def parse_block(block: bytes, delimiter: bytes, width: int, rows_before: int) -> list[pa.RecordBatch]:
    """Records of whole lines, each ended by LF, in batches of SCHEMA; every line that is not empty is one record.

    Args:
        block: the lines, at least one.
        delimiter: ``,`` or ``;``.
        width: how many values a record has.
        rows_before: records of the file before this block.

    Raises:
        UnreadableFile: a line is longer than a record may be.
    """
    lines = _Lines(block)
    if int(lines.lengths.max()) > MAX_RECORD_BYTES:
        raise UnreadableFile("holds a line longer than a record may be")
    records = lines.lengths > 0
    numbers = rows_before + np.cumsum(records)
    broken = _not_text(lines)
    if b'"' in block:
        return _quoted(lines, broken, records, numbers, delimiter, width)
    return [
        batch
        for batch in (_batch(lines, records & ~broken, numbers, PLAIN), _unparsable(lines, broken, numbers))
        if batch.num_rows
    ]


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


class _Lines:
    """A block of lines, each ended by LF, and where they are."""

    def __init__(self, block: bytes) -> None:
        self.block = block
        self.octets = np.frombuffer(block, np.uint8)
        self.ends: Positions = np.flatnonzero(self.octets == _LF)
        self.starts: Positions = np.concatenate(([0], self.ends[:-1] + 1))
        self.lengths = self.ends - self.starts

    def __getitem__(self, line: int) -> bytes:
        return self.block[self.starts[line] : self.ends[line]]

    def holding(self, octets: Mask) -> list[int]:
        """Numbers of the lines that hold one of the marked bytes."""
        return _numbers(np.unique(np.searchsorted(self.ends, np.flatnonzero(octets))))


def _numbers(lines: Iterable[np.int64]) -> list[int]:
    return [int(line) for line in lines]


def _not_text(lines: _Lines) -> Mask:
    """Lines with a NUL byte or invalid UTF-8: nearly always none."""
    broken = np.zeros(len(lines.ends), np.bool_)
    if b"\0" in lines.block:
        broken[lines.holding(lines.octets == _NUL)] = True
    if not _is_utf8(lines.block):
        broken[[line for line in lines.holding(lines.octets > 127) if not _is_utf8(lines[line])]] = True
    return broken


def _is_utf8(text: bytes) -> bool:
    try:
        return text.isascii() or bool(text.decode())
    except UnicodeDecodeError:
        return False


def _quoted(
    lines: _Lines, broken: Mask, records: Mask, numbers: Positions, delimiter: bytes, width: int
) -> list[pa.RecordBatch]:
    """Records of a block that holds quotes.

    Regular quoting is resolved for the whole block at once: an opening quote follows a delimiter or line end, a closing
    one is followed by one, a doubled one counts as closed and opened again. Lines where that does not hold (a literal
    quote, or one out of place) are few and go through ``split_record``.
    """
    octets, ends = lines.octets, lines.ends
    quotes, delimiters = octets == _QUOTE, octets == delimiter[0]
    odd = np.diff(_parity(quotes)[ends], prepend=False)  # an odd number of quotes: the parity changes
    irregular = odd | broken
    for line in _numbers(np.flatnonzero(irregular)):
        quotes[lines.starts[line] : ends[line]] = False
    inside = _parity(quotes)  # an opening quote is inside, a closing one is not
    opening, closing = quotes & inside, quotes & ~inside
    edge = quotes | delimiters | (octets == _LF)
    misplaced = opening & ~np.roll(edge, 1) | closing & ~np.roll(edge, -1)  # the block ends with LF: a line start
    irregular[lines.holding(misplaced)] = True

    resolved = np.where(delimiters & ~inside, np.uint8(_NUL), octets)
    dropped = opening | closing & ~np.roll(quotes, -1)  # of a doubled quote the one that opens again
    joined = _Lines(resolved[~dropped].tobytes())
    widths = np.diff(np.searchsorted(np.flatnonzero(joined.octets == _NUL), joined.ends), prepend=0) + 1
    parsed = records & ~irregular & (widths == width)

    singles: dict[int, str] = {}
    for line in _numbers(np.flatnonzero(records & irregular & ~broken)):
        values = split_record(lines[line], delimiter)
        if values is not None and len(values) == width:
            singles[line] = b"\0".join(values).decode()
    unparsable = records & ~parsed
    unparsable[list(singles)] = False
    batches = [
        _batch(joined, parsed, numbers, JOINED),
        _of(numbers[list(singles)], pa.array(singles.values(), pa.utf8()), JOINED),
        _unparsable(lines, unparsable, numbers),
    ]
    return [batch for batch in batches if batch.num_rows]


def _parity(marks: Mask) -> Mask:
    """Whether the number of marks up to and with each place is odd; 64 places at a time, as one by one is slow."""
    octets = np.packbits(marks, bitorder="little")
    words = np.pad(octets, (0, -len(octets) % 8)).view("<u8")
    for shift in (1, 2, 4, 8, 16, 32):
        words ^= words << np.uint64(shift)
    carried = np.bitwise_xor.accumulate(words >> np.uint64(63))
    words[1:] ^= np.uint64(0) - carried[:-1]
    return np.unpackbits(words.view(np.uint8), count=len(marks), bitorder="little").view(np.bool_)


def _batch(lines: _Lines, chosen: Mask, numbers: Positions, kind: int) -> pa.RecordBatch:
    """The chosen lines without their ends; copied only when not all are chosen."""
    text = lines.block.replace(b"\n", b"")
    offsets = np.zeros(len(lines.ends) + 1, np.int32)
    offsets[1:] = lines.ends - np.arange(len(lines.ends))
    records = pa.Array.from_buffers(pa.utf8(), len(lines.ends), [None, pa.py_buffer(offsets), pa.py_buffer(text)])
    if not chosen.all():
        records, numbers = records.filter(pa.array(chosen)), numbers[chosen]
    return _of(numbers, records, kind)


def _unparsable(lines: _Lines, chosen: Mask, numbers: Positions) -> pa.RecordBatch:
    texts = [lines[line].decode("utf-8", "replace") for line in _numbers(np.flatnonzero(chosen))]
    return _of(numbers[chosen], pa.array(texts, pa.utf8()), UNPARSABLE)


def _of(numbers: Positions, records: pa.Array, kind: int) -> pa.RecordBatch:
    kinds = pa.array(np.full(len(numbers), kind, np.int8))
    return pa.record_batch([pa.array(numbers, pa.int64()), records, kinds], schema=SCHEMA)
