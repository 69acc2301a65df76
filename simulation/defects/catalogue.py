"""The defects on demand, by name: what each does, how much of it by default, and which gates that trips.

At its default share a defect trips the gates named here, in a nation that is large enough, and no others; at a small
share it trips none. Findings are those of the audits and of figures.md (shared reference), sections 7 and 8.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from simulation.defects import records, rows, ways
from simulation.defects.rows import both, filled, put, renamed, spoil, where
from simulation.defects.ways import EVENTS, FAMILIES, LISTS, NIK, PERSONS, VISITS, Apply
from simulation.deliveries import SENDERS

Need = Literal["", "csv", "release", "before"]
#: What must be there for a defect to show, or for it to be made at all (csv).
NEEDS: Mapping[Need, str] = {
    "": "",
    "csv": "--format csv",
    "release": "a released cycle before",
    "before": "the cycle before in the lake",
}
#: By source: a column, a value outside its domain, and how rows that repeat others can be told.
BAD_VALUE = {
    FAMILIES: ("jenis_lantai_terluas", "TIDAK TAHU"),
    PERSONS: ("status_kawin", "?"),
    LISTS: ("saluran", "TUNAI"),
    "kuota_program": ("kuota", "-1"),
    "register_pengecualian": ("register", "GURU"),
    EVENTS: ("jenis_peristiwa", "LAHIR"),
    VISITS: ("kode_kabupaten", "0000"),
    "sanggahan": ("putusan", "?"),
    "usulan": ("kanal", "SURAT"),
    "hasil_salur": ("hasil", "?"),
}
CHILDREN = both(where("status_hubungan_keluarga", "ANAK"), filled(NIK))


@dataclass(frozen=True)
class Defect:
    """A defect: what it does, of what its share is, the default share, and the gates that this trips."""

    what: str
    of: str
    share: float
    trips: tuple[str, ...]
    apply: Apply
    needs: Need = ""
    families: int = 20_000  # from so many families on


def _of_children(what: str, how: str, share: float = 0.02, trips: tuple[str, ...] = ()) -> Defect:
    return Defect(what, "children's NIK", share, trips, ways.edit(PERSONS, spoil(NIK, rows.NIK[how]), CHILDREN))


def _intact(what: str, apply: Apply) -> Defect:
    return Defect(what, "files of dtsen_individu", 0.01, ("delivery_intact",), apply)


def _records(what: str, spoilt: records.SpoilRecord) -> Defect:
    apply = ways.spoil_records("hasil_salur", spoilt)
    return Defect(what, "records of hasil_salur", 0.03, ("rejected_share_hasil_salur",), apply, "csv")


def _written(what: str, apply: Apply) -> Defect:
    return Defect(what, "files of dtsen_keluarga", 1.0, (), apply, "csv")


GATES: Mapping[str, Defect] = {
    "file_cut": _intact("a file is cut short on its way", ways.cut(PERSONS)),
    "file_lost": _intact("a file that delivery.json lists is not there", ways.manifest(PERSONS, lost=lambda _: True)),
    "file_unlisted": _intact(
        "a file is there that delivery.json does not list", ways.manifest(PERSONS, listed=lambda _: False)
    ),
    "rows_miscounted": _intact(
        "delivery.json counts a row too many", ways.manifest(PERSONS, rows=lambda file: file.rows + 1)
    ),
    "column_missing": _intact("a file lacks a column of the contract", ways.without_column(PERSONS, "jenis_kelamin")),
    "families_left_out": Defect(
        "families are left out, with their members",
        "families",
        0.05,
        ("family_count_drift",),
        ways.families_left_out,
        "release",
    ),
    "orphans": Defect(
        "persons more, of families that nobody delivered",
        "persons",
        0.01,
        ("orphan_share",),
        ways.add(PERSONS, renamed("id_individu", id_keluarga="D-NOBODY", nomor_induk_kependudukan=None), PERSONS),
    ),
    "persons_of_no_family": Defect(
        "persons more, without a family's id",
        "persons",
        0.001,
        ("unnamed_person_rows",),
        ways.add(PERSONS, renamed("id_individu", id_keluarga=None, nomor_induk_kependudukan=None), PERSONS),
    ),
    "list_rows_of_no_family": Defect(
        "rows of the lists lose the family's id",
        "rows of the lists",
        0.001,
        ("unlisted_rows",),
        ways.edit(LISTS, put("id_keluarga", "")),
    ),
    "list_rows_left_out": Defect(
        "families that were published do not come back",
        "rows of the lists",
        0.03,
        ("list_drift",),
        ways.edit(LISTS, rows.leave_out),
        "release",
    ),
    "ranking_tops_up": Defect(
        "families of decile 9 are ranked in decile 10",
        "families of decile 9",
        0.4,
        ("decile_balance",),
        ways.edit(FAMILIES, rows.swap("desil_nasional", {9: 10}), where("desil_nasional", 9)),
    ),
    "ranking_jumps": Defect(
        "families of deciles 5-10 change places three deciles away",
        "families of deciles 5-10",
        0.08,
        ("decile_jump",),
        ways.edit(
            FAMILIES,
            rows.swap("desil_nasional", {5: 8, 6: 9, 7: 10, 8: 5, 9: 6, 10: 7}),
            where("desil_nasional", 5, 6, 7, 8, 9, 10),
        ),
        "before",
    ),
    "not_eligible_everywhere": Defect(
        "an upload marks families of deciles 1-4 as found not eligible",
        "families of deciles 1-4",
        0.45,
        ("removal_rate", "replacement_fill"),
        ways.struck_off,
    ),
    "not_eligible_in_one_regency": Defect(
        "the office of the regency with most families does that",
        "its families of deciles 1-4",
        0.9,
        ("removal_rate_regency",),
        ways.struck_off_in_one_regency,
        families=60_000,
    ),
    "families_unmatched": Defect(
        "the civil registry reports all members of families as not matching",
        "families",
        0.15,
        ("hold_rate",),
        ways.civil_event("TIDAK_PADAN", whole_families=True),
    ),
    "visits_lost": Defect(
        "results of visits do not arrive", "visits", 0.75, ("verification_coverage",), ways.edit(VISITS, rows.leave_out)
    ),
    "quota_tenfold": Defect(
        "the national quota of Sembako has a zero too many",
        "that one row",
        1.0,
        ("replacement_fill",),
        ways.edit(
            "kuota_program", rows.times("kuota", 10), both(where("program", "SEMBAKO"), where("kode_wilayah", "ID"))
        ),
    ),
    "nik_of_head": Defect(
        "children have the NIK of the head of their family",
        "children's NIK",
        0.005,
        ("duplicate_nik_share",),
        ways.edit(PERSONS, rows.nik_of_head, CHILDREN),
    ),
    "nik_of_another_family": Defect(
        "children have the NIK of somebody in another family",
        "children's NIK",
        0.005,
        ("duplicate_nik_share",),
        ways.edit(PERSONS, rows.nik_of_another, CHILDREN),
    ),
    "nik_from_a_spreadsheet": _of_children(
        "NIK as a spreadsheet shows them: 3.17102E+15", "spreadsheet", 0.25, ("nik_malformed_share",)
    ),
}

BY_SOURCE: Mapping[str, Defect] = {
    f"bad_values:{source}": Defect(
        f"{value} in {column}",
        f"rows of {source}",
        0.0125,
        # a quota is known whole or not at all: its delivery is refused
        ("delivery_intact",) if source == "kuota_program" else (f"contract_{source}",),
        ways.edit(source, put(column, value)),
    )
    for source, (column, value) in BAD_VALUE.items()
} | {
    f"repeated_rows:{source}": Defect(
        "rows are delivered twice",
        f"rows of {source}",
        0.04,
        (f"rejected_share_{source}",),
        ways.edit(source, rows.repeat),
    )
    for source in SENDERS
}

FINDINGS: Mapping[str, Defect] = {
    "nik_last_digit_zero": _of_children("the last digit became 0, as in a spreadsheet", "last_digits_zero"),
    "nik_serial_zero": _of_children("serial number 0000", "serial_zero"),
    "nik_short": _of_children("fifteen digits", "short"),
    "nik_letter": _of_children("letters O for digits 0", "letter"),
    "nik_one_digit": _of_children("one digit sixteen times", "one_digit"),
    "nik_no_such_day": _of_children("a birth date that does not exist", "no_such_day"),
    "nik_retired_district": _of_children("a district that was retired, in Papua", "retired_district"),
    "nik_unknown_district": _of_children("a district that never was", "unknown_district"),
    "nik_other_birth_date": _of_children("another month of birth", "other_birth_date"),
    "nik_other_sex": _of_children("the other sex", "other_sex"),
    "nik_is_card_number": Defect(
        "the number of the family's card where the head's NIK belongs", "heads with a NIK", 0.02, (), ways.card_as_nik
    ),
    "nik_twice": Defect(
        "persons who are there twice, with two ids and another NIK",
        "persons",
        0.005,
        (),
        ways.add(PERSONS, rows.second_self, PERSONS, filled(NIK)),
    ),
    "dead_heads": Defect(
        "heads of families are reported dead", "heads with a NIK", 0.02, (), ways.civil_event("KEMATIAN")
    ),
    "names_empty": Defect("no name", "persons", 0.02, (), ways.edit(PERSONS, put("nama", None))),
    "names_spaced_out": Defect(
        "names letter by letter: A i s y a h", "persons", 0.02, (), ways.edit(PERSONS, spoil("nama", rows.spaced_out))
    ),
    "villages_dotted": Defect(
        "village codes with dots: 31.71.01.1001",
        "families",
        1.0,
        (),
        ways.edit(FAMILIES, spoil("kode_desa", rows.dotted)),
    ),
    "csv_unbalanced_quote": _records("a quote opens and never closes", records.unbalanced),
    "csv_short_record": _records("a record lacks its last value", records.short),
    "csv_not_utf8": _records("a byte is no UTF-8", records.not_utf8),
    "csv_semicolons": _written("semicolons, and commas in decimals", ways.other_writing(records.semicolons, FAMILIES)),
    "csv_bom": _written("a byte order mark", ways.other_writing(records.bom, FAMILIES)),
    "csv_crlf": _written("lines end with CR LF", ways.other_writing(records.crlf, FAMILIES)),
}

DEFECTS: Mapping[str, Defect] = {**GATES, **BY_SOURCE, **FINDINGS}
#: Gates that no delivery can trip: they guard the platform's own models; and one that the defect above refuses first.
GUARDS = ("conservation", "quota_respected", "no_excluded_on_list", "dbt_tests")
REFUSED_FIRST = "contract_kuota_program"


def asked(text: str) -> tuple[str, float]:
    """Read ``NAME`` or ``NAME=SHARE``; raises ValueError for a name that is none or a share outside 0 to 1."""
    name, _, share = text.partition("=")
    if name not in DEFECTS:
        raise ValueError(f"{name!r} is no defect; --list-defects lists them")
    try:
        value = float(share) if share else DEFECTS[name].share
    except ValueError:
        value = -1.0
    if not 0 < value <= 1:
        raise ValueError(f"the share of {name} is above 0 and at most 1, not {share!r}")
    return name, value
