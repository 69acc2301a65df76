"""The core in SQL (core/*.sql), for DuckDB, Spark and PostgreSQL: its named queries with the rules filled in.

A query begins with `-- name: kind`: `kept` is read more than once and should be computed once, a `view` is read once,
a `result` is what the engines are compared by. In braces stand the rules of the cycle and what the dialects write
differently. How a query is run is the engines' business.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from pathlib import Path

from benchmarks.peers.rules import CODES, NIK, Component, Rules

_QUERY = re.compile(r"^-- (\w+): (kept|view|result)\n(.*?);$", re.MULTILINE | re.DOTALL)


@dataclass(frozen=True)
class Query:
    """A named query of the core; ``kind`` is kept, view or result."""

    name: str
    kind: str
    text: str


@dataclass(frozen=True)
class Dialect:
    """What the engines write differently: the type of text, and whether a whole text matches a regular expression."""

    text: str
    matches: str  # with {column} and {pattern}


DUCKDB = Dialect("varchar", "regexp_full_match({column}, '{pattern}')")
SPARK = Dialect("string", "{column} rlike '^{pattern}$'")
POSTGRES = Dialect("text", "{column} ~ '^{pattern}$'")


def queries(rules: Rules, dialect: Dialect) -> Iterator[Query]:
    """The queries of the core in order, ready to run."""
    words = _words(rules, dialect)
    for path in sorted((Path(__file__).parent / "core").glob("*.sql")):
        for name, kind, text in _QUERY.findall(path.read_text(encoding="utf-8")):
            yield Query(name, kind, text.format_map(words).strip())


def _words(rules: Rules, dialect: Dialect) -> dict[str, str]:
    matches = dialect.matches.format(column="nik", pattern=NIK)
    return {
        "cycle": rules.cycle,
        "text": dialect.text,
        "is_nik": f"{matches} and substr(nik, 13, 4) <> '0000'",
        "cutoff": _day(rules.cutoff),
        "verified_from": _day(rules.from_day("verification_validity_days")),
        "open_from": _day(rules.from_day("objection_open_days")),
        "upheld_from": _day(rules.from_day("objection_upheld_days")),
        "born_payee": f"tanggal_lahir <= {_day(rules.born_by('payee_min_age'))}",
        **{f"born_{component.name}": _born(component) for component in rules.components},
        "born_elderly": f"tanggal_lahir <= {_day(rules.born_by('elderly_min_age'))}",
        "school_participations": _texts(CODES["partisipasi_sekolah"]),
        "school_levels": _texts(CODES["jenjang_tertinggi_yang_diduduki"]),
        "disabilities": _texts(CODES["tingkat_disabilitas"]),
        "yes_no": _texts(CODES["hamil"]),
        "pkh_max_persons": str(rules.number("pkh_max_persons")),
        "min_floor_area_per_person_m2": str(rules.parameters["min_floor_area_per_person_m2"]),
        "low_power_max_va": str(rules.number("low_power_max_va")),
        "pkh_amount": _pkh_amount(rules),
        "in_deciles_pkh": "welfare_decile between {0.decile_min} and {0.decile_max}".format(rules.programme("PKH")),
        "not_in_registry": _not_in_registry(rules),
        "programmes": _texts(tuple(programme.name for programme in rules.programmes)),
        "programme_rules": _relation(
            ("programme", "decile_min", "decile_max", "amount"),
            [(row.name, row.decile_min, row.decile_max, row.amount) for row in rules.programmes],
        ),
        "criteria": _relation(
            ("criterion", "precedence", "action_order", "cleared_by_verification", "contestable"),
            [
                (row.name, row.precedence, row.action, int(row.cleared_by_verification), int(row.contestable))
                for row in rules.criteria
            ],
        ),
    }


def _pkh_amount(rules: Rules) -> str:
    """Rupiah of a family of ``paid``: the most valuable places first, while any of the family's ``places`` are left."""
    terms, before = [], "0"
    for component in rules.components:
        offered = f"least({component.cap}, {component.name})"
        terms.append(f"{component.amount} * greatest(0, least({offered}, places - ({before})))")
        before = offered if before == "0" else f"{before} + {offered}"
    return "(" + " + ".join(terms) + ")"


def _not_in_registry(rules: Rules) -> str:
    """The gravest evidence of a listed family outside the registry, as verdicts count it."""
    outside, rejected = (
        f"{1000 * criterion.action + criterion.precedence}"
        for criterion in (rules.criterion("NOT_IN_REGISTRY"), rules.criterion("LIST_ROW_REJECTED"))
    )
    return f"least({outside}, case when listed.list_row_rejected = 1 then {rejected} else {outside} end)"


def _born(component: Component) -> str:
    ages = []
    if component.born_by:
        ages.append(f"tanggal_lahir <= {_day(component.born_by)}")
    if component.born_after:
        ages.append(f"tanggal_lahir > {_day(component.born_after)}")
    return " and ".join(ages) or "true"


def _day(day: date) -> str:
    return f"date '{day}'"


def _texts(values: tuple[str, ...]) -> str:
    return ", ".join(f"'{value}'" for value in values)


def _relation(columns: tuple[str, ...], rows: list[tuple[str | int | None, ...]]) -> str:
    values = ", ".join(
        "(" + ", ".join("null" if v is None else f"'{v}'" if isinstance(v, str) else str(v) for v in row) + ")"
        for row in rows
    )
    return f"select * from (values {values}) as rules ({', '.join(columns)})"
