"""The contract gate: every rule of every source catches a bad value and passes a good one; no value leaves.

The values are those of tests/domains.py.
"""

from collections.abc import Iterator, Mapping, Sequence
from datetime import date

import duckdb
import pandera.ibis as pa
import pyarrow
import pytest
from pandera.config import ValidationDepth, config_context
from pandera.errors import SchemaErrors

from orchestration.contracts import code_lists
from orchestration.contracts.judgement import contract_schema, judge
from orchestration.contracts.result import ContractResult
from orchestration.contracts.sources import SOURCES, contract_digest
from tests.domains import DOMAINS

CUTOFF = date(2025, 11, 17)
LIMIT = 0.01
MARKER = "SITI-3171010101880001"  # stands for a person's value


SOURCE_NAMES = sorted(DOMAINS)


@pytest.fixture(scope="module")
def connection() -> Iterator[duckdb.DuckDBPyConnection]:
    with duckdb.connect(config={"threads": 2}) as opened:
        yield opened


def judged(
    connection: duckdb.DuckDBPyConnection,
    source: str,
    columns: Mapping[str, Sequence[str | None]],
    *,
    unparsable: int = 0,
    limit: float = LIMIT,
    comma_file: bool = False,
) -> ContractResult:
    """The judgement of rows given by column (shorter columns repeat); some more rows are unparsable."""
    rows = max(map(len, columns.values())) if columns else 0
    table = {
        name: [given[n % len(given)] for n in range(rows)] + [None] * unparsable for name, given in columns.items()
    }
    arrow = pyarrow.table(
        {
            "file_id": pyarrow.array([1] * (rows + unparsable), pyarrow.int32()),
            "row_number": pyarrow.array(range(1, rows + unparsable + 1), pyarrow.int64()),
            "unparsable": pyarrow.array([None] * rows + ["x"] * unparsable, pyarrow.string()),
            **{name: pyarrow.array(given, pyarrow.string()) for name, given in table.items()},
        }
    )
    connection.register("given", arrow)
    try:
        return judge(
            connection,
            SOURCES[source],
            "SELECT * FROM given",
            cutoff=CUTOFF,
            limit=limit,
            decimal_comma_files=[1] if comma_file else [],
        )
    finally:
        connection.unregister("given")


def good(source: str) -> dict[str, list[str | None]]:
    return {name: domain["good"][:1] for name, domain in DOMAINS[source].items()}


def test_every_column_of_every_source_is_tried() -> None:
    assert {name: list(domains) for name, domains in DOMAINS.items()} == {
        name: source.column_names for name, source in SOURCES.items()
    }


def test_the_code_lists_are_those_of_the_contract() -> None:
    written = {
        name: {column: set(domain.get("codes", ())) for column, domain in DOMAINS[name].items()} for name in DOMAINS
    }
    listed = {name: {column.name: set(column.codes) for column in SOURCES[name].columns} for name in DOMAINS}
    for source, column, code_list in (
        ("register_pengecualian", "register", "registers"),
        ("sanggahan", "kode_kriteria", "criteria"),
    ):
        assert written[source].pop(column) <= set(code_lists.codes(code_list))
        listed[source].pop(column)
    assert written == listed
    assert set(code_lists.codes("programmes")) == {"PKH", "SEMBAKO", "BLTS_KESRA"}
    assert set(code_lists.codes("registers")) == set(DOMAINS["register_pengecualian"]["register"]["codes"])


@pytest.mark.parametrize("source", SOURCE_NAMES)
def test_every_good_value_passes(connection, source: str) -> None:
    result = judged(connection, source, {name: domain["good"] for name, domain in DOMAINS[source].items()}, limit=0)
    assert result.shares == dict.fromkeys(SOURCES[source].column_names, 0.0)
    assert result.passed and result.rows == max(len(domain["good"]) for domain in DOMAINS[source].values())


@pytest.mark.parametrize("source", SOURCE_NAMES)
def test_every_bad_value_is_caught(connection, source: str) -> None:
    """Column by column, all bad values beside good ones: exactly the bad ones are counted, in that column alone."""
    for name, domain in DOMAINS[source].items():
        if not domain["bad"]:
            assert name in ("nomor_kartu_keluarga", "nomor_induk_kependudukan", "nama", "alasan", "nik")
            continue
        result = judged(connection, source, good(source) | {name: [*domain["good"], *domain["bad"]]})
        broken = {column.column: column.broken for column in result.columns if column.broken}
        assert broken == {name: len(domain["bad"])}
        assert result.failed == (f"share of {name}",)


@pytest.mark.parametrize("source", SOURCE_NAMES)
def test_a_share_fails_above_its_limit_only(connection, source: str) -> None:
    checked = {name: domain for name, domain in DOMAINS[source].items() if domain["bad"]}
    for broken, failed in ((1, False), (2, False), (3, True)):
        columns = {
            name: [checked[name]["bad"][0]] * broken + values * (200 - broken) if name in checked else values
            for name, values in good(source).items()
        }
        result = judged(connection, source, columns)
        assert {name: share for name, share in result.shares.items() if share} == dict.fromkeys(checked, broken / 200)
        assert result.failed == (tuple(f"share of {name}" for name in checked) if failed else ())
        assert result.passed is not failed


