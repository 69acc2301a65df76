"""Anomalies of data as the agencies deliver them, in shares that stay far below the gates; `--clean` has none.

Defects of identities and villages are the same in every cycle; those of rows and codes are a delivery's. Each has a
name in EVERYDAY, by which it is counted.
"""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from simulation import columns, ids
from simulation.clock import Month
from simulation.columns import Bytes, Flags, Ints
from simulation.persons import Persons
from simulation.plan import BLOCK, Streams

#: Shares of persons: NIK empty, not well formed, of another birth date, of a retired or unknown district, of
#: another family.
NULL, MALFORMED, MISMATCH, UNKNOWN_DISTRICT, SHARED = 0.003, 0.005, 0.005, 0.002, 0.0001
#: Shares of rows: a code outside its list in a column that may be null, a village that is not in the reference, a
#: person of no known family, a row delivered twice, two rows of one key that contradict each other.
BAD_CODE, UNKNOWN_VILLAGE, ORPHAN, REPEATED, CONFLICTING = 0.001, 0.0005, 0.0002, 0.0003, 0.0001
#: Share of listed families that the registry does not know.
UNKNOWN_FAMILY = 0.0003
#: A district of Papua that was retired when the province was divided; today no code begins with 9101.
RETIRED_DISTRICT = np.frombuffer(b"910101", np.uint8)

#: By name: what it is, of what its share is, the share.
EVERYDAY: Mapping[str, tuple[str, str, float]] = {
    "nik empty": ("no NIK", "persons", NULL),
    "nik malformed": (
        "too short, serial 0000, no such day, a letter, one digit, from a spreadsheet",
        "persons",
        MALFORMED,
    ),
    "birth date corrected": ("another birth date than the NIK's", "persons", MISMATCH),
    "nik of no district": ("a district that was retired, or never was", "persons", UNKNOWN_DISTRICT),
    "nik shared": ("the NIK of somebody in another family", "persons", SHARED),
    "code unknown": ("a code outside its list, in four columns that may be empty", "rows", BAD_CODE),
    "village unknown": ("a village that is not in the reference", "families", UNKNOWN_VILLAGE),
    "person of no family": ("a person of no known family", "persons", ORPHAN),
    "row repeated": ("a row delivered twice, in seven sources", "rows", REPEATED),
    "row contradicted": ("two rows of one key that differ, in three sources", "rows", CONFLICTING),
    "listed, not registered": ("a listed family that the registry does not know", "rows of the lists", UNKNOWN_FAMILY),
}


@dataclass(frozen=True)
class Identity:
    """NIK and birth dates (days since 1970) as delivered, one row a person."""

    nik: pa.Array
    known: Flags  # the NIK is not empty
    good: Flags  # nor is it malformed, or another's
    birth_day: Ints
    counts: Counter[str] = field(default_factory=Counter)  # by name of EVERYDAY, of those present


def identity(persons: Persons, clean: bool) -> Identity:
    """Spoil the NIK of a few persons, or correct their birth date, which leaves the NIK as it was."""
    if clean:
        all_good = np.ones(len(persons.nik), np.bool_)
        return Identity(columns.text(persons.nik), all_good, all_good, persons.birth_day)
    draw = persons.roster.uniform("nik")
    kind = np.searchsorted(np.cumsum([NULL, MALFORMED, MISMATCH, UNKNOWN_DISTRICT, SHARED]), draw, side="right")
    earlier = 1 + (300 * persons.roster.uniform("birth date corrected")).astype(np.int32)
    matrix, lengths = persons.nik.copy(), np.full(len(draw), 16, np.int32)
    _malform(matrix, lengths, np.flatnonzero(kind == 1))
    matrix[kind == 3, 4:6] = ord("9")
    matrix[np.flatnonzero(kind == 3)[::2], :6] = RETIRED_DISTRICT
    shared = np.flatnonzero(kind == 4)
    other = (shared + 97) % len(draw)
    matrix[shared], lengths[shared] = matrix[other], lengths[other]
    good = ~np.isin(kind, (0, 1, 4))
    good[other] = False
    birth_day = persons.birth_day - np.where(kind == 2, earlier, 0).astype(np.int32)
    counts = Counter(dict(zip(EVERYDAY, np.bincount(kind[persons.present], minlength=6)[:5].tolist(), strict=False)))
    return Identity(columns.text(matrix, kind != 0, lengths), kind != 0, good, birth_day, counts)


