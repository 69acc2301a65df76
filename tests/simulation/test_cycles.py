"""The simulation over several cycles: the same nation a month older, lists carried over; and its command."""

import json
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from typer.testing import CliRunner

from simulation import areas, ids, lists, plan, population, welfare
from simulation.cli import app
from simulation.clock import Month
from simulation.columns import systematic
from simulation.releases import Held, _order, newest
from tests.simulated import NOVEMBER, deliver, digests, number, views

OCTOBER, DECEMBER = Month.parse("2025-10"), Month.parse("2025-12")
FAMILIES = 4_000


def release(lake: Path, cycle: Month) -> None:
    """Publish the delivered lists as they stand, as a release whose next lists they are."""
    folder = lake / "releases" / cycle.key / "r02"
    with views(lake, cycle.key) as connection:
        for programme in lists.PROGRAMMES:
            target = folder / "next_list" / f"programme={programme}"
            target.mkdir(parents=True)
            rows = f"""SELECT id_keluarga AS family_id, if(status = 'AKTIF', 'active', 'nominated') AS status,
                tanggal_mulai AS listed_since, saluran AS channel, kode_desa AS village_code, true AS payable
                FROM kemensos_penerima WHERE program = '{programme}' ORDER BY kode_desa, id_keluarga"""
            connection.execute(f"COPY ({rows}) TO '{target}/part-0.parquet' (FORMAT parquet)")
    current = {"newest": cycle.key, "cycles": {cycle.key: {"release": "r02"}}}
    (lake / "releases" / "current.json").write_text(json.dumps(current), "utf-8")


