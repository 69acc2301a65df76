"""What defects do to tables of rows: small functions of a table and the rows hit. Nothing here knows a file or a gate.

`Change` functions give the whole table back, with the rows hit changed or missing; `Make` functions give new rows.
"""

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from simulation import columns
from simulation.columns import Flags
from simulation.defects.written import Change, Eligible

Make = Callable[[pa.Table, Flags], pa.Table]
Spoil = Callable[[pa.Array], pa.Array]


def _put(table: pa.Table, name: str, values: pa.Array) -> pa.Table:
    column = table.schema.field(name)
    return table.set_column(table.column_names.index(name), name, values.cast(column.type))


def _column(table: pa.Table, name: str) -> pa.Array:
    column = table.column(name)
    return column.combine_chunks() if isinstance(column, pa.ChunkedArray) else column


def everybody(table: pa.Table) -> Flags:
    """All rows."""
    return np.ones(table.num_rows, np.bool_)


def where(name: str, *values: Any) -> Eligible:
    """Rows with one of these values, as text."""

    def eligible(table: pa.Table) -> Flags:
        found = pc.is_in(_column(table, name).cast(pa.string()), pa.array([str(value) for value in values]))
        return np.array(found.to_pylist(), np.bool_)

    return eligible


def filled(name: str) -> Eligible:
    """Rows that are not empty in a column."""
    return lambda table: np.array(pc.is_valid(_column(table, name)).to_pylist(), np.bool_)


def both(first: Eligible, second: Eligible) -> Eligible:
    """Rows that are both."""
    return lambda table: first(table) & second(table)


def starting(name: str, start: str) -> Eligible:
    """Rows whose text begins so."""
    return lambda table: np.array(pc.starts_with(_column(table, name), start).fill_null(False).to_pylist(), np.bool_)


def put(name: str, value: str | None) -> Change:
    """Write one value into a column."""

    def change(table: pa.Table, hit: Flags) -> pa.Table:
        new = pa.scalar(value, pa.string()).cast(table.schema.field(name).type)
        return _put(table, name, pc.if_else(columns.flags(hit), new, _column(table, name)))

    return change


def spoil(name: str, how: Spoil) -> Change:
    """Put ``how`` of a text in its place."""

    def change(table: pa.Table, hit: Flags) -> pa.Table:
        old = _column(table, name)
        return _put(table, name, pc.if_else(columns.flags(hit), how(old), old))

    return change


def swap(name: str, values: Mapping[int, int]) -> Change:
    """Exchange whole numbers."""

    def change(table: pa.Table, hit: Flags) -> pa.Table:
        old = _column(table, name)
        number = old.cast(pa.int64())
        for before, after in values.items():
            here = pc.and_(columns.flags(hit), pc.equal(old.cast(pa.int64()), before)).fill_null(False)
            number = pc.if_else(here, after, number)
        return _put(table, name, number.cast(pa.string()) if pa.types.is_string(old.type) else number)

    return change


def times(name: str, factor: int) -> Change:
    """Multiply a whole number."""

    def change(table: pa.Table, hit: Flags) -> pa.Table:
        old = _column(table, name)
        more = pc.multiply(old.cast(pa.int64()), factor)
        more = more.cast(pa.string()) if pa.types.is_string(old.type) else more
        return _put(table, name, pc.if_else(columns.flags(hit), more, old))

    return change


def leave_out(table: pa.Table, hit: Flags) -> pa.Table:
    """Drop the rows."""
    return table.filter(columns.flags(~hit))


def repeat(table: pa.Table, hit: Flags) -> pa.Table:
    """The table, and the rows hit once more, after all others."""
    return pa.concat_tables([table, table.filter(columns.flags(hit))])


def renamed(key: str, **others: str | None) -> Make:
    """The rows hit as rows of another key (``D-`` before it), some of their other columns set."""

    def make(table: pa.Table, hit: Flags) -> pa.Table:
        rows = table.filter(columns.flags(hit))
        rows = _put(rows, key, pc.binary_join_element_wise("D-", _column(rows, key), ""))
        for name, value in others.items():
            rows = _put(rows, name, pa.nulls(len(rows)) if value is None else pa.repeat(value, len(rows)))
        return rows

    return make


