"""Columns: numpy arrays to Arrow columns, without a Python object a value. Knows nothing of families.

All are made from buffers: pa.array would import pandas, which takes longer than a small nation.
"""

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

Bytes = npt.NDArray[np.uint8]
Ints = npt.NDArray[Any]
Floats = npt.NDArray[np.float32]
Flags = npt.NDArray[np.bool_]


def _bitmap(valid: Flags | None) -> pa.Buffer | None:
    return None if valid is None else pa.py_buffer(np.packbits(valid, bitorder="little"))


def text(matrix: Bytes, valid: Flags | None = None, lengths: Ints | None = None) -> pa.Array:
    """Text from a matrix of one row of bytes a value; ``lengths`` where values are shorter than the row."""
    rows, width = matrix.shape
    if lengths is None:
        offsets = np.arange(0, rows * width + 1, width, dtype=np.int32)
        data = np.ascontiguousarray(matrix)
    else:
        offsets = np.concatenate([[0], np.cumsum(lengths)]).astype(np.int32)
        data = matrix[np.arange(width) < lengths[:, None]]
    return pa.StringArray.from_buffers(rows, pa.py_buffer(offsets), pa.py_buffer(data), _bitmap(valid))


def codes(indices: Ints, values: Sequence[str], valid: Flags | None = None) -> pa.Array:
    """Codes: ``values[indices]``, held as a dictionary."""
    index = integers(indices.astype(np.int8 if len(values) < 128 else np.int32, copy=False), valid)
    return pa.DictionaryArray.from_arrays(index, strings(values))


def flags(values: Flags) -> pa.Array:
    """True and false."""
    return pa.Array.from_buffers(pa.bool_(), len(values), [None, _bitmap(values)])


def days(values: Ints, valid: Flags | None = None) -> pa.Array:
    """Dates from days since 1970, null where not ``valid``."""
    return integers(values.astype(np.int32, copy=False), valid).view(pa.date32())


def integers(values: Ints, valid: Flags | None = None) -> pa.Array:
    """Integers of the width they come in, null where not ``valid``."""
    data = pa.py_buffer(np.ascontiguousarray(values))
    return pa.Array.from_buffers(pa.from_numpy_dtype(values.dtype), len(values), [_bitmap(valid), data])


def tenths(values: Ints, valid: Flags | None = None) -> pa.Array:
    """Decimal(7,1) from counts of tenths."""
    wide = np.empty((len(values), 2), np.int64)
    wide[:, 0] = values
    wide[:, 1] = 0
    return pa.Array.from_buffers(pa.decimal128(7, 1), len(values), [_bitmap(valid), pa.py_buffer(wide)])


def strings(values: Sequence[str]) -> pa.Array:
    """Text from a few Python strings."""
    encoded = [value.encode() for value in values]
    offsets = np.cumsum([0, *(len(value) for value in encoded)], dtype=np.int32)
    return pa.StringArray.from_buffers(len(encoded), pa.py_buffer(offsets), pa.py_buffer(b"".join(encoded)))


def byte_rows(values: Sequence[str]) -> Bytes:
    """Texts of one common length as a matrix of bytes."""
    return np.frombuffer("".join(values).encode("ascii"), np.uint8).reshape(len(values), -1)


def systematic(weights: npt.NDArray[np.float64], expected: float, start: float) -> Flags:
    """Draw about ``expected`` rows, the chance of each in proportion to its weight, by one random ``start`` in [0, 1).

    The count is ``expected`` but for rounding (less, if too few rows have a weight), so that totals over many blocks
    hold.
    """
    weights = np.asarray(weights, np.float64)
    chance = np.zeros(len(weights))
    sure = np.zeros(len(weights), np.bool_)
    for _ in range(4):  # a probability above 1 is certain, and hands its excess to the others
        rest = float(weights[~sure].sum())
        if rest <= 0:
            break
        chance = np.where(sure, 1.0, weights * (max(expected - int(sure.sum()), 0.0) / rest))
        if not (chance > 1).any():
            break
        sure = chance >= 1
    cumulative = np.floor(np.cumsum(np.minimum(chance, 1.0)) + (start + 1e-9))  # ten times 0.3 is 3
    return np.asarray(np.diff(cumulative, prepend=np.floor(start)) > 0)
