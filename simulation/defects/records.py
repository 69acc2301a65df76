"""What defects do to the bytes of CSV files: single records, and files written another way."""

from collections.abc import Callable

import numpy as np

from simulation.columns import Flags

BOM = b"\xef\xbb\xbf"
#: What is done to one record, without its line end.
SpoilRecord = Callable[[bytes], bytes]


def records(content: bytes, hit: Flags, spoil: SpoilRecord) -> bytes:
    """The file with some of its records spoilt; ``hit`` counts records from the one after the header."""
    lines = content.split(b"\n")
    for row in np.flatnonzero(hit):
        lines[1 + row] = spoil(lines[1 + row])
    return b"\n".join(lines)


def unbalanced(record: bytes) -> bytes:
    """A quote that opens and never closes, in the first value."""
    return b'"' + record.replace(b'"', b"")


def short(record: bytes) -> bytes:
    """A record without its last value."""
    return record.rpartition(b",")[0]


def not_utf8(record: bytes) -> bytes:
    """A byte that is no UTF-8, in the last value."""
    return record + b"\xff"


def bom(content: bytes) -> bytes:
    """A byte order mark before the header."""
    return BOM + content


def crlf(content: bytes) -> bytes:
    """Lines as Windows ends them."""
    return content.replace(b"\n", b"\r\n")


def semicolons(content: bytes) -> bytes:
    """Semicolons between values and a comma in decimals, as an Indonesian spreadsheet writes them.

    For files whose values hold no comma, which those of the simulation do not.
    """
    header, _, rest = content.partition(b"\n")
    place = header.replace(b'"', b"").split(b",").index(b"luas_lantai") if b"luas_lantai" in header else None
    lines = []
    for line in rest.split(b"\n"):
        values = line.split(b",")
        if place is not None and len(values) > place:
            values[place] = values[place].replace(b".", b",")
        lines.append(b";".join(values))
    return b"\n".join([header.replace(b",", b";"), *lines])
