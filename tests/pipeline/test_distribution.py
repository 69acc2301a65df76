"""From a released month to an office and back: packages, a filled-in work list, the next month's ingest; the extract.

By the installed commands, beside the story: over a copy of its lake as it was when November was released.
"""

from datetime import date
from pathlib import Path
from typing import Any

import dagster as dg
import duckdb
import pytest
from openpyxl import Workbook, load_workbook

from orchestration.audit import entries
from orchestration.definitions import build_defs
from orchestration.distribution.columns import SHEETS
from orchestration.distribution.published import PUBLISHED, Treatment
from orchestration.distribution.workbook import COVER
from orchestration.ingest.delivery import ingest_source
from tests.pipeline.platform import QUIET, Platform
from tests.pipeline.story import DECEMBER, NOVEMBER
from tests.regencies import Office, fill, rows_of, write_keys

pytestmark = pytest.mark.pipeline


def query(platform: Platform, sql: str) -> list[tuple[Any, ...]]:
    release = platform.settings.releases / NOVEMBER / "r01"
    with duckdb.connect() as connection:
        connection.execute(
            f"create view decisions as from read_parquet('{release}/decisions/*/*.parquet', hive_partitioning = true)"
        )
        for mart in PUBLISHED:
            connection.execute(f"create view {mart} as from '{release}/marts/{mart}.parquet'")
        return connection.execute(sql).fetchall()


@pytest.fixture(scope="module")
def offices(november: Platform) -> dict[str, Office]:
    """The two regencies with the longest work lists."""
    longest = "select regency_code from verification_progress order by on_work_list desc, regency_code limit 2"
    return {code: Office() for (code,) in query(november, longest)}


@pytest.fixture(scope="module")
def packages(november: Platform, offices: dict[str, Office]) -> dict[str, Workbook]:
    """What the offices find when they decrypt what was made for them."""
    keys = write_keys(november.root / "keys.toml", offices)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("MUTAKHIR_REGENCY_KEYS", str(keys))
        arguments = [argument for code in offices for argument in ("--regency", code)]
        done = november.mutakhir("packages", "--cycle", NOVEMBER, *arguments)
    assert done.returncode == 0, done.stdout + done.stderr
    folder = november.settings.packages / NOVEMBER / "r01"
    assert len(list(folder.iterdir())) == 4
    return {code: office.open_workbook(folder / f"{code}.xlsx.age") for code, office in offices.items()}


def test_every_list_has_names_and_no_neighbours(november: Platform, packages: dict[str, Workbook]) -> None:
    for code, book in packages.items():
        own = {
            family for (family,) in query(november, f"select family_id from decisions where regency_code = '{code}'")
        }
        rows = [row for sheet in SHEETS for row in rows_of(book, sheet.table)]
        assert {row["family_id"] for row in rows} == own
        assert all(row["full_name"] and row["village"] and row["district"] for row in rows)
        assert all(len(row["nik"]) == 16 and row["nik"].isdigit() for row in rows_of(book, "work_list"))
    said = "".join(november.said)
    assert not [row["family_id"] for row in rows if row["family_id"] in said or row["full_name"] in said]


def test_totals_are_those_of_the_funnel(november: Platform, packages: dict[str, Workbook]) -> None:
    for code, book in packages.items():
        table = [row for row in book[COVER].iter_rows(values_only=True) if row[0]]
        head = next(row for row in table if row[0].startswith("Jumlah keluarga"))
        said = {row[0].split(" / ")[-1]: dict(zip(head[1:], row[1:], strict=True)) for row in table}
        for programme, listed, pending, after, paid in query(
            november,
            "select programme, listed, pending, next_list_families, payable_amount_idr from cycle_funnel"
            f" where area_code = '{code}'",
        ):
            if listed or after:
                assert said["On the delivered list"][programme] == listed
                assert said["Pending verification, not paid"][programme] == pending
                assert said["On the next list"][programme] == after
                assert said["Rupiah per quarter that is paid"][programme] == paid
        (asked,) = query(november, f"select on_work_list from verification_progress where regency_code = '{code}'")[0]
        assert len(rows_of(book, "work_list")) == asked > 2


