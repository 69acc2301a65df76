"""NIK, the national identity numbers of persons: unique over the nation by construction, whatever its size.

A NIK is the district of registration, the birth date (a woman's day + 40) and a serial number. Each block of a
province has its own range of serials, one part of it for those who were there at ORIGIN and one for the children born
since, so no block need know of another.
"""

from functools import cache

import numpy as np

from simulation.areas import Province
from simulation.columns import Bytes, Flags, Ints
from simulation.ids import PAIRS

#: Serials of a block, and how many of them are for persons present at ORIGIN. 333 blocks are 21.8 M families a
#: province.
SERIALS, SERIALS_AT_ORIGIN = 30, 24
MAX_BLOCKS = 9999 // SERIALS
#: Share registered in another district of the province (assumption).
ELSEWHERE = 0.08
_FIRST_DAY, _DAYS = -25_567, 51_000  # from 1900-01-01


@cache
def _date_digits() -> Bytes:
    """DDMMYY of every day from 1900-01-01, men's, then women's."""
    dates = np.arange(_FIRST_DAY, _FIRST_DAY + _DAYS).astype("M8[D]")
    months, years = dates.astype("M8[M]"), dates.astype("M8[Y]")
    day, month = (dates - months).astype(int) + 1, (months - years).astype(int) + 1
    rest = [PAIRS[month], PAIRS[(years.astype(int) + 70) % 100]]  # numpy counts years from 1970
    return np.vstack([np.hstack([PAIRS[day + extra], *rest]) for extra in (0, 40)])


def make(area: Province, block: int, district: Ints, birth_day: Ints, female: Flags, at_origin: int) -> Bytes:
    """NIK of persons, one row of 16 digits each; the first ``at_origin`` were there at ORIGIN, the rest born since.

    Raises ValueError when a block or a cell of one district, day and sex is too full for unique serials.
    """
    if block >= MAX_BLOCKS:
        raise ValueError(f"province {area.code} has more families than unique NIK can be made for")
    date = np.where(female, _DAYS, 0) + birth_day - _FIRST_DAY
    key = district.astype(np.int64) * (2 * _DAYS) + date
    serial = np.empty(len(key), np.int64)
    serial[:at_origin] = 1 + _ordinal(key[:at_origin], SERIALS_AT_ORIGIN)
    serial[at_origin:] = 1 + SERIALS_AT_ORIGIN + _ordinal(key[at_origin:], SERIALS - SERIALS_AT_ORIGIN)
    serial += block * SERIALS
    out = np.empty((len(key), 16), np.uint8)
    out[:, :6] = area.districts[district]
    out[:, 6:12] = _date_digits()[date]
    out[:, 12:14] = PAIRS[serial // 100]
    out[:, 14:] = PAIRS[serial % 100]
    return out


def _ordinal(key: Ints, limit: int) -> Ints:
    """For each row, how many earlier rows have the same key."""
    order = np.argsort(key, kind="stable")
    ordered = key[order]
    first = np.flatnonzero(np.diff(ordered, prepend=-1))
    counts = np.diff(first, append=len(key))
    ordinal = np.empty(len(key), np.int64)
    ordinal[order] = np.arange(len(key)) - np.repeat(first, counts)
    if len(counts) and int(counts.max()) > limit:
        raise ValueError("too many persons of one district share a birth date for unique NIK")
    return ordinal
