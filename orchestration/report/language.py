"""Indonesian and English: the words of words/*.toml, and how each language writes numbers, shares, rupiah and dates.

Holds no word of its own but the names of months and the units of large amounts.
"""

import tomllib
from dataclasses import dataclass
from datetime import UTC, date, datetime
from functools import cache
from pathlib import Path
from typing import Literal

from orchestration.cycles import parse_cycle

Code = Literal["id", "en"]
CODES: tuple[Code, ...] = ("id", "en")
"""The languages; the first is what a reader meets."""

WORDS = Path(__file__).parent / "words"
NOTHING = "–"
_MONTHS = {
    "id": "Januari Februari Maret April Mei Juni Juli Agustus September Oktober November Desember".split(),
    "en": "January February March April May June July August September October November December".split(),
}
_LARGE = {
    "id": ((10**12, "triliun"), (10**9, "miliar"), (10**6, "juta")),
    "en": ((10**12, "trillion"), (10**9, "billion"), (10**6, "million")),
}
_SWAPPED = str.maketrans(",.", ".,")


@cache
def words() -> dict[str, tuple[str, str]]:
    """Every text by ``section.key``: Indonesian, English."""
    found: dict[str, tuple[str, str]] = {}
    for path in sorted(WORDS.glob("*.toml")):
        for section, texts in tomllib.loads(path.read_text(encoding="utf-8")).items():
            for key, (indonesian, english) in texts.items():
                if f"{section}.{key}" in found:
                    raise ValueError(f"{path.name}: {section}.{key} is there twice")
                found[f"{section}.{key}"] = (indonesian, english)
    return found


@dataclass(frozen=True)
class Language:
    """One language: ``t("funnel.kept")`` is a text, the methods write values; what is not known is a dash."""

    code: Code

    def __call__(self, key: str, **values: object) -> str:
        """The text of a key, its ``{names}`` filled in. Raises KeyError for a key that has no words."""
        return words()[key][CODES.index(self.code)].format(**values)

    def known(self, key: str, otherwise: str) -> str:
        """The text of a key that data brings, or what the data say themselves."""
        return self(key) if key in words() else otherwise

    def of(self, row: dict[str, object]) -> str:
        """The name of an area, programme or criterion, from a row of its mart; it begins with a capital."""
        name = str(row[f"name_{self.code}"])
        return name[:1].upper() + name[1:]

    def count(self, value: float | None, sign: bool = False) -> str:
        """1.234.567, in English 1,234,567; ``sign``: +1.234."""
        if value is None:
            return NOTHING
        return self._written(f"{value:+,.0f}" if sign and value else f"{value:,.0f}")

    def number(self, value: float | None, digits: int = 2) -> str:
        """1.234,57, in English 1,234.57."""
        return NOTHING if value is None else self._written(f"{value:,.{digits}f}")

    def share(self, value: float | None, digits: int = 1, trim: bool = False) -> str:
        """A share (0 to 1) in per cent: 12,3%; more digits where there would be only zeros; ``trim``: 2% for 2,00%."""
        if value is None:
            return NOTHING
        while value and digits < 4 and abs(value) * 100 < 10**-digits:
            digits += 1
        text = f"{value * 100:.{digits}f}"
        return self._written(text.rstrip("0").rstrip(".") if trim and digits else text) + "%"

    def rupiah(self, value: float | None, sign: bool = False) -> str:
        """Rp1.234.567; ``sign``: +Rp1.234."""
        if value is None:
            return NOTHING
        before = "−" if value < 0 else "+" if sign and value else ""
        return f"{before}Rp{self._written(f'{abs(value):,.0f}')}"

    def rupiah_short(self, value: float) -> str:
        """Rp271,5 miliar."""
        for unit, name in _LARGE[self.code]:
            if abs(value) >= unit:
                return f"Rp{self._written(f'{value / unit:,.1f}')} {name}"
        return self.rupiah(value)

    def month(self, cycle: str) -> str:
        """November 2025 of 2025-11."""
        month = parse_cycle(cycle)
        return f"{_MONTHS[self.code][month.month - 1]} {month.year}"

    def day(self, day: date) -> str:
        """17 November 2025."""
        return f"{day.day} {_MONTHS[self.code][day.month - 1]} {day.year}"

    def time(self, moment: datetime | str) -> str:
        """17 November 2025, 03.35 UTC; in English 03:35."""
        at = (datetime.fromisoformat(moment) if isinstance(moment, str) else moment).astimezone(UTC)
        return f"{self.day(at.date())}, {at:%H}{'.' if self.code == 'id' else ':'}{at:%M} UTC"

    def _written(self, english: str) -> str:
        text = english.replace("-", "−")
        return text.translate(_SWAPPED) if self.code == "id" else text
