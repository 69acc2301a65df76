"""Whether a delivered value lies in its column's domain, as ibis expressions that the engine evaluates.

A value is judged by its text, trimmed of bytes 09-0D and 20; an empty one breaks its domain only where null is not
allowed (landing contract, Values). Also where a column may be null, a bad code or value breaks the domain.
"""

from collections.abc import Collection, Sequence
from datetime import date
from typing import Any

import ibis
import ibis.expr.types as ir

from orchestration.contracts import code_lists
from orchestration.contracts.sources import Column

FILE_ID = "file_id"

NATION = "ID"
_INTEGER = r"^[+-]?[0-9]+$"
_DECIMAL = r"^[0-9]+(\.[0-9]+)?$"
_ID = r"^[A-Z0-9-]{1,36}$"
_PERIOD = r"^[0-9]{4}-(0[1-9]|1[0-2])$"
_ASCII = r"^[ -~]*$"
_VILLAGE = r"^[0-9]{10}$"


def trimmed(value: ir.StringValue) -> ir.StringValue:
    """The value without blanks (bytes 09-0D and 20) around it; null when nothing is left."""
    return value.strip().nullif("")


def is_code(value: ir.StringValue, codes: Collection[str]) -> ir.BooleanValue:
    """Whether the value is one of the codes, in any case of its ASCII letters."""
    return ibis.array(sorted(codes)).contains(value.upper()) & value.re_search(_ASCII)


def region(value: ir.StringValue) -> ir.StringValue:
    """A trimmed region code without dots."""
    return value.replace(".", "")


def breaks(table: ir.Table, column: Column, cutoff: date, decimal_comma_files: Sequence[int] = ()) -> ir.BooleanValue:
    """Whether each row's value breaks the domain of ``column``; never null.

    Args:
        table: the contract's columns as text, or dates and integers as they are, and ``file_id``.
        column: a column of the contract.
        cutoff: the cycle's cutoff date.
        decimal_comma_files: ids of the files whose decimals may have a comma.
    """
    value = _value(table, column, decimal_comma_files)
    text = trimmed(value) if value.type().is_string() else value
    if is_unchecked(column):
        return ibis.literal(False) if column.nullable else text.isnull()
    return ibis.cases((text.isnull(), not column.nullable), else_=~_lies_in(text, column, cutoff).fill_null(False))


def is_doubtful(
    table: ir.Table, column: Column, cutoff: date, decimal_comma_files: Sequence[int] = ()
) -> ir.BooleanValue:
    """True of every value that ``breaks`` its domain and of few others, for a fraction of the cost; same arguments.

    The others lie in their domain only once they are trimmed or in upper case, or are villages that no list knows.
    """
    value = _value(table, column, decimal_comma_files)
    if is_unchecked(column):  # a first byte above the blanks
        return ibis.literal(False) if column.nullable else ~(value >= "!").fill_null(False)
    plain = _plainly_lies_in(value, column, cutoff)
    return ibis.cases((plain, False), else_=value.notnull() if column.nullable else True)


def is_unchecked(column: Column) -> bool:
    """Whether any text will do."""
    return column.type in ("text", "nik") or (column.type == "region" and column.areas is None)


def _value(table: ir.Table, column: Column, decimal_comma_files: Sequence[int]) -> ir.Value:
    value = table[column.name]
    if column.type == "decimal" and decimal_comma_files:
        return table[FILE_ID].isin(list(decimal_comma_files)).ifelse(value.replace(",", "."), value)
    return value


def _plainly_lies_in(value: ir.Value, column: Column, cutoff: date) -> ir.BooleanValue:
    """Whether a value lies in its domain as it stands; false or null of one that is not seen to."""
    if column.type == "code":
        # contains() on a constant is computed once for each entry of a column's dictionary, isin() for each row
        return ibis.array(sorted(_codes(column))).contains(value)
    if column.areas == "villages_of_known_regencies":  # all villages are: code_lists.py
        return _is_village(region(value))
    return _lies_in(value, column, cutoff)


def _lies_in(text: ir.Value, column: Column, cutoff: date) -> ir.BooleanValue:
    if not text.type().is_string():
        return _natural_lies_in(text, column, cutoff)
    match column.type:
        case "id":
            return text.re_search(_ID)
        case "code":
            return is_code(text, _codes(column))
        case "int" | "bigint":
            number = text.try_cast("int32" if column.type == "int" else "int64")
            return text.re_search(_INTEGER) & _within(number, column, cutoff)
        case "decimal":
            number = text.try_cast(f"decimal({column.precision}, {column.scale})")  # rounds half up
            return text.re_search(_DECIMAL) & _within(number, column, cutoff)
        case "date":
            # the canonical text of the date it is read as; years are those of four digits
            real = (text.length() == 10) & (text.try_cast("date").cast("string") == text)
            return real & _within(text, column, cutoff)
        case "period":
            return text.re_search(_PERIOD)
        case "region":
            known = _is_area(region(text), column)
            return known | is_code(text, (NATION,)) if column.areas == "nation_and_regencies" else known
        case _:
            raise ValueError(f"no domain is known for type {column.type}")


def _natural_lies_in(value: ir.Value, column: Column, cutoff: date) -> ir.BooleanValue:
    """The same of a date or an integer that was delivered as one."""
    if column.type == "date":
        inside = value.between(date(1, 1, 1), date(9999, 12, 31))
        if column.minimum is not None:
            inside &= value >= date.fromisoformat(str(column.minimum))
        if column.maximum is not None:
            inside &= value <= (cutoff if column.maximum == "cutoff" else date.fromisoformat(str(column.maximum)))
        return inside
    return _within(value.try_cast("int32" if column.type == "int" else "int64"), column, cutoff).fill_null(False)


def _codes(column: Column) -> Collection[str]:
    return code_lists.codes(column.code_list) if column.code_list else column.codes


def _within(value: Any, column: Column, cutoff: date) -> ir.BooleanValue:
    """Whether a parsed number, or a date's canonical text, lies within the column's limits."""
    inside = value.notnull()
    if column.values:
        inside &= value.isin(column.values)
    if column.minimum is not None:
        inside &= value >= column.minimum
    if column.maximum is not None:
        inside &= value <= (cutoff.isoformat() if column.maximum == "cutoff" else column.maximum)
    return inside


def _is_area(text: ir.StringValue, column: Column) -> ir.BooleanValue:
    match column.areas:
        case "villages":
            return _is_village(text)
        case "villages_of_known_regencies":
            return text.re_search(_VILLAGE) & _is_regency(text.substr(0, 4))
        case _:
            return _is_regency(text)


def _is_village(text: ir.StringValue) -> ir.BooleanValue:
    return text.isin(ibis.memtable({"village_code": list(code_lists.villages())}).village_code)


def _is_regency(text: ir.StringValue) -> ir.BooleanValue:
    """Looked up in a table: a list of 514 would be searched from its start for each row."""
    return text.isin(ibis.memtable({"regency_code": list(code_lists.regencies())}).regency_code)
