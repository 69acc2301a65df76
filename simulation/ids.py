"""Identifiers: family and person ids that can be read back to a place in the population. NIK are in nik.py.

A family is number ``province code * 2^32 + position``, where one founded since has the position of the husband's first
family and, above its 26 bits, his number in that; its id is that number, scrambled without loss, as ``K`` and ten
hexadecimal digits. A person's id is the family's, with ``I`` for ``K``, and the number of the member.
"""

import numpy as np
import numpy.typing as npt

from simulation.columns import Bytes, Ints, byte_rows

Numbers = npt.NDArray[np.uint64]

_BITS = np.uint64((1 << 40) - 1)
_HALF = np.uint64(20)
_FACTORS = (0x9E3779B97F4A7C15 & ((1 << 40) - 1), 0xC2B2AE3D27D4EB4F & ((1 << 40) - 1))
_INVERSE = tuple(np.uint64(pow(factor, -1, 1 << 40)) for factor in reversed(_FACTORS))
_HEX = byte_rows([f"{value:02X}" for value in range(256)])
_DIGITS = np.zeros(256, np.uint64)
_DIGITS[np.frombuffer(b"0123456789ABCDEF", np.uint8)] = np.arange(16)
PAIRS = byte_rows([f"{value:02d}" for value in range(100)])
FAMILY_WIDTH = 11
#: Bits of a position of the families that were there at ORIGIN: 67 million a province.
FIRST_BITS = 26


def numbers(province: int, positions: Ints) -> Numbers:
    """Numbers of the families at these positions of a province."""
    return np.uint64(province << 32) + positions.astype(np.uint64)


def founded(position: Ints, member: Ints) -> Ints:
    """Positions of families founded by members of others; below 2^31 while members are fewer than 32."""
    return np.asarray(position.astype(np.int64) + (member.astype(np.int64) << FIRST_BITS))


def scramble(values: Numbers) -> Numbers:
    """A bijection of 40-bit numbers that leaves no visible order."""
    for factor in _FACTORS:
        values = ((values ^ (values >> _HALF)) * np.uint64(factor)) & _BITS
    return values


def unscramble(values: Numbers) -> Numbers:
    """The inverse of `scramble`."""
    for factor in _INVERSE:
        values = (values * factor) & _BITS
        values = values ^ (values >> _HALF)
    return values


def family_ids(values: Numbers) -> Bytes:
    """Ids of family numbers, one row of 11 bytes each."""
    out = np.empty((len(values), FAMILY_WIDTH), np.uint8)
    out[:, 0] = ord("K")
    out[:, 1:] = _HEX[scramble(values).astype(">u8").view(np.uint8).reshape(-1, 8)[:, 3:]].reshape(-1, 10)
    return out


def family_numbers(identifiers: Bytes) -> Numbers:
    """Numbers of family ids (rows of 11 bytes, as `family_ids` makes them)."""
    value = np.zeros(len(identifiers), np.uint64)
    for column in range(1, FAMILY_WIDTH):
        value = (value << np.uint64(4)) | _DIGITS[identifiers[:, column]]
    return unscramble(value)


def person_ids(families: Bytes, members: Ints) -> Bytes:
    """Ids of persons: the id row of each one's family and the member's number (1-99), 14 bytes."""
    out = np.empty((len(members), FAMILY_WIDTH + 3), np.uint8)
    out[:, :FAMILY_WIDTH] = families
    out[:, 0] = ord("I")
    out[:, FAMILY_WIDTH] = ord("-")
    out[:, FAMILY_WIDTH + 1 :] = PAIRS[members]
    return out
