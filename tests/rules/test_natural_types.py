"""Dates and integers that Parquet delivers as such give every table that their text gives, whatever they are."""

import random

import duckdb
import pytest

from orchestration.contracts.judgement import judge
from orchestration.contracts.sources import SOURCES
from orchestration.cycles import cutoff
from orchestration.ingest.judging import contract_limit
from tests.models import Models
from tests.oracle.registries import random_registry

PARSED_AS_THEY_ARE = ("dtsen_keluarga", "dtsen_individu")
TYPES = {"date": "date", "int": "integer", "bigint": "bigint"}
EXTREME = {
    "date": [
        "date '0001-01-01'",
        "date '9999-12-31'",
        "date '10000-01-01'",
        "date '0044-03-15 (BC)'",
        "'infinity'::date",
    ],
    "integer": ["2147483647", "-2147483648", "0", "11"],
    "bigint": ["9223372036854775807", "-9223372036854775808", "0", "-1"],
}


def made_natural(connection: duckdb.DuckDBPyConnection) -> None:
    """Columns of dates and integers become such; what is none becomes null, and every ninth value an extreme."""
    for name in PARSED_AS_THEY_ARE:
        for position, column in enumerate(SOURCES[name].columns):
            if kind := TYPES.get(column.type):
                connection.execute(
                    f"alter table raw.{name} alter {column.name} type {kind} using try_cast({column.name} as {kind})"
                )
                for number, value in enumerate(EXTREME[kind]):
                    connection.execute(
                        f"update raw.{name} set {column.name} = {value} where (row_number + {position}) % 45 = {number}"
                    )


def made_text(connection: duckdb.DuckDBPyConnection) -> None:
    """The same values, as text."""
    made_natural(connection)
    for name in PARSED_AS_THEY_ARE:
        for column in SOURCES[name].columns:
            connection.execute(f"alter table raw.{name} alter {column.name} type varchar")


@pytest.mark.parametrize("seed", range(3))
def test_every_table_is_the_same(models: Models, seed: int) -> None:
    drawn = random_registry(random.Random(seed), 200, raw_lines=False)
    rows = list(drawn.rows())
    with models.run(rows, drawn.cycle, made_natural) as natural, models.run(rows, drawn.cycle, made_text) as text:
        types = {row[1] for row in natural.execute("describe raw.dtsen_keluarga").fetchall()}
        assert types >= {"DATE", "INTEGER", "BIGINT"}
        read = text.execute(
            "select count(*), count(updated_on), count(birth_date) from staging.stg_persons_parsed"
        ).fetchone()
        assert read and read[0] > read[1] > 0 and read[0] > read[2] > 0
        for name, relation, _ in models.statements():
            found = [
                connection.execute(f"select count(*), bit_xor(hash(t)) from {relation} as t").fetchone()
                for connection in (natural, text)
            ]
            assert found[0] == found[1], name


@pytest.mark.parametrize("name", PARSED_AS_THEY_ARE)
def test_the_contract_judges_them_alike(models: Models, name: str) -> None:
    drawn = random_registry(random.Random(7), 200, raw_lines=False)
    with models.run(drawn.rows(), drawn.cycle, made_natural) as natural:
        texts = ", ".join(f"cast({column} as varchar) as {column}" for column in SOURCES[name].column_names)
        as_text = f"select file_id, row_number, unparsable, {texts} from raw.{name}"
        limits = {"cutoff": cutoff(drawn.cycle), "limit": contract_limit(SOURCES[name], drawn.cycle)}
        of_text = judge(natural, SOURCES[name], as_text, **limits)
        assert judge(natural, SOURCES[name], as_text, natural_sql=f"from raw.{name}", **limits) == of_text
        broken = {column.column: column.broken for column in of_text.columns}
        assert all(broken[column.name] for column in SOURCES[name].columns if column.type == "date")