@pytest.fixture(scope="module")
def lake(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """October, published; November on top of it, published; December."""
    lake = tmp_path_factory.mktemp("cycles")
    for cycle in (OCTOBER, NOVEMBER, DECEMBER):
        deliver(lake, FAMILIES, cycle=cycle, clean=True)
        release(lake, cycle)
    return lake


def test_the_next_cycle_is_the_same_nation_a_month_older(lake: Path) -> None:
    with views(lake, "2025-12") as connection:
        before = f"read_parquet('{lake}/landing/2025-11/dtsen_individu/*.parquet')"
        both = f"dtsen_individu p JOIN {before} b USING (id_individu)"
        for own in ("nomor_induk_kependudukan", "nama", "jenis_kelamin", "tanggal_lahir"):
            assert number(connection, f"SELECT count(*) FROM {both} WHERE p.{own} <> b.{own}") == 0, own
        left = number(connection, f"SELECT count(*) FROM {both} WHERE p.id_keluarga <> b.id_keluarga")
        gone = f"SELECT count(*) FROM {before} b ANTI JOIN dtsen_individu p USING (id_individu)"
        born = f"SELECT count(*) FROM dtsen_individu p ANTI JOIN {before} b USING (id_individu)"
        persons = number(connection, "SELECT count(*) FROM dtsen_individu")
        assert 0 < number(connection, gone) / persons < 0.002
        assert 0.001 < number(connection, born) / persons < 0.006
        before = f"read_parquet('{lake}/landing/2025-11/dtsen_keluarga/*.parquet')"
        homes = f"dtsen_keluarga f JOIN {before} b USING (id_keluarga)"
        # whoever left home founded a family with somebody else who did
        assert left == 2 * number(
            connection, f"SELECT count(*) FROM dtsen_keluarga ANTI JOIN {before} USING (id_keluarga)"
        )
        assert 0.998 < number(connection, f"SELECT avg((f.kode_desa = b.kode_desa)::INT) FROM {homes}") < 1
        jumps = f"SELECT avg((abs(f.desil_nasional - b.desil_nasional) >= 3)::INT) FROM {homes}"
        assert number(connection, jumps) < 0.01
        moved = f"SELECT avg((f.desil_nasional <> b.desil_nasional)::INT) FROM {homes}"
        assert 0.01 < number(connection, moved) < 0.09  # a twelfth is visited
        families = number(connection, "SELECT count(*) FROM dtsen_keluarga")
        assert abs(families / FAMILIES - 1) < 0.01


def test_published_lists_are_delivered_again(lake: Path) -> None:
    columns = "program, id_keluarga, status, tanggal_mulai, saluran, kode_desa"
    with views(lake, "2025-12") as connection:
        before = f"read_parquet('{lake}/landing/2025-11/kemensos_penerima/*.parquet')"
        for first, second in (("kemensos_penerima", before), (before, "kemensos_penerima")):
            query = f"SELECT count(*) FROM (SELECT {columns} FROM {first} EXCEPT SELECT {columns} FROM {second})"
            assert number(connection, query) == 0


def test_november_adds_its_candidates_to_the_published_list_of_october(lake: Path) -> None:
    with views(lake) as connection:
        october = f"read_parquet('{lake}/landing/2025-10/kemensos_penerima/*.parquet')"
        assert (
            number(
                connection, f"SELECT count(*) FROM {october} ANTI JOIN kemensos_penerima USING (program, id_keluarga)"
            )
            == 0
        )
        new = f"kemensos_penerima ANTI JOIN {october} USING (program, id_keluarga)"
        assert connection.execute(f"SELECT DISTINCT program, status FROM {new}").fetchall() == [("BLTS_KESRA", "CALON")]
        assert number(connection, f"SELECT count(*) FROM {new}") == pytest.approx(FAMILIES * 18.7 / 95, rel=0.03)


def test_nominations_of_the_month_before_are_mostly_decided(lake: Path) -> None:
    with views(lake, "2025-12") as connection:
        visited = """SELECT avg((hasil IS NOT NULL)::INT) FROM (SELECT DISTINCT id_keluarga FROM kemensos_penerima
            WHERE status = 'CALON') LEFT JOIN verifikasi_lapangan USING (id_keluarga)"""
        assert 0.75 < number(connection, visited) < 0.97
        eligible = """SELECT avg((hasil = 'LAYAK')::INT) FROM verifikasi_lapangan
            WHERE id_keluarga IN (SELECT id_keluarga FROM kemensos_penerima WHERE status = 'CALON')"""
        assert 0.72 < number(connection, eligible) < 0.88
        in_time = "tanggal_verifikasi BETWEEN '2025-11-18' AND '2025-12-17'"
        assert number(connection, f"SELECT count(*) FROM verifikasi_lapangan WHERE NOT {in_time}") == 0


def test_a_family_of_another_registry_stays_on_the_list_it_was_published_on(tmp_path: Path) -> None:
    target = tmp_path / "releases/2025-10/r01/next_list/programme=PKH"
    target.mkdir(parents=True)
    rows = {"family_id": ["3174-0001", None], "status": ["active", "nominated"], "channel": [None, None]}
    rows["family_id"][1] = "".join(map(chr, ids.family_ids(ids.numbers(31, pa.array([3]).to_numpy()))[0]))
    rows |= {"listed_since": ["2024-01-01", "2025-10-17"], "village_code": ["3171011001", None]}
    pq.write_table(pa.table(rows), target / "part-0.parquet")
    current = {"newest": "2025-10", "cycles": {"2025-10": {"release": "r01"}}}
    (tmp_path / "releases/current.json").write_text(json.dumps(current), "utf-8")
    found = newest(tmp_path, NOVEMBER)
    assert found is not None
    table = pa.concat_tables(found.rows("PKH"))
    assert table.column("id_keluarga").to_pylist() == rows["family_id"]
    assert table.column("saluran").to_pylist() == ["HIMBARA", None]
    bits = found.bits()
    assert list(bits) == ["31"]
    assert bits["31"].of(np.arange(6)).tolist() == [0, 0, 0, lists.nominated(lists.PKH), 0, 0]
    assert bits["31"].block(4, 10).of(np.arange(6)).tolist() == [0] * 6


def test_family_ids_can_be_read_back() -> None:
    positions = pa.array([0, 1, 65_536, 21_000_000, 2**32 - 1]).to_numpy()
    for province in (11, 96):
        made = ids.family_ids(ids.numbers(province, positions))
        assert len({bytes(row) for row in made}) == len(positions)
        assert (ids.family_numbers(made) == ids.numbers(province, positions)).all()


@pytest.mark.parametrize(
    ("weights", "expected", "drawn"), [([1.0] * 10, 3.0, 3), ([9.0, 1, 1, 1], 2.0, 2), ([0.0, 0], 1.0, 0)]
)
def test_systematic_draws_hit_the_expected_count(weights: list[float], expected: float, drawn: int) -> None:
    for start in (0.0, 0.3, 0.999):
        assert int(systematic(np.array(weights), expected, start).sum()) == drawn


def test_csv_holds_the_same_rows_as_parquet(tmp_path: Path) -> None:
    for kind in ("csv", "parquet"):
        arguments = ["--families", "300", "--cycle", "2025-11", "--format", kind, "--lake", str(tmp_path / kind)]
        assert CliRunner().invoke(app, arguments).exit_code == 0
    with views(tmp_path / "csv", kind="csv") as csv, views(tmp_path / "parquet") as parquet:
        for source in ("dtsen_keluarga", "dtsen_individu", "kemensos_penerima", "verifikasi_lapangan", "sanggahan"):
            text = "SELECT COLUMNS(*)::VARCHAR FROM"
            assert sorted(map(str, csv.execute(f"{text} {source}").fetchall())) == sorted(
                map(str, parquet.execute(f"{text} {source}").fetchall())
            ), source


def test_two_processes_write_the_same_bytes_as_one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    one = digests(deliver(tmp_path / "one", 300))
    monkeypatch.setattr("simulation.nation.MANY", 0)
    assert digests(deliver(tmp_path / "two", 300)) == one


def test_the_command_prints_rows_and_takes_the_lake_from_the_environment(tmp_path: Path) -> None:
    done = CliRunner().invoke(app, ["--families", "200", "--cycle", "2025-11"], env={"MUTAKHIR_LAKE": str(tmp_path)})
    assert done.exit_code == 0
    with views(tmp_path) as connection:
        for source in ("dtsen_keluarga", "hasil_salur"):
            rows = int(number(connection, f"SELECT count(*) FROM {source}"))
            line = next(line for line in done.output.splitlines() if source in line)
            assert f" {rows:,} " in line


def test_families_founded_since_are_found_again_on_the_lists() -> None:
    of_others = ids.founded(np.array([7, 7, 65_536]), np.array([3, 4, 31]))
    positions = np.concatenate([[7, 65_536], of_others])
    assert (ids.family_numbers(ids.family_ids(ids.numbers(32, positions))) & np.uint64(2**32 - 1) == positions).all()
    keys = np.sort(_order(positions))
    held = Held(keys, np.arange(1, 6).astype(np.uint8))
    assert held.of(positions).tolist() == [1, 4, 2, 3, 5]
    assert held.block(0, 65_536).of(positions).tolist() == [1, 0, 2, 3, 0]
    assert held.block(65_536, 65_536).of(positions).tolist() == [0, 4, 0, 0, 5]


def test_next_is_the_cycle_after_the_newest_with_its_families_seed_and_format(tmp_path: Path) -> None:
    def call(*arguments: str) -> int:
        return CliRunner().invoke(app, [*arguments, "--lake", str(tmp_path / "lake")]).exit_code

    assert call("--next") == 2
    assert call("--families", "300", "--cycle", "2025-10", "--seed", "4", "--format", "csv", "--clean") == 0
    assert call("--next") == call("--next") == 0
    deliver(tmp_path / "direct", 300, cycle=DECEMBER, seed=4, clean=True, kind="csv")
    ours = {name: digest for name, digest in digests(tmp_path / "lake").items() if "/2025-12/" in name}
    assert ours == digests(tmp_path / "direct")
    assert call("--next", "--families", "300") == call("--next", "--seed", "2") == 2
    answers = json.loads((tmp_path / "lake/simulation/2025-12.json").read_text("utf-8"))
    assert (answers["families"], answers["seed"], answers["clean"], answers["format"]) == (300, 4, True, "csv")


@pytest.mark.timeout(600)
def test_two_years_stay_plausible(tmp_path: Path) -> None:
    """Families grow by 2.1 % a year and persons by 1.2 % (derived from DTSEN); poverty, size and lists do not drift."""
    found = {}
    for months in (0, 12, 24):
        cycle = NOVEMBER + months
        with views(deliver(tmp_path, 20_000, cycle=cycle, clean=True), cycle.key) as connection:
            families = number(connection, "SELECT count(*) FROM dtsen_keluarga")
            persons = number(connection, "SELECT count(*) FROM dtsen_individu")
            poor = "SELECT avg((desil_nasional <= 4)::INT) FROM dtsen_keluarga"
            listed = "SELECT count(*) FROM kemensos_penerima WHERE program = 'SEMBAKO'"
            strangers = "SELECT count(*) FROM dtsen_individu ANTI JOIN dtsen_keluarga USING (id_keluarga)"
            assert number(connection, strangers) == 0
            nik = "SELECT count(*) - count(DISTINCT nomor_induk_kependudukan) FROM dtsen_individu"
            assert number(connection, nik) == 0
            found[months] = (families, persons, number(connection, poor), number(connection, listed) / families)
    for months, (families, persons, poor, listed) in found.items():
        years = months / 12
        assert families == pytest.approx(20_000 * 1.021**years, rel=0.006 * years + 0.0001)
        assert persons == pytest.approx(found[0][1] * 1.012**years, rel=0.006 * years + 0.0001)
        assert persons / families == pytest.approx(3.04, abs=0.06)
        assert poor == pytest.approx(found[0][2], abs=0.01)
        assert listed == pytest.approx(found[0][3], rel=0.02)


def test_poverty_does_not_drift() -> None:
    """Of the same families in one province, by measured welfare, over two years of births, fortunes and visits."""
    shift, place = welfare.province_shifts()["35"], areas.load(1)["35"]
    poor = []
    for months in range(0, 25, 6):
        families = population.draw_families(
            plan.Streams(1, plan.Block("35", 0, 60_000)), place, shift, NOVEMBER + months
        )
        poor.append(families.size[families.measured < welfare.poverty_score()].sum() / families.size.sum())
    assert max(poor) - min(poor) < 0.005


@pytest.mark.parametrize(
    "arguments",
    [
        ["--families", "200"],
        ["--families", "5", "--cycle", "2025-11"],
        ["--families", "200", "--cycle", "2025-13"],
        ["--families", "200", "--cycle", "2025-11", "--defect", "nonsense"],
        ["--families", "200", "--cycle", "2025-11", "--defect", "orphans=2"],
        ["--families", "200", "--cycle", "2025-11", "--defect", "csv_bom"],
    ],
)
def test_wrong_usage_is_2(arguments: list[str], tmp_path: Path) -> None:
    assert CliRunner().invoke(app, [*arguments, "--lake", str(tmp_path)]).exit_code == 2
    assert list(tmp_path.iterdir()) == []


def test_a_delivery_of_somebody_else_is_never_touched(tmp_path: Path) -> None:
    folder = tmp_path / "landing/2025-11/dtsen_keluarga"
    folder.mkdir(parents=True)
    (folder / "delivery.json").write_text('{"sender": "bps"}', "utf-8")
    before = digests(tmp_path)
    done = CliRunner().invoke(app, ["--families", "200", "--cycle", "2025-11", "--lake", str(tmp_path)])
    assert done.exit_code == 1
    assert "not written by mutakhir-simulate" in " ".join(done.output.split())
    assert digests(tmp_path) == before


def test_a_batch_of_an_office_survives_and_leftovers_of_a_killed_call_do_not(tmp_path: Path) -> None:
    office = tmp_path / "landing/2025-11/verifikasi_lapangan/3171"
    office.mkdir(parents=True)
    (office / "delivery.json").write_text('{"sender": "dinsos-3171"}', "utf-8")
    leftover = tmp_path / "landing/2025-11/dtsen_keluarga/sim-jawa-009.parquet"
    leftover.parent.mkdir()
    leftover.write_bytes(b"half")
    deliver(tmp_path, 200)
    assert json.loads((office / "delivery.json").read_text("utf-8"))["sender"] == "dinsos-3171"
    assert not leftover.exists()