def test_a_decimal_comma_counts_in_semicolon_files_alone(connection) -> None:
    values = ["5,5", "5.5", "5", "999999,94", " 0,0 "]
    columns = good("dtsen_keluarga") | {"luas_lantai": values}
    assert judged(connection, "dtsen_keluarga", columns).worst.broken == 3
    assert judged(connection, "dtsen_keluarga", columns, comma_file=True).passed
    bad = ["1.234,5", "1,2,3", "5,", ",5", "999999,95", "-0,5"]
    columns["luas_lantai"] = bad
    assert judged(connection, "dtsen_keluarga", columns, comma_file=True).worst.broken == len(bad)


def test_unparsable_rows_take_no_part(connection) -> None:
    columns = good("kuota_program") | {"kuota": ["x"] + ["1"] * 99}
    result = judged(connection, "kuota_program", columns, unparsable=900)
    assert (result.rows, result.shares["kuota"], result.passed) == (100, 0.01, True)


def test_without_rows_nothing_breaks(connection) -> None:
    result = judged(connection, "kuota_program", {name: [] for name in DOMAINS["kuota_program"]}, unparsable=3)
    assert (result.rows, result.worst.share, result.passed) == (0, 0, True)


def test_a_column_that_is_missing_or_not_text_fails(connection) -> None:
    sql = "SELECT 1 AS file_id, NULL::VARCHAR AS unparsable, 'PKH' AS program, 5 AS kuota"
    result = judge(connection, SOURCES["kuota_program"], sql, cutoff=CUTOFF, limit=LIMIT)
    assert {"column kode_wilayah is missing", "column kuota is not text"} <= set(result.failed)
    assert result.shares == {"program": 0, "kode_wilayah": 1, "kuota": 1}


def test_columns_are_asked_for_even_without_rows(connection) -> None:
    sql = "SELECT 1 AS file_id, NULL::VARCHAR AS unparsable, 'PKH' AS program, 5 AS kuota WHERE false"
    result = judge(connection, SOURCES["kuota_program"], sql, cutoff=CUTOFF, limit=LIMIT)
    assert set(result.failed) == {"column kode_wilayah is missing", "column kuota is not text"}


def test_no_value_of_a_row_leaves(connection, capfd: pytest.CaptureFixture[str]) -> None:
    columns = {name: [MARKER.lower() if name == "id_individu" else MARKER] for name in DOMAINS["dtsen_individu"]}
    result = judged(connection, "dtsen_individu", columns)
    assert len(result.failed) > 8
    said = repr(result) + result.model_dump_json() + "".join(capfd.readouterr())
    assert MARKER.lower() not in said.lower()


def test_no_setting_of_pandera_switches_the_gate_off(connection) -> None:
    columns = good("kuota_program") | {"kuota": ["x"]}
    with config_context(validation_enabled=False, validation_depth=ValidationDepth.SCHEMA_ONLY):
        assert judged(connection, "kuota_program", columns).failed == ("share of kuota",)


def test_a_check_that_cannot_be_evaluated_fails(connection) -> None:
    import ibis

    table = ibis.duckdb.from_connection(connection).sql("SELECT 'PKH' AS program, 'ID' AS kode_wilayah, '1' AS kuota")
    schema = contract_schema(SOURCES["kuota_program"], LIMIT, {"program": 0.0, "kode_wilayah": 0.0})
    with pytest.raises(SchemaErrors) as failed:
        schema.validate(table, lazy=True)
    assert [error.check.name for error in failed.value.schema_errors] == ["share of kuota"]


@pytest.mark.parametrize("source", SOURCE_NAMES)
def test_each_source_has_one_pandera_schema_of_its_columns(source: str) -> None:
    schema = contract_schema(SOURCES[source], LIMIT, {})
    assert isinstance(schema, pa.DataFrameSchema)
    assert list(schema.columns) == SOURCES[source].column_names
    assert [check.name for check in schema.checks] == [f"share of {name}" for name in schema.columns]


def test_which_sources_are_required_and_how_far_back_events_count() -> None:
    required = {name for name, source in SOURCES.items() if source.required}
    assert required == {
        "dtsen_keluarga",
        "dtsen_individu",
        "kemensos_penerima",
        "kuota_program",
        "register_pengecualian",
    }
    events = {name: source.earlier_cycles for name, source in SOURCES.items() if source.kind == "event"}
    assert events == {
        "dukcapil_peristiwa": None,
        "verifikasi_lapangan": 13,
        "sanggahan": 13,
        "usulan": 13,
        "hasil_salur": 6,
    }


def test_the_reference_is_the_whole_country() -> None:
    lengths = [len(code) for code in code_lists.areas()]
    assert [lengths.count(digits) for digits in (2, 4, 6)] == [38, 514, 7285]
    assert len(code_lists.regencies()) == 514 and len(code_lists.villages()) == 83762
    assert all(code[:6] in code_lists.areas() for code in code_lists.villages())
    # what the gate's quick look relies on
    assert all(code[:4] in code_lists.regencies() and len(code) == 10 for code in code_lists.villages())


def test_the_contract_has_a_digest() -> None:
    assert len(contract_digest()) == 64
