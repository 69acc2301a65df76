"""Defects on demand: each is in the delivery exactly as often as the answer key says, and nothing else is changed."""

import json
import shutil
from pathlib import Path

import numpy as np
import pytest
from typer.testing import CliRunner

from simulation.cli import app
from simulation.defects.catalogue import BAD_VALUE, DEFECTS
from simulation.defects.everyday import EVERYDAY
from simulation.defects.written import Written, expected, spaced
from simulation.deliveries import SENDERS, DataFile
from tests.simulated import NOVEMBER, deliver, number, views

FAMILIES = 2_000
NIK = "nomor_induk_kependudukan"
PERSONS = "dtsen_individu p JOIN before.dtsen_individu b USING (id_individu)"
#: How often a defect is there, by a query over the delivery and, as ``before``, the same without the defect.
COUNTED = {
    "orphans": "SELECT count(*) FROM dtsen_individu WHERE id_keluarga = 'D-NOBODY'",
    "persons_of_no_family": "SELECT count(*) FROM dtsen_individu WHERE id_keluarga IS NULL",
    "list_rows_of_no_family": "SELECT count(*) FROM kemensos_penerima WHERE id_keluarga = ''",
    "list_rows_left_out": """SELECT (SELECT count(*) FROM before.kemensos_penerima)
        - (SELECT count(*) FROM kemensos_penerima)""",
    "families_left_out": "SELECT count(*) FROM before.dtsen_keluarga ANTI JOIN dtsen_keluarga USING (id_keluarga)",
    "ranking_tops_up": """SELECT count(*) FROM dtsen_keluarga f JOIN before.dtsen_keluarga b USING (id_keluarga)
        WHERE b.desil_nasional = 9 AND f.desil_nasional = 10""",
    "ranking_jumps": """SELECT count(*) FROM dtsen_keluarga f JOIN before.dtsen_keluarga b USING (id_keluarga)
        WHERE b.desil_nasional >= 5 AND abs(f.desil_nasional - b.desil_nasional) = 3""",
    "visits_lost": """SELECT (SELECT count(*) FROM before.verifikasi_lapangan)
        - (SELECT count(*) FROM verifikasi_lapangan)""",
    "not_eligible_everywhere": """SELECT (SELECT count(*) FROM verifikasi_lapangan)
        - (SELECT count(*) FROM before.verifikasi_lapangan)""",
    "quota_tenfold": """SELECT count(*) FROM kuota_program q JOIN before.kuota_program b USING (program, kode_wilayah)
        WHERE q.kuota = 10 * b.kuota AND b.kuota > 0""",
    "dead_heads": """SELECT (SELECT count(*) FROM dukcapil_peristiwa)
        - (SELECT count(*) FROM before.dukcapil_peristiwa)""",
    "nik_from_a_spreadsheet": f"""SELECT count(*) FROM dtsen_individu
        WHERE regexp_full_match({NIK}, '[0-9][.][0-9]{{5}}E[+]15')""",
    "nik_serial_zero": f"SELECT count(*) FROM dtsen_individu WHERE {NIK}[13:] = '0000'",
    "nik_short": f"SELECT count(*) FROM dtsen_individu WHERE length({NIK}) = 15",
    "nik_one_digit": f"SELECT count(*) FROM dtsen_individu WHERE {NIK} = '3333333333333333'",
    "nik_no_such_day": f"SELECT count(*) FROM dtsen_individu WHERE {NIK}[7:10] = '3213'",
    "nik_retired_district": f"SELECT count(*) FROM dtsen_individu WHERE {NIK}[:6] = '910101'",
    "nik_unknown_district": f"SELECT count(*) FROM dtsen_individu WHERE {NIK}[:6] = '999999'",
    "nik_other_sex": f"""SELECT count(*) FROM {PERSONS}
        WHERE abs(p.{NIK}[7:8]::INT - b.{NIK}[7:8]::INT) BETWEEN 10 AND 70""",
    "nik_of_head": f"""SELECT count(*) FROM {PERSONS} WHERE p.{NIK} <> b.{NIK} AND p.{NIK} IN (SELECT {NIK}
        FROM dtsen_individu h WHERE h.id_keluarga = p.id_keluarga AND h.status_hubungan_keluarga = 'KEPALA')""",
    "nik_of_another_family": f"SELECT count(*) FROM {PERSONS} WHERE p.{NIK} <> b.{NIK}",
    "nik_is_card_number": f"""SELECT count(*) FROM dtsen_individu JOIN dtsen_keluarga USING (id_keluarga)
        WHERE {NIK} = nomor_kartu_keluarga""",
    "nik_twice": "SELECT count(*) FROM dtsen_individu WHERE starts_with(id_individu, 'D-')",
    "names_empty": "SELECT count(*) FROM dtsen_individu WHERE nama IS NULL",
    "names_spaced_out": f"SELECT count(*) FROM {PERSONS} WHERE p.nama <> b.nama AND contains(p.nama, ' ')",
    "villages_dotted": """SELECT count(*) FROM dtsen_keluarga
        WHERE regexp_full_match(kode_desa, '[0-9]{2}[.][0-9]{2}[.][0-9]{2}[.][0-9]{4}')""",
}
COUNTED |= {
    f"bad_values:{source}": f"SELECT count(*) FROM {source} WHERE {column}::VARCHAR = '{value}'"
    for source, (column, value) in BAD_VALUE.items()
}
COUNTED |= {
    f"repeated_rows:{source}": f"SELECT (SELECT count(*) FROM {source}) - (SELECT count(*) FROM before.{source})"
    for source in SENDERS
}


