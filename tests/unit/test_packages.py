"""Regency packages: who and what is in them, in which order, who can open them, what the workbook lets one do."""

import io
import json
import re
import shutil
import stat
import zipfile
from pathlib import Path

import duckdb
import pyrage
import pytest

from orchestration.audit import entries
from orchestration.candidate.digests import file_sha256
from orchestration.distribution import workbook as workbook_module
from orchestration.distribution.columns import MAX_NOTE, RECIPIENTS, RESULTS, SHEETS, WORK_LIST
from orchestration.distribution.packages import Packages, make_packages
from orchestration.distribution.workbook import COVER
from orchestration.settings import Settings
from tests.regencies import (
    COLUMNS,
    CYCLE,
    EVIL,
    FAMILIES,
    GARUT,
    VISITS,
    Office,
    make_release,
    nik_of,
    rows_of,
    write_keys,
)

pytestmark = pytest.mark.slow


@pytest.fixture
def office() -> Office:
    return Office()


@pytest.fixture(scope="module")
def template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    lake = tmp_path_factory.mktemp("template") / "lake"
    make_release(Settings(lake=lake))
    return lake


@pytest.fixture
def settings(tmp_path: Path, office: Office, template: Path) -> Settings:
    lake = shutil.copytree(template, tmp_path / "lake")
    return Settings(lake=lake, regency_keys=write_keys(tmp_path / "keys.toml", {GARUT: office}))


def of_garut(settings: Settings) -> tuple[Packages, Path, Path]:
    made = make_packages(settings, CYCLE, [GARUT])
    workbook, tables = made.made[0].files
    return made, workbook, tables


def test_what_lies_where_and_who_may_read_it(settings: Settings, office: Office) -> None:
    made, workbook, tables = of_garut(settings)
    assert made.folder == settings.lake / "packages" / CYCLE / "r01"
    assert {path.name for path in made.folder.iterdir()} == {"3205.xlsx.age", "3205.parquet.zip.age"}
    for path in (workbook, tables):
        assert stat.S_IMODE(path.stat().st_mode) == 0o600
        assert path.read_bytes().startswith(b"age-encryption.org/v1")
        with pytest.raises(pyrage.DecryptError):
            Office().decrypt(path)
    assert stat.S_IMODE(made.folder.stat().st_mode) == 0o700
    assert office.open_workbook(workbook).sheetnames == [COVER, *(sheet.title for sheet in SHEETS)]
    assert list(office.open_tables(tables)) == [sheet.table for sheet in SHEETS]


