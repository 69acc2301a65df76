"""The simulated deliveries: the landing contract, the published figures they are calibrated to, and the same again."""

import hashlib
import json
from collections.abc import Iterator
from pathlib import Path

import duckdb
import numpy as np
import pytest

from simulation import areas, condition, persons, plan, population, welfare
from simulation.figures import POVERTY_RATE, provinces
from tests.simulated import NOVEMBER, deliver, digests, number, views
from tests.simulation.columns import COLUMNS, DOMAINS, KEYS, NULLABLE

FAMILIES = 20_000


# what a birth date and sex make of the digits 7-12
BIRTH_DIGITS = """lpad((day(tanggal_lahir) + if(jenis_kelamin = 'P', 40, 0))::VARCHAR, 2, '0')
    || strftime(tanggal_lahir, '%m%y')"""


@pytest.fixture(scope="module")
def usual_lake(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return deliver(tmp_path_factory.mktemp("usual"), FAMILIES)


@pytest.fixture(scope="module")
def usual(usual_lake: Path) -> Iterator[duckdb.DuckDBPyConnection]:
    with views(usual_lake) as connection:
        yield connection


@pytest.fixture(scope="module")
def clean(tmp_path_factory: pytest.TempPathFactory) -> Iterator[duckdb.DuckDBPyConnection]:
    with views(deliver(tmp_path_factory.mktemp("clean"), FAMILIES, seed=5, clean=True)) as connection:
        yield connection


def test_the_same_call_replaces_its_files_by_the_same_bytes_and_another_seed_by_others(tmp_path: Path) -> None:
    deliver(tmp_path, 2_000)
    first = digests(tmp_path)
    deliver(tmp_path, 2_000)
    assert digests(tmp_path) == first
    deliver(tmp_path, 1_000, seed=2)
    assert digests(tmp_path).keys() == first.keys()
    assert digests(tmp_path) != first
    assert sorted(path.name for path in tmp_path.iterdir()) == ["landing", "simulation"]


def test_every_delivery_json_is_true_and_lists_every_file(usual_lake: Path) -> None:
    manifests = sorted((usual_lake / "landing").rglob("delivery.json"))
    assert {path.relative_to(usual_lake / "landing").parts[1] for path in manifests} == set(COLUMNS)
    for manifest in manifests:
        told = json.loads(manifest.read_text("utf-8"))
        source = manifest.relative_to(usual_lake / "landing").parts[1]
        assert (told["source"], told["cycle"], told["contract_version"]) == (source, "2025-11", 1)
        found = {path.name: path for path in manifest.parent.glob("*.parquet")}
        assert found.keys() == {file["name"] for file in told["files"]}
        for file in told["files"]:
            assert hashlib.sha256(found[file["name"]].read_bytes()).hexdigest() == file["sha256"]
            with duckdb.connect() as connection:
                assert number(connection, f"SELECT count(*) FROM '{found[file['name']]}'") == file["rows"]
            assert found[file["name"]].stat().st_mode & 0o077 == 0


def test_field_verification_comes_in_batches(usual_lake: Path) -> None:
    batches = {
        path.parent.name for path in (usual_lake / "landing/2025-11/verifikasi_lapangan").glob("*/delivery.json")
    }
    assert {"jawa", "sumatera", "maluku-papua"} <= batches


@pytest.mark.parametrize("source", COLUMNS)
def test_columns_are_the_contracts_in_its_types(clean: duckdb.DuckDBPyConnection, source: str) -> None:
    described = {row[0]: row[1] for row in clean.execute(f"DESCRIBE {source}").fetchall()}
    assert list(described) == COLUMNS[source].split()
    for name, kind in described.items():
        expected = {"tanggal": "DATE", "desil_": "INTEGER", "daya_t": "INTEGER", "pering": "BIGINT", "kuota": "BIGINT"}
        if name == "luas_lantai":
            assert kind == "DECIMAL(7,1)"
        else:
            assert kind == next((to for start, to in expected.items() if name.startswith(start)), "VARCHAR"), name


def test_clean_values_are_within_the_contract(clean: duckdb.DuckDBPyConnection) -> None:
    for (source, column), codes in DOMAINS.items():
        listed = ", ".join(f"'{code}'" for code in codes.split())
        assert number(clean, f"SELECT count(*) FROM {source} WHERE {column}::VARCHAR NOT IN ({listed})") == 0, column
    for source, columns in COLUMNS.items():
        for column in columns.split():
            if column not in NULLABLE and (source, column) != ("usulan", "nik"):
                assert number(clean, f"SELECT count(*) FROM {source} WHERE {column} IS NULL") == 0, (source, column)
    for source, key in KEYS.items():
        assert number(clean, f"SELECT count(*) - count(DISTINCT ({key})) FROM {source}") == 0, source
    for source, column in (("dtsen_keluarga", "id_keluarga"), ("dtsen_individu", "id_individu")):
        assert number(clean, f"SELECT count(*) FROM {source} WHERE NOT regexp_full_match({column}, '[A-Z0-9-]+')") == 0
    late = (
        "tanggal_lahir > DATE '2025-11-17' OR tanggal_lahir < DATE '1900-01-01' OR tanggal_pemutakhiran < tanggal_lahir"
    )
    assert number(clean, f"SELECT count(*) FROM dtsen_individu WHERE {late}") == 0


def test_clean_has_no_stranger(clean: duckdb.DuckDBPyConnection) -> None:
    known = "SELECT id_keluarga FROM dtsen_keluarga"
    for source in ("dtsen_individu", "kemensos_penerima", "verifikasi_lapangan", "hasil_salur", "sanggahan"):
        assert number(clean, f"SELECT count(*) FROM {source} WHERE id_keluarga NOT IN ({known})") == 0, source
    heads = (
        "SELECT count(*) - count(DISTINCT id_keluarga) FROM dtsen_individu WHERE status_hubungan_keluarga = 'KEPALA'"
    )
    assert number(clean, heads) == 0
    villages = {"".join(map(chr, row)) for area in areas.load(1).values() for row in area.villages}
    assert len(villages) == 83_762
    assert {row[0] for row in clean.execute("SELECT DISTINCT kode_desa FROM dtsen_keluarga").fetchall()} <= villages


def test_clean_nik_are_well_formed_unique_and_the_persons_own(clean: duckdb.DuckDBPyConnection) -> None:
    persons_, unique = "dtsen_individu", "count(DISTINCT nomor_induk_kependudukan)"
    assert number(clean, f"SELECT count(*) - {unique} FROM {persons_}") == 0
    wrong = f"""SELECT count(*) FROM {persons_} WHERE NOT regexp_full_match(nomor_induk_kependudukan, '[0-9]{{16}}')
        OR nomor_induk_kependudukan[13:16] = '0000' OR nomor_induk_kependudukan[7:12] <> {BIRTH_DIGITS}"""
    assert number(clean, wrong) == 0
    districts = {"".join(map(chr, row)) for area in areas.load(1).values() for row in area.districts}
    used = clean.execute(f"SELECT DISTINCT nomor_induk_kependudukan[1:6] FROM {persons_}").fetchall()
    assert {row[0] for row in used} <= districts
    at_home = f"""SELECT avg((nomor_induk_kependudukan[1:6] = kode_desa[1:6])::INT) FROM {persons_}
        JOIN dtsen_keluarga USING (id_keluarga)"""
    assert 0.90 < number(clean, at_home) < 0.97


def test_anomalies_are_there_and_far_below_the_gates(usual: duckdb.DuckDBPyConnection) -> None:
    persons_, homes = (
        number(usual, "SELECT count(*) FROM dtsen_individu"),
        number(usual, "SELECT count(*) FROM dtsen_keluarga"),
    )
    nik = "nomor_induk_kependudukan"
    shares = {
        f"SELECT count(*) FROM dtsen_individu WHERE {nik} IS NULL": (0.002, 0.005),
        f"SELECT count(*) FROM dtsen_individu WHERE NOT regexp_full_match({nik}, '[0-9]{{16}}')": (0.001, 0.005),
        f"SELECT count(*) FROM dtsen_individu WHERE {nik}[7:12] <> {BIRTH_DIGITS}": (0.005, 0.02),
        f"""SELECT count(*) FROM dtsen_individu WHERE {nik}[9:10] <= '12' AND {nik} IN (SELECT {nik}
            FROM dtsen_individu GROUP BY 1 HAVING count(DISTINCT id_keluarga) > 1)""": (0.00002, 0.001),
        "SELECT count(*) FROM dtsen_individu WHERE partisipasi_sekolah = '?'": (0.0003, 0.003),
        "SELECT count(*) FROM dtsen_individu ANTI JOIN dtsen_keluarga USING (id_keluarga)": (0.00003, 0.001),
        "SELECT count(*) - count(DISTINCT id_individu) FROM dtsen_individu": (0.0001, 0.002),
    }
    for query, (least, most) in shares.items():
        assert least < number(usual, query) / persons_ < most, query
    assert 0 < number(usual, "SELECT count(*) FROM dtsen_keluarga WHERE fasilitas_bab = '9'") / homes < 0.005
    assert 0 < number(usual, "SELECT count(*) FROM dtsen_keluarga WHERE kode_desa LIKE '____999999'") / homes < 0.002


def test_families_follow_the_population_of_the_provinces(clean: duckdb.DuckDBPyConnection) -> None:
    counts = dict(clean.execute("SELECT kode_desa[1:2], count(*) FROM dtsen_keluarga GROUP BY 1").fetchall())
    total = sum(province.population for province in provinces())
    assert abs(sum(counts.values()) - FAMILIES) <= 2
    for province in provinces():
        assert abs(counts[province.code] - FAMILIES * province.population / total) < 3, province.code


def test_deciles_hold_a_tenth_of_the_persons_each_and_follow_the_rank(clean: duckdb.DuckDBPyConnection) -> None:
    joined = "dtsen_individu JOIN dtsen_keluarga USING (id_keluarga)"
    deciles = clean.execute(
        f"SELECT desil_nasional, count(*) FROM {joined} GROUP BY 1 ORDER BY 1 NULLS LAST"
    ).fetchall()
    persons_ = sum(count for _, count in deciles)
    assert [decile for decile, _ in deciles] == [*range(1, 11), None]
    assert all(0.095 < count / persons_ < 0.105 for _, count in deciles[:10])
    assert 0.002 < deciles[10][1] / persons_ < 0.008
    ranks = clean.execute(
        "SELECT min(peringkat_nasional), max(peringkat_nasional) FROM dtsen_keluarga WHERE desil_nasional IS NOT NULL "
        "GROUP BY desil_nasional ORDER BY desil_nasional"
    ).fetchall()
    assert ranks[0][0] == 1 and ranks[-1][1] <= FAMILIES
    assert all(low[1] < high[0] for low, high in zip(ranks, ranks[1:], strict=False))


def test_families_are_of_the_published_size_and_the_poor_ones_larger(clean: duckdb.DuckDBPyConnection) -> None:
    size = "SELECT count(*) / count(DISTINCT id_keluarga) FROM dtsen_individu JOIN dtsen_keluarga USING (id_keluarga)"
    assert number(clean, size) == pytest.approx(3.04, abs=0.08)
    assert number(clean, f"{size} WHERE desil_nasional <= 4") == pytest.approx(3.28, abs=0.15)
    poorer = number(clean, f"{size} WHERE desil_nasional = 1")
    assert (
        poorer > number(clean, f"{size} WHERE desil_nasional = 5") > number(clean, f"{size} WHERE desil_nasional = 10")
    )


def test_ages_follow_the_civil_registry(clean: duckdb.DuckDBPyConnection) -> None:
    age = "date_diff('year', tanggal_lahir, DATE '2025-11-17')"
    for low, high, share in ((0, 14, 0.2295), (15, 64, 0.6958), (65, 120, 0.0746)):
        assert number(clean, f"SELECT avg(({age} BETWEEN {low} AND {high})::INT) FROM dtsen_individu") == pytest.approx(
            share, abs=0.025
        )


def test_poverty_is_the_published_one() -> None:
    """Of the nation and of its poorest and richest known provinces, by true welfare."""
    shifts, places = welfare.province_shifts(), areas.load(3)
    poor = {}
    for code in ("32", "35", "51", "95"):
        block = plan.Block(code, 0, 30_000)
        families = population.draw_families(plan.Streams(3, block), places[code], shifts[code], NOVEMBER)
        poor[code] = families.size[families.measured < welfare.poverty_score()].sum() / families.size.sum()
    published = {province.code: province.poverty for province in provinces()}
    for code, share in poor.items():
        assert share == pytest.approx(published[code], rel=0.10), code
    nation = sum(p.poverty * p.population for p in provinces()) / sum(p.population for p in provinces())
    assert nation == pytest.approx(POVERTY_RATE, abs=1e-6)
    assert welfare.consumption(np.array([welfare.poverty_score()]))[0] == pytest.approx(609_160)


def test_a_family_does_not_depend_on_the_size_of_the_nation() -> None:
    place = areas.load(1)["31"]
    drawn = []
    for count in (50, 400):
        streams = plan.Streams(1, plan.Block("31", 0, count))
        families = population.draw_families(streams, place, 0.1, NOVEMBER)
        members, _ = persons.draw_persons(streams, place, families, NOVEMBER)
        state = condition.draw_condition(members, families, NOVEMBER)
        own = (members.family < 50) & (np.arange(len(members.family)) < members.roster.at_origin)
        drawn.append([members.nik[own].tolist(), members.birth_day[own].tolist(), state.level[own].tolist()])
    assert drawn[0] == drawn[1]


def test_the_scenario_of_november_holds(usual: duckdb.DuckDBPyConnection) -> None:
    """The ministry's table of 7 November 2025, from the facts delivered: deciles, registers, visits."""
    usual.execute(
        """CREATE TEMP TABLE facts AS
        SELECT k.id_keluarga, status, v.hasil, tanggal_verifikasi >= tanggal_mulai AS in_time,
            coalesce(desil_nasional > 4, false) OR coalesce(v.hasil IN ('TIDAK_LAYAK', 'MENOLAK'), false)
            OR EXISTS (FROM dtsen_individu p JOIN register_pengecualian r ON p.nomor_induk_kependudukan = r.nik
                WHERE p.id_keluarga = k.id_keluarga AND r.register <> 'GAMBLING_FLAG') AS struck
        FROM (SELECT DISTINCT ON (id_keluarga) * FROM kemensos_penerima WHERE program = 'BLTS_KESRA') k
        LEFT JOIN (SELECT DISTINCT ON (id_keluarga) * FROM verifikasi_lapangan) v USING (id_keluarga)
        LEFT JOIN (SELECT DISTINCT ON (id_keluarga) * FROM dtsen_keluarga) f USING (id_keluarga)"""
    )
    million = FAMILIES / 95
    figures = {
        "status = 'AKTIF'": 16.3,
        "status = 'CALON'": 18.7,
        "status = 'CALON' AND NOT struck AND hasil = 'LAYAK' AND in_time": 12.6,
        "status = 'CALON' AND struck": 4.2,
        "status = 'CALON' AND NOT struck AND hasil IS NULL": 1.9,
    }
    for condition_, published in figures.items():
        found = number(usual, f"SELECT count(*) FROM facts WHERE {condition_}")
        assert found / million == pytest.approx(published, rel=0.03), condition_
    assert number(usual, "SELECT avg(struck::INT) FROM facts WHERE status = 'AKTIF'") < 0.02
    for programme, places in (("PKH", 10.0), ("SEMBAKO", 18.25), ("BLTS_KESRA", 35.05)):
        quota = f"SELECT kuota FROM kuota_program WHERE program = '{programme}' AND kode_wilayah = 'ID'"
        assert number(usual, quota) == round(places * million)
        listed = f"SELECT count(DISTINCT id_keluarga) FROM kemensos_penerima WHERE program = '{programme}'"
        assert number(usual, listed) / million == pytest.approx(places, rel=0.01)