def test_a_filled_in_work_list_is_a_delivery_of_the_next_month(
    november: Platform, packages: dict[str, Workbook], tmp_path: Path
) -> None:
    (code, book), (_, neighbour) = packages.items()
    ours = [row["family_id"] for row in rows_of(book, "work_list")]
    theirs = rows_of(neighbour, "work_list")[0]["family_id"]
    fill(book, ours[0], verified_on=date(2025, 12, 2), result="LAYAK", note="rumah sesuai")
    fill(book, ours[1], verified_on=date(2025, 12, 3), result="TIDAK_LAYAK")
    fill(book, ours[2], verified_on=date(2025, 12, 3), result="LAYAK", family_id=theirs)
    path = tmp_path / "returned.xlsx"
    book.save(path)
    done = november.mutakhir("receive", str(path))
    assert (done.returncode, "accepted 2, refused 1" in done.stdout) == (1, True), done.stdout + done.stderr
    assert not [family for family in (*ours, theirs) if family in done.stdout + done.stderr]
    report = list(load_workbook(tmp_path / "returned.xlsx.report.xlsx").active.iter_rows(values_only=True))
    assert report[-1][1:3] == (4, theirs)
    ingested = ingest_source(november.settings, DECEMBER, "verifikasi_lapangan")
    received = [delivery for delivery in ingested.deliveries if delivery.sender == f"regency-{code}"]
    assert [(one.cycle, [file.rows for file in one.files]) for one in received] == [(DECEMBER, [2])]
    assert ingested.contract is not None and (ingested.contract.rows, ingested.contract.failed) == (2, ())
    again = november.mutakhir("receive", str(path))
    assert "Delivered before, nothing was changed" in again.stdout
    acts = [entry.action for entry in entries(november.settings)]
    assert (acts.count("package"), acts.count("receive")) == (2, 1)


def test_the_asset_is_there_to_be_materialised(november: Platform, packages: dict[str, Workbook]) -> None:
    settings = november.settings.model_copy(update={"regency_keys": november.root / "keys.toml"})
    definitions = build_defs(settings=settings)
    for job in ("update_cycle", "publish"):
        assert "packages" not in definitions.resolve_job_def(job).graph.node_dict
    run = definitions.resolve_implicit_global_asset_job_def().execute_in_process
    chosen = {"config": {"regencies": list(packages)}}
    done = run(
        asset_selection=[dg.AssetKey("packages")],
        partition_key=NOVEMBER,
        run_config={**QUIET, "ops": {"packages": chosen}},
    )
    assert done.asset_materializations_for_node("packages")[0].metadata["packages"].value == 2
    failed = run(
        asset_selection=[dg.AssetKey("packages")], partition_key=NOVEMBER, run_config=QUIET, raise_on_error=False
    )
    assert not failed.success


def test_the_public_extract_of_a_real_release(november: Platform) -> None:
    done = november.mutakhir("extract", "--cycle", NOVEMBER)
    assert done.returncode == 0, done.stdout + done.stderr
    folder = november.settings.extracts / NOVEMBER / "r01"
    for mart, columns in PUBLISHED.items():
        counts = [name for name, treatment in columns.items() if treatment is Treatment.COUNT]
        for name in counts:
            odd = duckdb.sql(f"select count(*) from '{folder}/{mart}.parquet' where {name} % 5 <> 0 or {name} is null")
            assert odd.fetchone() == (0,), (mart, name)
    shown = duckdb.sql(f"select listed from '{folder}/cycle_funnel.parquet' where area_code = 'ID' order by programme")
    exact = query(november, "select listed from cycle_funnel where area_code = 'ID' order by programme")
    assert [value for (value,) in shown.fetchall()] == [5 * ((value + 2) // 5) for (value,) in exact]
