"""What the cycle report says: both languages complete, nothing unused, numbers as each language writes them."""

import re
from datetime import date

import pytest

from orchestration.contracts.sources import SOURCES
from orchestration.gates.limits import gate_measures
from orchestration.report.language import CODES, WORDS, Language, words
from orchestration.report.page import SECTIONS, TEMPLATES

ID, EN = (Language(code) for code in CODES)
OF_DATA = {"gate", "gate_do", "source", "rule", "decision", "action", "sign", "accuracy"}
"""Sections whose keys data bring along."""


def test_every_text_is_there_in_both_languages_with_the_same_names_to_fill_in() -> None:
    for key, texts in words().items():
        assert all(text.strip() == text and text for text in texts), key
        assert len({frozenset(re.findall(r"\{\w+\}", text)) for text in texts}) == 1, key


def test_every_key_that_is_asked_for_has_words_and_every_word_is_asked_for() -> None:
    sources = "".join(path.read_text() for path in (*TEMPLATES.glob("*.j2"), *WORDS.parent.glob("*.py")))
    sections = "|".join({key.split(".")[0] for key in words()})
    whole = set(re.findall(rf"""["']((?:{sections})\.\w+)["']""", sources))
    begun = set(re.findall(rf"""["']((?:{sections})\.\w*)["'] ~""", sources)) | {f"{name}." for name in OF_DATA}
    begun.add("gates.")  # at_least, at_most
    assert whole - begun <= set(words())
    titles = {f"{section}.title" for section in SECTIONS}
    assert titles <= set(words())
    assert {key for key in set(words()) - whole - titles if not key.startswith(tuple(begun))} == set()


def test_every_gate_and_source_has_words() -> None:
    for gate in gate_measures():
        name = next((each for each in ("contract", "rejected_share") if gate.startswith(f"{each}_")), gate)
        assert {f"gate.{name}", f"gate_do.{name}"} <= set(words()), gate
    assert {f"source.{source}" for source in SOURCES} <= set(words())


def test_a_key_without_words_is_an_error() -> None:
    with pytest.raises(KeyError):
        ID("funnel.nothing")
    with pytest.raises(KeyError):
        ID("page.title")  # its cycle is not filled in
    assert ID.known("rule.of_tomorrow", "of_tomorrow") == "of_tomorrow"


@pytest.mark.parametrize(
    ("said", "indonesian", "english"),
    [
        (lambda t: t.count(1234567), "1.234.567", "1,234,567"),
        (lambda t: t.count(-1234, sign=True), "−1.234", "−1,234"),
        (lambda t: t.count(1234, sign=True), "+1.234", "+1,234"),
        (lambda t: t.count(0, sign=True), "0", "0"),
        (lambda t: t.count(None), "–", "–"),
        (lambda t: t.number(1234567.8, 1), "1.234.567,8", "1,234,567.8"),
        (lambda t: t.share(0.1234), "12,3%", "12.3%"),
        (lambda t: t.share(0.0004), "0,04%", "0.04%"),
        (lambda t: t.share(0.02, 2, trim=True), "2%", "2%"),
        (lambda t: t.share(0.0, 2, trim=True), "0%", "0%"),
        (lambda t: t.share(1.0, 0, trim=True), "100%", "100%"),
        (lambda t: t.rupiah(1234567), "Rp1.234.567", "Rp1,234,567"),
        (lambda t: t.rupiah(-5000, sign=True), "−Rp5.000", "−Rp5,000"),
        (lambda t: t.rupiah_short(271_518_300_000), "Rp271,5 miliar", "Rp271.5 billion"),
        (lambda t: t.rupiah_short(31_500_000_000_000), "Rp31,5 triliun", "Rp31.5 trillion"),
        (lambda t: t.rupiah_short(900_000), "Rp900.000", "Rp900,000"),
        (lambda t: t.month("2025-08"), "Agustus 2025", "August 2025"),
        (lambda t: t.day(date(2025, 5, 7)), "7 Mei 2025", "7 May 2025"),
        (lambda t: t.time("2025-11-23T10:35:22+07:00"), "23 November 2025, 03.35 UTC", "23 November 2025, 03:35 UTC"),
        (lambda t: t.of({"name_id": "keluarga", "name_en": "family"}), "Keluarga", "Family"),
    ],
)
def test_values_are_written_as_each_language_does(said: object, indonesian: str, english: str) -> None:
    assert callable(said)
    assert (said(ID), said(EN)) == (indonesian, english)