def answer(lake: Path, name: str) -> int:
    answers = json.loads((lake / "simulation/2025-11.json").read_text("utf-8"))["defects"]
    return int(next(entry["spoilt"] for entry in answers if entry["name"] == name))


@pytest.fixture(scope="module")
def sound(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return deliver(tmp_path_factory.mktemp("sound"), FAMILIES, clean=True)


def written(lake: Path, to: Path) -> Written:
    """The files of a lake, copied, as they are before they arrive."""
    shutil.copytree(lake / "landing/2025-11", to)
    files = []
    for manifest in sorted(to.rglob("delivery.json")):
        for file in json.loads(manifest.read_text("utf-8"))["files"]:
            files.append(DataFile(str(manifest.parent.relative_to(to)), file["name"], file["sha256"], file["rows"]))
    return Written(to, "parquet", NOVEMBER, files)


def test_defects_of_values_and_rows_go_together(tmp_path: Path) -> None:
    names = [name for name, defect in DEFECTS.items() if "delivery_intact" not in defect.trips and not defect.needs]
    lake = deliver(tmp_path, FAMILIES, defects=names)
    assert "nik_is_card_number" in names
    assert {name for name in names if answer(lake, name) > 0} == set(names)


@pytest.mark.parametrize("name", COUNTED)
def test_a_defect_is_there_as_often_as_it_says_and_nothing_else_is_changed(
    name: str, sound: Path, tmp_path: Path
) -> None:
    defect = DEFECTS[name]
    delivery = written(sound, tmp_path / "landing/2025-11")
    spoilt = defect.apply(delivery, defect.share)
    with views(tmp_path) as delivered:
        delivered.execute("CREATE SCHEMA before")
        for source in SENDERS:
            files = f"{sound}/landing/2025-11/{source}/**/*.parquet"
            delivered.execute(f"CREATE VIEW before.{source} AS SELECT * FROM read_parquet('{files}')")
        assert number(delivered, COUNTED[name]) == spoilt > 0
        for source in SENDERS:
            assert number(delivered, f"SELECT count(*) FROM {source}") == sum(f.rows for f in delivery.of(source))
        others = {source for source in SENDERS if source not in COUNTED[name] and source not in defect.of}
        for source in others - {"dtsen_individu"} if name == "families_left_out" else others:
            differ = f"SELECT count(*) FROM (FROM {source} EXCEPT ALL FROM before.{source})"
            assert number(delivered, differ) == 0, source


@pytest.mark.parametrize(("rows", "share", "count"), [(100, 0.03, 3), (10, 0.01, 1), (7, 1.0, 7), (0, 0.5, 0)])
def test_a_share_hits_its_rows_exactly_however_they_come(rows: int, share: float, count: int) -> None:
    assert expected(rows, share) == count
    for cut in (0, rows // 3, rows):
        hits = np.concatenate([spaced(0, cut, share), spaced(cut, rows - cut, share)])
        assert int(hits.sum()) == count
        assert (hits == spaced(0, rows, share)).all()


def test_csv_records_and_files_go_wrong_as_told(tmp_path: Path) -> None:
    for name in ("csv_unbalanced_quote", "csv_short_record", "csv_not_utf8", "csv_semicolons", "csv_bom", "csv_crlf"):
        lake = deliver(tmp_path / name, 300, defects=[name], kind="csv", clean=True)
        source = "hasil_salur" if DEFECTS[name].share < 1 else "dtsen_keluarga"
        lines = [
            line
            for path in sorted((lake / f"landing/2025-11/{source}").glob("*.csv"))
            for line in path.read_bytes().split(b"\n")[1:]
            if line
        ]
        wrong = {
            "csv_unbalanced_quote": lambda line: line.count(b'"') % 2 == 1,
            "csv_short_record": lambda line: line.count(b",") < 4,
            "csv_not_utf8": lambda line: line.endswith(b"\xff"),
        }
        if source == "hasil_salur":
            assert sum(map(wrong[name], lines)) == answer(lake, name) > 0
        else:
            files = sorted((lake / "landing/2025-11/dtsen_keluarga").glob("*.csv"))
            assert answer(lake, name) == len(files)
            for path in files:
                content = path.read_bytes()
                assert content.startswith(b"\xef\xbb\xbf") == (name == "csv_bom")
                assert (b"\r\n" in content) == (name == "csv_crlf")
                assert (b";" in content.split(b"\n")[0]) == (name == "csv_semicolons")


@pytest.mark.parametrize("name", ["file_lost", "file_unlisted", "rows_miscounted", "file_cut", "column_missing"])
def test_files_and_their_manifest_differ(name: str, sound: Path, tmp_path: Path) -> None:
    deliver(tmp_path, FAMILIES, clean=True, defects=[name])
    folder = "landing/2025-11/dtsen_individu"
    found, before = ({path.name: path.read_bytes() for path in (lake / folder).glob("*")} for lake in (tmp_path, sound))
    told, was = (json.loads(files["delivery.json"])["files"] for files in (found, before))
    differences = {
        "file_lost": len(before) - len(found),
        "file_unlisted": len(was) - len(told),
        "rows_miscounted": sum(file["rows"] for file in told) - sum(file["rows"] for file in was),
        "file_cut": sum(len(found[file]) < len(before[file]) for file in found),
        "column_missing": sum(found[file] != before[file] for file in found) - 1,
    }
    assert differences[name] == answer(tmp_path, name) == 1


def test_the_answer_key_counts_everyday_anomalies(tmp_path: Path) -> None:
    lake = deliver(tmp_path, FAMILIES)
    with views(lake) as connection:
        queries = {
            "nik empty": f"SELECT count(DISTINCT id_individu) FROM dtsen_individu WHERE {NIK} IS NULL AND {{known}}",
            "birth date corrected": f"""SELECT count(DISTINCT id_individu) FROM dtsen_individu
                WHERE length({NIK}) = 16 AND {NIK}[11:12] <> strftime(tanggal_lahir, '%y') AND {NIK}[13:] <> '0000'""",
            "village unknown": "SELECT count(DISTINCT id_keluarga) FROM dtsen_keluarga WHERE kode_desa LIKE '%999999'",
            "person of no family": """SELECT count(DISTINCT id_individu) FROM dtsen_individu
                ANTI JOIN dtsen_keluarga USING (id_keluarga)""",
        }
        known = "id_keluarga IN (SELECT id_keluarga FROM dtsen_keluarga)"
        assert number(connection, queries["nik empty"].format(known=known)) == answer(lake, "nik empty") > 0
        for name in ("village unknown", "person of no family"):
            assert number(connection, queries[name]) == answer(lake, name), name
        assert 0 < number(connection, queries["birth date corrected"]) <= answer(lake, "birth date corrected")
    assert all(answer(lake, name) >= 0 for name in EVERYDAY)


def test_the_command_lists_defects_and_prints_the_answers(tmp_path: Path) -> None:
    listed = CliRunner().invoke(app, ["--list-defects"], env={"COLUMNS": "400"})
    assert listed.exit_code == 0
    assert all(name in listed.output for name in DEFECTS)
    arguments = ["--families", "300", "--cycle", "2025-11", "--defect", "orphans=0.05", "--lake", str(tmp_path)]
    done = CliRunner().invoke(app, arguments, env={"COLUMNS": "400"})
    assert done.exit_code == 0
    assert f"defect orphans: {answer(tmp_path, 'orphans')} persons; trips orphan_share" in done.output