def naming(columns_: Mapping[str, str], **fixed: str) -> Make:
    """Rows of another source about the rows hit: its columns from theirs, and fixed values."""

    def make(table: pa.Table, hit: Flags) -> pa.Table:
        rows = table.filter(columns.flags(hit))
        made = {name: _column(rows, column).cast(pa.string()) for name, column in columns_.items()}
        return pa.table(made | {name: pa.repeat(value, len(rows)) for name, value in fixed.items()})

    return make


def nik_of_head(table: pa.Table, hit: Flags) -> pa.Table:
    """Give members the NIK of the head of their family, where the head is in the same table and has one."""
    nik, family = _column(table, "nomor_induk_kependudukan"), _column(table, "id_keluarga")
    heads = np.flatnonzero(where("status_hubungan_keluarga", "KEPALA")(table))
    place = pc.index_in(family, family.take(columns.integers(heads)))
    of_head = nik.take(columns.integers(heads)).take(place)
    found = pc.and_(columns.flags(hit), pc.is_valid(of_head))
    return _put(table, "nomor_induk_kependudukan", pc.if_else(found, of_head, nik))


def nik_of_another(table: pa.Table, hit: Flags) -> pa.Table:
    """Give the rows hit the NIK of the row 97 places on: of another family, in a table that is not tiny."""
    nik = _column(table, "nomor_induk_kependudukan")
    other = nik.take(columns.integers((np.arange(len(nik)) + 97) % len(nik)))
    return _put(table, "nomor_induk_kependudukan", pc.if_else(columns.flags(hit), other, nik))


def _digits(nik: pa.Array, start: int, stop: int | None = None) -> pa.Array:
    return pc.utf8_slice_codeunits(nik, start, stop)


def _join(*parts: pa.Array | str) -> pa.Array:
    return pc.binary_join_element_wise(*parts, "")


#: How a NIK goes wrong on its way, by name.
NIK: Mapping[str, Spoil] = {
    "spreadsheet": lambda nik: _join(_digits(nik, 0, 1), ".", _digits(nik, 1, 6), "E+15"),
    "last_digits_zero": lambda nik: _join(_digits(nik, 0, 15), "0"),
    "serial_zero": lambda nik: _join(_digits(nik, 0, 12), "0000"),
    "short": lambda nik: _digits(nik, 0, 15),
    "letter": lambda nik: pc.replace_substring(nik, "0", "O"),
    "one_digit": lambda nik: pc.utf8_rpad(_digits(nik, 0, 0), 16, "3"),
    "no_such_day": lambda nik: _join(_digits(nik, 0, 6), "3213", _digits(nik, 10)),
    "retired_district": lambda nik: _join("910101", _digits(nik, 6)),
    "unknown_district": lambda nik: _join("999999", _digits(nik, 6)),
    "other_birth_date": lambda nik: _join(_digits(nik, 0, 10), "01", _digits(nik, 12)),
    "other_sex": lambda nik: _join(
        _digits(nik, 0, 6),
        pc.if_else(
            pc.less(_digits(nik, 6, 7), "4"),
            pc.replace_substring_regex(pc.replace_substring_regex(_digits(nik, 6, 7), "^3", "7"), "^[012]", "4"),
            "0",
        ),
        "1",
        _digits(nik, 8),
    ),
}


def second_self(table: pa.Table, hit: Flags) -> pa.Table:
    """The persons hit once more, under another id and a NIK whose serial number begins with 9 (1 for 9)."""
    twins = renamed("id_individu")(table, hit)
    nik = _column(twins, "nomor_induk_kependudukan")
    start = pc.if_else(pc.equal(_digits(nik, 12, 13), "9"), "1", "9")
    return _put(twins, "nomor_induk_kependudukan", _join(_digits(nik, 0, 12), start, _digits(nik, 13)))


def dotted(code: pa.Array) -> pa.Array:
    """Region codes of a village as Kemendagri prints them: 31.71.01.1001."""
    return _join(_digits(code, 0, 2), ".", _digits(code, 2, 4), ".", _digits(code, 4, 6), ".", _digits(code, 6))


def spaced_out(name: pa.Array) -> pa.Array:
    """A name letter by letter: ``A i s y a h``."""
    return pc.utf8_trim_whitespace(pc.replace_substring_regex(name, r"(\w)", r"\1 "))
