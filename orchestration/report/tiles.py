"""The 38 provinces on a grid of tiles, roughly where they lie: one tile each, whatever their size.

Laid out by hand from west to east; letters are those of ISO 3166-2:ID. Colours stand in templates/report.css.
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass

COLUMNS, ROWS = 15, 7
CLASSES = 5
_NEARLY = 1e-9
_STEPS = tuple(digit * 10.0**power for power in range(-5, 0) for digit in (1, 2, 2.5, 5))

GRID = """
AC . . . . . KU . GO SA . . . . .
. SU . KR . KB KI . ST . . MU PD PB PA
. SB RI . . KT KS . SR . . MA . PT PE
. BE JA BB . . . . SN SG . . . . PS
. . SS LA . . . . . . . . . . .
. . . BT JK JT JI BA NB NT . . . . .
. . . . JB YO . . . . . . . . .
"""
LETTERS = {
    "11": "AC", "12": "SU", "13": "SB", "14": "RI", "15": "JA", "16": "SS", "17": "BE", "18": "LA", "19": "BB",
    "21": "KR", "31": "JK", "32": "JB", "33": "JT", "34": "YO", "35": "JI", "36": "BT", "51": "BA", "52": "NB",
    "53": "NT", "61": "KB", "62": "KT", "63": "KS", "64": "KI", "65": "KU", "71": "SA", "72": "ST", "73": "SN",
    "74": "SG", "75": "GO", "76": "SR", "81": "MA", "82": "MU", "91": "PA", "92": "PB", "93": "PS", "94": "PT",
    "95": "PE", "96": "PD",
}  # fmt: skip


@dataclass(frozen=True)
class Tile:
    """One province on the grid; ``shade`` 0 (palest) to 4, None when nothing is listed there."""

    code: str
    letters: str
    column: int
    row: int
    value: float | None
    shade: int | None


@dataclass(frozen=True)
class TileMap:
    """All tiles, and the six bounds of the five shades: shares, equally far from each other."""

    tiles: list[Tile]
    bounds: list[float]


def places() -> dict[str, tuple[int, int]]:
    """Column and row of every province, by its two digits."""
    where = {
        letters: (column, row)
        for row, line in enumerate(GRID.split("\n")[1:-1])
        for column, letters in enumerate(line.split())
        if letters != "."
    }
    return {code: where[letters] for code, letters in LETTERS.items()}


def tile_map(shares: Mapping[str, float | None]) -> TileMap:
    """Shade the provinces by their shares (0 to 1), in five equal steps between round numbers around all of them."""
    known = [share for share in shares.values() if share is not None] or [0.0]
    step, first = next(
        (step, first)
        for step in (*_STEPS, 1.0)
        for first in [math.floor(min(known) / step + _NEARLY)]
        if (first + CLASSES) * step >= max(known) - step * _NEARLY or step == 1.0
    )
    tiles = [
        Tile(code, LETTERS[code], column, row, share, None if share is None else _shade(share / step - first))
        for code, (column, row) in places().items()
        for share in [shares.get(code)]
    ]
    return TileMap(tiles, [step * (first + number) for number in range(CLASSES + 1)])


def _shade(steps: float) -> int:
    return min(max(int(steps + _NEARLY), 0), CLASSES - 1)
