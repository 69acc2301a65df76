"""How one delivered value is parsed (landing contract, Values) and what a NIK says; staging.py judges whole rows."""

import re
from collections.abc import Callable
from datetime import date
from decimal import ROUND_HALF_UP, Decimal, localcontext
from typing import Never

from tests.oracle import reference
from tests.oracle.contract import Column
from tests.oracle.rules import Rules

Value = str | int | Decimal | date | None
BLANKS = "\t\n\v\f\r "
UPPER = str.maketrans("abcdefghijklmnopqrstuvwxyz", "ABCDEFGHIJKLMNOPQRSTUVWXYZ")


class Broken(Exception):
    """A value breaks a row rule; the message is the rule."""


def parse(text: str | None, column: Column, rules: Rules, decimal_comma: bool) -> Value:
    """The typed value; None for an empty one; raises Broken with the rule."""
    text = (text or "").strip(BLANKS)
    if not text:
        return None
    if column.kind == "decimal":
        return _decimal(text, decimal_comma)
    return PARSERS[column.kind](text, column, rules)


def _text(text: str, column: Column, rules: Rules) -> Value:
    return text


def _identifier(text: str, column: Column, rules: Rules) -> Value:
    return text if valid_identifier(text) else _broken("bad_key")


def valid_identifier(text: str) -> bool:
    """Domain of family_id and person_id."""
    return re.fullmatch("[A-Z0-9-]{1,36}", text) is not None


def _code(text: str, column: Column, rules: Rules) -> Value:
    return _one_of(text.translate(UPPER), column.codes)


def _programme(text: str, column: Column, rules: Rules) -> Value:
    return _one_of(text.translate(UPPER), rules.programme_codes)


def _register(text: str, column: Column, rules: Rules) -> Value:
    return _one_of(text.translate(UPPER), rules.register_codes)


def _criterion(text: str, column: Column, rules: Rules) -> Value:
    return _one_of(text.translate(UPPER), rules.criterion_codes)


def _regency(text: str, column: Column, rules: Rules) -> Value:
    return _one_of(text.replace(".", ""), reference.regencies())


def _quota_area(text: str, column: Column, rules: Rules) -> Value:
    code = text.translate(UPPER)
    return code if code == "ID" else _regency(text, column, rules)


def _one_of(code: str, codes: frozenset[str] | tuple[str, ...]) -> str:
    return code if code in codes else _broken("bad_code")


def _integer(text: str, column: Column, rules: Rules) -> Value:
    if not re.fullmatch("[+-]?[0-9]+", text) or not column.low <= int(text) <= column.high:
        _broken("bad_value")
    return int(text)


def _integer_of(text: str, column: Column, rules: Rules) -> Value:
    if not re.fullmatch("[+-]?[0-9]+", text) or str(int(text)) not in column.codes:
        _broken("bad_value")
    return int(text)


def _decimal(text: str, comma: bool) -> Decimal:
    """Decimal(7,1), rounded half up, judged after rounding."""
    if not re.fullmatch(r"[0-9]+([.,][0-9]+)?" if comma else r"[0-9]+(\.[0-9]+)?", text):
        _broken("bad_value")
    with localcontext() as context:
        context.prec = len(text) + 2
        number = Decimal(text.replace(",", ".")).quantize(Decimal("0.1"), ROUND_HALF_UP)
    return number if number < 1_000_000 else _broken("bad_value")


def _day(text: str, column: Column, rules: Rules) -> date:
    return parse_day(text)


def parse_day(text: str) -> date:
    """A date written YYYY-MM-DD; raises Broken."""
    if not re.fullmatch("[0-9]{4}-[0-9]{2}-[0-9]{2}", text):
        _broken("bad_value")
    try:
        return date.fromisoformat(text)
    except ValueError:
        return _broken("bad_value")


def _day_to_cutoff(text: str, column: Column, rules: Rules) -> date:
    day = parse_day(text)
    return day if day <= rules.cutoff else _broken("bad_value")


def _birth_day(text: str, column: Column, rules: Rules) -> date:
    day = _day_to_cutoff(text, column, rules)
    return day if day >= date(1900, 1, 1) else _broken("bad_value")


def _period(text: str, column: Column, rules: Rules) -> Value:
    return text if re.fullmatch("[0-9]{4}-(0[1-9]|1[0-2])", text) else _broken("bad_value")


def _family_village(text: str, column: Column, rules: Rules) -> Value:
    return _village(text, "unknown_area")


def _list_village(text: str, column: Column, rules: Rules) -> Value:
    return _village(text, "bad_value")


def _village(text: str, rule: str) -> str:
    code = text.replace(".", "")
    known = re.fullmatch("[0-9]{10}", code) and code[:4] in reference.regencies()
    return code if known else _broken(rule)


def _broken(rule: str) -> Never:
    raise Broken(rule)


PARSERS: dict[str, Callable[[str, Column, Rules], Value]] = {
    "text": _text,
    "identifier": _identifier,
    "code": _code,
    "programme": _programme,
    "register": _register,
    "criterion": _criterion,
    "regency": _regency,
    "quota_area": _quota_area,
    "integer": _integer,
    "one_of": _integer_of,
    "day": _day,
    "day_to_cutoff": _day_to_cutoff,
    "birth_day": _birth_day,
    "period": _period,
    "family_village": _family_village,
    "list_village": _list_village,
}


def nik_is_well_formed(nik: str) -> bool:
    """16 digits; digits 7-10 are a day (40 more for women) and month of a leap year; the serial is not 0000."""
    if not re.fullmatch("[0-9]{16}", nik) or nik[12:] == "0000":
        return False
    day, month = int(nik[6:8]), int(nik[8:10])
    day = day - 40 if day > 40 else day
    try:
        date(2000, month, day)
    except ValueError:
        return False
    return True


def nik_disagrees(nik: str, birth_date: date, sex: str) -> bool:
    """Whether a well-formed NIK tells another birth date or sex than the row does."""
    day = int(nik[6:8])
    told = (day - 40 if day > 40 else day, int(nik[8:10]), int(nik[10:12]), "P" if day > 40 else "L")
    return told != (birth_date.day, birth_date.month, birth_date.year % 100, sex)