def test_nothing_is_ever_on_disk_in_plain_text(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    """No file is opened for writing but encrypted ones, the audit trail, locks and DuckDB's own."""
    written: list[bytes] = []
    monkeypatch.setattr(
        "orchestration.distribution.packages.write_private", lambda path, content: written.append(content)
    )
    monkeypatch.setattr("tempfile.mkstemp", lambda *a, **k: pytest.fail("a temporary file"))
    monkeypatch.setattr("tempfile.TemporaryFile", lambda *a, **k: pytest.fail("a temporary file"))
    make_packages(settings, CYCLE)
    assert len(written) == 2
    assert all(content.startswith(b"age-encryption.org/v1") for content in written)


def test_the_work_list_is_in_the_order_of_visits_and_names_a_family_once(settings: Settings, office: Office) -> None:
    _, workbook, _ = of_garut(settings)
    rows = rows_of(office.open_workbook(workbook), "work_list")
    assert [row["family_id"] for row in rows] == VISITS
    assert [row["position"] for row in rows] == list(range(1, len(VISITS) + 1))
    of = {row["family_id"]: row for row in rows}
    assert of["K-TWICE"]["programmes"] == "BLTS_KESRA, SEMBAKO"
    assert of["K-TWICE"]["task"].startswith("Calon")
    assert of["K-OBJECTS"]["reason_id"] == "Anggota keluarga aparatur sipil negara"
    assert of["K-OBJECTS"]["reason_en"] == "civil servant in the family"
    assert of["K-PAID"]["reason_en"] == "disbursement failing"
    assert str(of["K-PAID"]["since"])[:10] == "2025-11-10"
    assert str(of["K-NEW-OWN"]["since"])[:10] == "2025-11-17"
    assert of["K-HOLD-NIK"]["full_name"] == "Ibu K-HOLD-NIK"  # the payee, who is not the head


def test_only_families_of_the_regency(settings: Settings, office: Office) -> None:
    """Of others not even the id, also where one of them made room."""
    made, workbook, tables = of_garut(settings)
    content = repr(office.open_tables(tables)) + repr([t.to_pylist() for t in office.open_tables(tables).values()])
    for sheet in SHEETS:
        content += repr(rows_of(office.open_workbook(workbook), sheet.table))
    own = {family["f"] for family in FAMILIES if family.get("r", GARUT) == GARUT}
    for family in {family["f"] for family in FAMILIES} - own:
        assert family not in content
    assert all(family in content for family in own)
    replaced = {
        row["family_id"]: row["replaces_family_id"] for row in rows_of(office.open_workbook(workbook), "replacements")
    }
    assert replaced == {"K-NEW-OWN": "K-OUT-ASN", "K-NEW-FAR": None}
    assert made.of_no_regency == 1


def test_a_nik_is_in_full_on_the_work_list_alone(settings: Settings, office: Office) -> None:
    _, workbook, tables = of_garut(settings)
    book, stored = office.open_workbook(workbook), office.open_tables(tables)
    for sheet in SHEETS:
        for rows in (rows_of(book, sheet.table), stored[sheet.table].to_pylist()):
            found = set(re.findall(r"\d{16}", repr(rows)))
            assert found == ({nik_of(family) for family in VISITS} if sheet is WORK_LIST else set())
    removed = {row["family_id"]: row for row in rows_of(book, "removals")}
    assert removed["K-OUT-ASN"]["nik_masked"] == "*" * 12 + nik_of("K-OUT-ASN")[-4:]
    assert removed["K-OUT-CALON"]["nik_masked"] is None and removed["K-OUT-CALON"]["full_name"] is None


def test_removals_say_why(settings: Settings, office: Office) -> None:
    _, workbook, _ = of_garut(settings)
    row = next(r for r in rows_of(office.open_workbook(workbook), "removals") if r["family_id"] == "K-OUT-ASN")
    assert (row["reason_id"], row["reason_en"]) == (
        "Anggota keluarga aparatur sipil negara",
        "civil servant in the family",
    )
    assert (str(row["evidence_date"])[:10], row["source"]) == ("2025-10-05", "a_register")
    assert row["reasons"] == "ASN,OUT_OF_DECILE"
    assert row["village"] and row["district"]


def test_totals_of_the_cover_are_those_of_the_release(settings: Settings, office: Office) -> None:
    _, workbook, _ = of_garut(settings)
    cover = list(office.open_workbook(workbook)[COVER].iter_rows(values_only=True))
    head = next(row for row in cover if str(row[0]).startswith("Jumlah keluarga"))
    totals = {str(row[0]).split(" / ")[-1]: dict(zip(head[1:], row[1:], strict=True)) for row in cover}
    with duckdb.connect() as connection:
        funnel = connection.execute(
            f"select programme, listed, held, removed_active, replaced, next_list_families, payable_amount_idr "
            f"from '{settings.releases}/{CYCLE}/r01/marts/cycle_funnel.parquet' where area_code = '{GARUT}'"
        ).fetchall()
    said = ("On the delivered list", "Held, payment suspended", "Removed, were active", "Replacements, to be verified",
            "On the next list", "Rupiah per quarter that is paid")  # fmt: skip
    assert len(funnel) == 3
    for programme, *numbers in funnel:
        assert [totals[measure][programme] for measure in said] == numbers


def test_values_never_become_formulas(settings: Settings, office: Office) -> None:
    _, workbook, _ = of_garut(settings)
    book = office.open_workbook(workbook)
    cells = [cell for sheet in book for row in sheet.iter_rows() for cell in row]
    assert not [cell for cell in cells if cell.data_type == "f" or cell.hyperlink]
    risky = [cell for cell in cells if isinstance(cell.value, str) and cell.value[:1] in "=+-@\t\r"]
    assert {cell.value for cell in risky} >= {EVIL, "+62 Siti", "\tTuti"}
    assert all(cell.quotePrefix for cell in risky)
    with zipfile.ZipFile(io.BytesIO(office.decrypt(workbook))) as archive:
        assert not [name for name in archive.namelist() if b"<f>" in archive.read(name)]


def test_only_the_cells_to_fill_in_are_unlocked_and_they_are_checked(settings: Settings, office: Office) -> None:
    _, workbook, _ = of_garut(settings)
    book = office.open_workbook(workbook)
    entered = {at for at, column in enumerate(WORK_LIST.columns, start=1) if column.entered}
    for sheet in book:
        assert sheet.protection.sheet and not sheet.protection.password
        open_cells = {cell.column for row in sheet.iter_rows() for cell in row if not cell.protection.locked}
        assert open_cells == (entered if sheet.title == WORK_LIST.title else set())
    sheet = book[WORK_LIST.title]
    assert sheet.freeze_panes == "C2" and sheet.auto_filter.ref == f"A1:R{len(VISITS) + 1}"
    rules = {rule.type: rule for rule in sheet.data_validations.dataValidation}
    assert set(rules) == {"date", "list", "textLength"}
    assert rules["list"].formula1 == f'"{",".join(RESULTS)}"'
    assert rules["textLength"].formula1 == str(MAX_NOTE)
    assert (rules["date"].formula1, rules["date"].formula2) == ("45978", "46022")  # 2025-11-17 and 2025-12-31
    column = sheet.cell(1, COLUMNS.index("verified_on") + 1).column_letter
    assert str(rules["date"].sqref) == f"{column}2:{column}{len(VISITS) + 1}"


def test_what_does_not_fit_on_a_sheet_goes_on_the_next(
    settings: Settings, office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(workbook_module.workbook, "__defaults__", (4,))
    _, workbook, _ = of_garut(settings)
    book = office.open_workbook(workbook)
    assert [name for name in book.sheetnames if name.startswith(WORK_LIST.title)] == [
        WORK_LIST.title, f"{WORK_LIST.title} 2", f"{WORK_LIST.title} 3",
    ]  # fmt: skip
    assert [book[f"{WORK_LIST.title}{n}"].max_row - 1 for n in ("", " 2", " 3")] == [4, 4, 1]
    assert book[f"{RECIPIENTS.title} 2"]["B1"].value == "ID keluarga\nFamily id"


def test_made_again_it_is_the_same_and_the_trail_says_so(settings: Settings, office: Office) -> None:
    _, workbook, tables = of_garut(settings)
    before = office.decrypt(workbook), office.decrypt(tables)
    of_garut(settings)
    assert (office.decrypt(workbook), office.decrypt(tables)) == before
    acts = [entry for entry in entries(settings) if entry.action == "package"]
    assert len(acts) == 2
    assert acts[1].details["files"] == {path.name: file_sha256(path) for path in (workbook, tables)}
    assert (acts[1].cycle, acts[1].details["regency"], acts[1].details["release"]) == (CYCLE, GARUT, "r01")
    assert acts[1].details["rows"] == {"work_list": 9, "recipients": 11, "removals": 2, "replacements": 2}
    assert not [one["f"] for one in FAMILIES if one["f"] in json.dumps([act.details for act in acts])]


def test_an_office_can_have_two_keys(settings: Settings, office: Office, tmp_path: Path) -> None:
    statistics = Office()
    settings.regency_keys.write_text(f'[regencies]\n{GARUT} = ["{office.recipient}", "{statistics.recipient}"]')
    _, workbook, _ = of_garut(settings)
    assert office.decrypt(workbook) == statistics.decrypt(workbook)
