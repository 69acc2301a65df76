"""The words of explanations, from phrases.toml and counter.toml: one sentence in both languages, filled in."""

import tomllib
from datetime import date
from functools import cache
from importlib.resources import files
from typing import Any

from orchestration.explain.answer import Text

_FILES = ("phrases.toml", "counter.toml")
_MONTHS = "Januari Februari Maret April Mei Juni Juli Agustus September Oktober November Desember".split()


@cache
def _phrases() -> dict[str, dict[str, dict[str, str]]]:
    texts = (files(__package__).joinpath(name).read_text(encoding="utf-8") for name in _FILES)
    return {group: names for text in texts for group, names in tomllib.loads(text).items()}


def phrase(group: str, name: str, **values: Any) -> Text:
    """``[group.name]`` with its names filled in; a value that is a Text is filled in by language, a date written out.

    Raises KeyError when there is no such phrase, or a name has no value.
    """
    both = _phrases()[group][name]
    return Text(
        en=both["en"].format(**{key: _said(value, "en") for key, value in values.items()}),
        id=both["id"].format(**{key: _said(value, "id") for key, value in values.items()}),
    )


def source_name(source: str) -> Text:
    """What people call a source; its own name when it has no other."""
    return phrase("source", source) if has_phrase("source", source) else Text(en=source, id=source)


def basis(legal_basis: str | None) -> Text:
    """A legal basis as the release has it; that none is known is said in both languages."""
    known = legal_basis not in (None, "", "not known")
    return Text(en=str(legal_basis), id=str(legal_basis)) if known else phrase("basis", "not_known")


def has_phrase(group: str, name: str) -> bool:
    """Whether there is ``[group.name]``."""
    return name in _phrases()[group]


def tanggal(day: date) -> str:
    """A date as Indonesian letters write it: 17 November 2025."""
    return f"{day.day} {_MONTHS[day.month - 1]} {day.year}"


def bulan(cycle: str) -> str:
    """A cycle as Indonesian letters write it: November 2025."""
    return f"{_MONTHS[int(cycle[5:]) - 1]} {cycle[:4]}"


def _said(value: Any, language: str) -> Any:
    if isinstance(value, Text):
        return value.id if language == "id" else value.en
    if isinstance(value, date):
        return tanggal(value) if language == "id" else value.isoformat()
    return "–" if value is None else value
