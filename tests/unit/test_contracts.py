"""The contract gate: every rule of every source catches a bad value and passes a good one; no value leaves.

GOOD and BAD are written by hand from the landing contract, not derived from the registry that they test.
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

CUTOFF = date(2025, 11, 17)
LIMIT = 0.01
MARKER = "SITI-3171010101880001"  # stands for a person's value

EMPTY = ["", " \t\r\n\x0b\x0c ", None]
ID = {
    "good": ["A", "F-0001", " \tABC-09Z\n", "Z" * 36],
    "bad": ["f1", "A B", "A_1", "A.1", "É", "A" * 37, "A\u00a0", *EMPTY],
}
TEXT = {"good": ["x", " Siti Aisyah ", "'", "\u00a0", "\x01", "1"], "bad": EMPTY}
DATES = ["2025-02-28", " 2024-02-29\t", "0001-01-01", "9999-12-31"]
NO_DATES = ["2025-02-29", "2025-13-01", "2025-1-01", "20250101", "2025/01/01", "01-01-2025", "0000-01-01"]
NO_DATES += [
    "2025-01-01 00:00:00",
    "2025-01-01T00:00:00",
    "infinity",
    "-infinity",
    "10000-01-01",
    "2025-01-01 (BC)",
    "epoch",
]
DATE = {"good": DATES, "bad": [*NO_DATES, *EMPTY]}
TO_CUTOFF = {"good": ["2025-11-17", "0001-01-01"], "bad": ["2025-11-18", "9999-12-31", *NO_DATES, *EMPTY]}
PROGRAMME = {"good": ["PKH", " sembako", "Blts_Kesra"], "bad": ["PKH1", "P KH", "BPNT", "PROGRAM\u0130", *EMPTY]}
SEX = {"codes": ["L", "P"], "good": ["L", "p", " P\n"], "bad": ["M", "LP", "1", *EMPTY]}


def optional(domain: Mapping[str, list]) -> dict[str, list]:
    """The same domain in a column that may be null."""
    bad = [value for value in domain["bad"] if value not in EMPTY]
    return {**domain, "good": [*domain["good"], *EMPTY], "bad": bad}


def codes(listed: str) -> dict[str, list]:
    """A required code of this list; ı and ſ become I and S when upper-cased beyond ASCII."""
    known = listed.split()
    strange = [code.replace("I", "ı").replace("S", "ſ") for code in known if "I" in code or "S" in code]
    return {
        "codes": known,
        "good": [*known, *map(str.lower, known), f" {known[0].title()}\t"],
        "bad": ["LAINNY", "X", "0", known[0] + "X", f"{known[0]},{known[-1]}", *strange, *EMPTY],
    }


DOMAINS: dict[str, dict[str, dict[str, list]]] = {
    "dtsen_keluarga": {
        "id_keluarga": ID,
        "nomor_kartu_keluarga": optional({"good": ["3171010101880001", "not checked"], "bad": []}),
        "kode_desa": {
            "good": ["3171011001", "31.71.01.1001", " 31.71.01.1001 "],
            "bad": ["3171019999", "317101100", "31710110011", "3171", "9999011001", "ID", *EMPTY],
        },
        "desil_nasional": optional(
            {"good": ["1", "10", "+5", "0007", " 3 "], "bad": ["0", "11", "-1", "5.0", "1e0", "0x1", "5_0", "x"]}
        ),
        "peringkat_nasional": optional(
            {
                "good": ["1", "9223372036854775807", "+000000000000000000000000000012"],
                "bad": ["0", "-1", "9223372036854775808", "1,000", "1.0", "+", "1 2"],
            }
        ),
        "luas_lantai": optional(
            {
                "good": [
                    "0",
                    "0.0",
                    "45",
                    "45.5",
                    "999999.94",
                    "0.000000000000000000000000000000000000000001",
                    "007.25",
                ],
                "bad": ["999999.95", "1000000", "-1", "-0.01", "+5", ".5", "5.", "5,5", "1e1", "1_0", "nan", "inf"],
            }
        ),
        "jenis_lantai_terluas": optional(codes("MARMER KERAMIK UBIN KAYU SEMEN BAMBU TANAH LAINNYA")),
        "jenis_dinding_terluas": optional(codes("TEMBOK KAYU BAMBU LAINNYA")),
        "jenis_atap_terluas": optional(codes("BETON GENTENG SENG ASBES BAMBU KAYU IJUK LAINNYA")),
        "fasilitas_bab": optional(codes("SENDIRI BERSAMA UMUM TIDAK_ADA")),
        "sumber_air_minum_utama": optional(
            codes("KEMASAN LEDENG SUMUR_BOR SUMUR_TERLINDUNG SUMUR_TAK_TERLINDUNG MATA_AIR PERMUKAAN HUJAN LAINNYA")
        ),
        "daya_terpasang": optional(
            {
                "good": ["0", "450", "900", "1300", "2200", "3500", "0450", "-0"],
                "bad": ["1", "451", "4500", "-450", "900.0"],
            }
        ),
        "status_kepemilikan_rumah": optional(codes("MILIK SEWA BEBAS_SEWA DINAS LAINNYA")),
        "tanggal_pemutakhiran": DATE,
    },
    "dtsen_individu": {
        "id_individu": ID,
        "id_keluarga": ID,
        "nomor_induk_kependudukan": optional({"good": ["3171010101880001", "317", "3.17E+15"], "bad": []}),
        "nama": optional({"good": ["Siti", "O'Brien, dr."], "bad": []}),
        "jenis_kelamin": SEX,
        "tanggal_lahir": {
            "good": ["1900-01-01", "2025-11-17", " 1988-01-01 "],
            "bad": ["1899-12-31", "2025-11-18", *NO_DATES, *EMPTY],
        },
        "status_hubungan_keluarga": codes("KEPALA PASANGAN ANAK MENANTU CUCU ORANG_TUA FAMILI_LAIN LAINNYA"),
        "status_kawin": optional(codes("BELUM KAWIN CERAI_HIDUP CERAI_MATI")),
        "partisipasi_sekolah": optional(codes("BELUM MASIH TIDAK_LAGI")),
        "jenjang_tertinggi_yang_diduduki": optional(codes("TIDAK_ADA SD SMP SMA PT")),
        "status_bekerja": optional(codes("YA TIDAK")),
        "status_dalam_pekerjaan_utama": optional(codes("USAHA_SENDIRI USAHA_DIBANTU BURUH PEKERJA_BEBAS KELUARGA")),
        "tingkat_disabilitas": optional(codes("TIDAK_ADA RINGAN SEDANG BERAT")),
        "hamil": optional(codes("YA TIDAK")),
        "tanggal_pemutakhiran": DATE,
    },
    "kemensos_penerima": {
        "program": PROGRAMME,
        "id_keluarga": ID,
        "status": codes("AKTIF CALON"),
        "tanggal_mulai": DATE,
        "saluran": optional(codes("HIMBARA POS")),
        "kode_desa": optional(
            {
                "good": ["3171011001", "31.71.01.1001", "3171999999"],
                "bad": ["3199011001", "317101100", "31710110011", "31710110a1", "3171"],
            }
        ),
    },
    "kuota_program": {
        "program": PROGRAMME,
        "kode_wilayah": {
            "good": ["ID", "id", " Id ", "3171", "31.71"],
            "bad": ["31", "3199", "317101", "I.D", "IDN", "\u0131d", *EMPTY],
        },
        "kuota": {
            "good": ["0", "+7", "9223372036854775807", "-0"],
            "bad": ["-1", "1.0", "9223372036854775808", "1.000", "x", *EMPTY],
        },
    },
    "register_pengecualian": {
        "nik": TEXT,
        "register": codes(
            "ASN TNI_POLRI PENSIONER_STATE STATE_OFFICIAL BUMN_BUMD STATE_PAID VILLAGE_OFFICIAL CERTIFIED_TEACHER"
            " HEALTH_WORKER COMPANY_OFFICER ABOVE_MIN_WAGE SOCIAL_STAFF GAMBLING_FLAG"
        ),
        "tanggal_data": TO_CUTOFF,
    },
    "dukcapil_peristiwa": {
        "nik": TEXT,
        "jenis_peristiwa": codes("KEMATIAN PINDAH TIDAK_PADAN PADAN"),
        "tanggal_peristiwa": DATE,
    },
    "verifikasi_lapangan": {
        "id_keluarga": TEXT,
        "tanggal_verifikasi": DATE,
        "hasil": codes("LAYAK TIDAK_LAYAK TIDAK_DITEMUKAN MENOLAK"),
        "alasan": optional({"good": ["anything"], "bad": []}),
        "kode_kabupaten": optional({"good": ["3171", "31.71"], "bad": ["31", "3199", "3171011001", "ID"]}),
    },
    "sanggahan": {
        "id_sanggahan": TEXT,
        "id_keluarga": TEXT,
        "kode_kriteria": codes("NO_LIVING_MEMBER ASN SURVEY_NOT_ELIGIBLE NIK_UNMATCHED PAYMENT_FAILING"),
        "tanggal_pengajuan": DATE,
        "tanggal_putusan": optional(DATE),
        "putusan": optional(codes("DITERIMA DITOLAK")),
    },
    "usulan": {
        "id_usulan": TEXT,
        "nik": optional({"good": ["317"], "bad": []}),
        "nama": TEXT,
        "jenis_kelamin": SEX,
        "tanggal_lahir": DATE,
        "kode_desa": {"good": ["3171011001", "anything"], "bad": EMPTY},
        "program": PROGRAMME,
        "tanggal_usulan": DATE,
        "kanal": codes("MUSDES DINSOS APLIKASI"),
    },
    "hasil_salur": {
        "program": PROGRAMME,
        "id_keluarga": TEXT,
        "periode": {
            "good": ["2025-01", " 2025-12 "],
            "bad": ["2025-00", "2025-13", "2025-1", "202501", "2025-01-01", *EMPTY],
        },
        "hasil": codes("SUKSES GAGAL_REKENING GAGAL_CEK TIDAK_TRANSAKSI RETUR"),
        "tanggal": DATE,
    },
}
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
    schema = contract_schema(SOURCES["kuota_program"], LIMIT, lambda: {"program": 0.0, "kode_wilayah": 0.0})
    with pytest.raises(SchemaErrors) as failed:
        schema.validate(table, lazy=True)
    assert [error.check.name for error in failed.value.schema_errors] == ["share of kuota"]


@pytest.mark.parametrize("source", SOURCE_NAMES)
def test_each_source_has_one_pandera_schema_of_its_columns(source: str) -> None:
    schema = contract_schema(SOURCES[source], LIMIT, dict)
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


def test_the_contract_has_a_digest() -> None:
    assert len(contract_digest()) == 64
