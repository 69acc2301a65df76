"""What of a person is shown when nobody asked for more: the last digits of a NIK, initials of a name.

As in the lists of the regency packages; a value in any other form is hidden whole.
"""

from orchestration.ingest.family_rows import DeliveredRow

HIDDEN = "*" * 16


def masked_nik(nik: str | None) -> str | None:
    """``************0001``: the last four of sixteen digits; anything else as sixteen asterisks."""
    if nik is None:
        return None
    return "*" * 12 + nik[-4:] if len(nik) == 16 and nik.isascii() and nik.isdigit() else HIDDEN


def masked_name(name: str | None) -> str | None:
    """``B*** R***``: the first letters of the first two words; a name spelled out in blanks stays hidden."""
    return None if name is None else " ".join(f"{word[0]}***" for word in name.split()[:2])


def _hidden(text: str | None) -> str | None:
    return text and "***"


_MASKS = {"nik": masked_nik, "full_name": masked_name, "reason": _hidden}


def masked_values(values: dict[str, str | None]) -> dict[str, str | None]:
    """A row's values with NIK and name masked; what people wrote in free words is left out."""
    return {name: _MASKS[name](value) if name in _MASKS else value for name, value in values.items()}


def shown(row: DeliveredRow, columns: tuple[str, ...], unmask: bool) -> dict[str, str | None]:
    """The values of ``columns`` that may be seen."""
    values = {name: row.values[name] for name in columns}
    return values if unmask else masked_values(values)
