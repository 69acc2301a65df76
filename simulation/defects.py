"""Anomalies of data as the agencies deliver them, in shares that stay far below the gates; `--clean` has none.

Defects of a NIK are a person's own and the same in every cycle; defects of rows and codes are a delivery's.
"""

from dataclasses import dataclass

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


@dataclass(frozen=True)
class Identity:
    """NIK and birth dates (days since 1970) as delivered, and whose NIK is good: not empty, malformed or another's."""

    nik: pa.Array
    birth_day: Ints
    good: Flags


def identity(persons: Persons, clean: bool) -> Identity:
    """Spoil the NIK of a few persons, or correct their birth date, which leaves the NIK as it was."""
    if clean:
        return Identity(columns.text(persons.nik), persons.birth_day, np.ones(len(persons.nik), np.bool_))
    draw = persons.roster.uniform("nik")
    kind = np.searchsorted(np.cumsum([NULL, MALFORMED, MISMATCH, UNKNOWN_DISTRICT, SHARED]), draw, side="right")
    earlier = 1 + (300 * persons.roster.uniform("birth date corrected")).astype(np.int32)
    matrix, lengths = persons.nik.copy(), np.full(len(draw), 16, np.int32)
    _malform(matrix, lengths, np.flatnonzero(kind == 1))
    matrix[kind == 3, 4:6] = ord("9")
    shared = np.flatnonzero(kind == 4)
    other = (shared + 97) % len(draw)
    matrix[shared], lengths[shared] = matrix[other], lengths[other]
    good = ~np.isin(kind, (0, 1, 4))
    good[other] = False
    return Identity(
        columns.text(matrix, kind != 0, lengths),
        persons.birth_day - np.where(kind == 2, earlier, 0).astype(np.int32),
        good,
    )


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


def codes(table: pa.Table, streams: Streams, bad: dict[str, str], cycle: Month) -> pa.Table:
    """Put a code outside its list into a few rows of columns of codes that may be null: column name to bad code."""
    for name, code in bad.items():
        place = table.column_names.index(name)
        column = table.column(place).combine_chunks()
        hit = pa.array(streams(f"bad {name}", cycle).random(table.num_rows, np.float32) < BAD_CODE)
        values = column.dictionary.to_pylist()
        indices = pc.if_else(hit, pa.scalar(len(values), column.indices.type), column.indices)
        table = table.set_column(place, name, pa.DictionaryArray.from_arrays(indices, pa.array([*values, code])))
    return table


def rows(table: pa.Table, streams: Streams, source: str, conflict: str | None, cycle: Month) -> pa.Table:
    """Add rows delivered twice and, of a snapshot, rows that contradict another in the column ``conflict``."""
    draw = streams(f"repeats of {source}", cycle).random(table.num_rows, np.float32)
    extra = [table.take(pa.array(np.flatnonzero(draw < REPEATED)))]
    if conflict is not None:
        twin = table.take(pa.array(np.flatnonzero((draw >= REPEATED) & (draw < REPEATED + CONFLICTING))))
        place = twin.column_names.index(conflict)
        extra.append(twin.set_column(place, conflict, _other(twin.column(place).combine_chunks())))
    return pa.concat_tables([table, *(piece for piece in extra if piece.num_rows)])


def _other(column: pa.Array) -> pa.Array:
    """Another valid value: the other one of two codes, or the next decile."""
    if pa.types.is_dictionary(column.type):
        flipped = pc.subtract(pa.scalar(1, column.indices.type), column.indices)
        return pa.DictionaryArray.from_arrays(flipped, column.dictionary)
    return pc.if_else(pc.equal(column, 10), pa.scalar(9, column.type), pc.add(column, pa.scalar(1, column.type)))


def villages(table: pa.Table, streams: Streams, cycle: Month) -> pa.Table:
    """Give a few families a village that is not in the reference, in a regency that is."""
    hit = streams("unknown village", cycle).random(table.num_rows, np.float32) < UNKNOWN_VILLAGE
    code = table.column("kode_desa")
    return _replace(
        table, "kode_desa", hit, pc.binary_join_element_wise(pc.utf8_slice_codeunits(code, 0, 4), "999999", "")
    )


def orphans(table: pa.Table, streams: Streams, province: int, cycle: Month) -> pa.Table:
    """Let a few persons, given a new id, name a family that does not exist."""
    chosen = np.flatnonzero(streams("orphan", cycle).random(table.num_rows, np.float32) < ORPHAN)
    stray = table.take(pa.array(chosen))
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
    stray = table.take(pa.array(chosen))
    made = columns.text(ids.family_ids(_nowhere(streams, province, chosen)))
    return pa.concat_tables([table, stray.set_column(stray.column_names.index("id_keluarga"), "id_keluarga", made)])


def _nowhere(streams: Streams, province: int, chosen: Ints) -> ids.Numbers:
    """Family numbers that no family has: positions beyond any province."""
    return ids.numbers(province, (1 << 31) + streams.block.number * 16 * BLOCK + chosen)


def _replace(table: pa.Table, name: str, hit: Flags, value: pa.ChunkedArray) -> pa.Table:
    place = table.column_names.index(name)
    return table.set_column(place, name, pc.if_else(pa.array(hit), value, table.column(place)))