def _malform(matrix: Bytes, lengths: Ints, rows: Ints) -> None:
    """Six ways in which a NIK is not well formed, in turn."""
    way = np.arange(len(rows)) % 6
    lengths[rows[way == 0]] = 15
    matrix[rows[way == 1], 12:] = ord("0")
    matrix[rows[way == 2], 6:10] = np.frombuffer(b"3213", np.uint8)
    matrix[rows[way == 3], 5] = ord("O")
    matrix[rows[way == 4]] = matrix[rows[way == 4], :1]
    matrix[rows[way == 4], 6:10] = ord("9")
    matrix[rows[way == 5]] = np.frombuffer(b"3.17102E+15     ", np.uint8)
    lengths[rows[way == 5]] = 11


def codes(table: pa.Table, streams: Streams, bad: dict[str, str], cycle: Month, counts: Counter[str]) -> pa.Table:
    """Put a code outside its list into a few rows of columns of codes that may be null: column name to bad code."""
    for name, code in bad.items():
        place = table.column_names.index(name)
        column = table.column(place).combine_chunks()
        chosen = streams(f"bad {name}", cycle).random(table.num_rows, np.float32) < BAD_CODE
        counts["code unknown"] += int(chosen.sum())
        hit = columns.flags(chosen)
        values = column.dictionary.to_pylist()
        indices = pc.if_else(hit, columns.integers(np.full(len(column), len(values), np.int8)), column.indices)
        table = table.set_column(place, name, pa.DictionaryArray.from_arrays(indices, columns.strings([*values, code])))
    return table


def rows(
    table: pa.Table, streams: Streams, source: str, conflict: str | None, cycle: Month, counts: Counter[str]
) -> pa.Table:
    """Add rows delivered twice and, of a snapshot, rows that contradict another in the column ``conflict``."""
    draw = streams(f"repeats of {source}", cycle).random(table.num_rows, np.float32)
    extra = [table.take(columns.integers(np.flatnonzero(draw < REPEATED)))]
    counts["row repeated"] += extra[0].num_rows
    if conflict is not None:
        chosen = np.flatnonzero((draw >= REPEATED) & (draw < REPEATED + CONFLICTING))
        twin = table.take(columns.integers(chosen))
        counts["row contradicted"] += twin.num_rows
        place = twin.column_names.index(conflict)
        extra.append(twin.set_column(place, conflict, _other(twin.column(place).combine_chunks())))
    return pa.concat_tables([table, *(piece for piece in extra if piece.num_rows)])


def _other(column: pa.Array) -> pa.Array:
    """Another valid value: the other one of two codes; of deciles the neighbour, 2 for 1 and 1 for 2, and so on."""
    if pa.types.is_dictionary(column.type):
        one = columns.integers(np.ones(len(column), np.int8))
        return pa.DictionaryArray.from_arrays(pc.subtract(one, column.indices), column.dictionary)
    one = columns.integers(np.ones(len(column), np.int32))
    return pc.add(pc.bit_wise_xor(pc.subtract(column, one), one), one)


def villages(codes: Bytes, streams: Streams, clean: bool) -> Bytes:
    """Village codes; those of a few families are not in the reference, though their regency is."""
    if not clean:
        codes = codes.copy()
        codes[streams.uniform("unknown village") < UNKNOWN_VILLAGE, 4:] = ord("9")
    return codes


def orphans(table: pa.Table, streams: Streams, province: int, cycle: Month) -> pa.Table:
    """Let a few persons, given a new id, name a family that does not exist."""
    chosen = np.flatnonzero(streams("orphan", cycle).random(table.num_rows, np.float32) < ORPHAN)
    stray = table.take(columns.integers(chosen))
    family = ids.family_ids(_nowhere(streams, province, chosen))
    for name, made in (
        ("id_individu", columns.text(ids.person_ids(family, np.ones(len(chosen), np.int64)))),
        ("id_keluarga", columns.text(family)),
        ("nomor_induk_kependudukan", pa.nulls(len(chosen), pa.string())),
    ):
        stray = stray.set_column(stray.column_names.index(name), name, made)
    return pa.concat_tables([table, stray])


def unknown_families(table: pa.Table, streams: Streams, province: int, cycle: Month) -> pa.Table:
    """Put a few families on the lists that the registry does not know."""
    chosen = np.flatnonzero(streams("unknown family", cycle).random(table.num_rows, np.float32) < UNKNOWN_FAMILY)
    stray = table.take(columns.integers(chosen))
    made = columns.text(ids.family_ids(_nowhere(streams, province, chosen)))
    return pa.concat_tables([table, stray.set_column(stray.column_names.index("id_keluarga"), "id_keluarga", made)])


def _nowhere(streams: Streams, province: int, chosen: Ints) -> ids.Numbers:
    """Family numbers that no family has: positions beyond any province."""
    return ids.numbers(province, (1 << 31) + streams.block.number * 16 * BLOCK + chosen)
