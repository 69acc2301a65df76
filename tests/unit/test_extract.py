"""The public extract: every column is decided on, and no difference of published cells tells of a single family."""

import csv
import json
import random
import stat
from collections.abc import Iterator
from pathlib import Path

import duckdb
import pytest
from typer.testing import CliRunner

from orchestration.audit import entries
from orchestration.candidate.datasets import GATE_RESULTS
from orchestration.candidate.digests import file_sha256
from orchestration.cli import app
from orchestration.distribution import extract as extract_module
from orchestration.distribution.extract import make_extract
from orchestration.distribution.families import NotDistributed
from orchestration.distribution.published import (
    BASE,
    PUBLISHED,
    Treatment,
    Undecided,
    largest_family_value,
    published_select,
)
from orchestration.settings import Settings
from tests.regencies import CYCLE, MARTS, make_release

pytestmark = pytest.mark.slow

Cells = dict[tuple[object, ...], int]
FAMILY_VALUE = 3_000_000
MAIN = ("cycle_funnel", "removal_reasons", "decile_coverage", "verification_progress")


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    settings = Settings(lake=tmp_path / "lake")
    make_release(settings)
    return settings


@pytest.fixture
def connection() -> Iterator[duckdb.DuckDBPyConnection]:
    """Empty marts, and the amounts of the programmes."""
    with duckdb.connect() as connection:
        for name, columns in MARTS.items():
            connection.execute(f"create table {name} ({', '.join(f'{one} {kind}' for one, kind in columns.items())})")
        connection.execute("insert into dim_programme by name select 'PKH' as programme, null as quarterly_amount_idr")
        connection.execute(
            "insert into dim_programme by name select 'SEMBAKO' as programme, 600000 as quarterly_amount_idr"
        )
        yield connection


def numbers_of(mart: str, treatment: Treatment) -> list[str]:
    return [name for name, one in PUBLISHED[mart].items() if one is treatment]


def published(connection: duckdb.DuckDBPyConnection, mart: str) -> Cells:
    """Published numbers by mart, column and the row's key."""
    cursor = connection.execute(published_select(mart, list(MARTS[mart]), mart, FAMILY_VALUE))
    names = [column[0] for column in cursor.description or []]
    cells: Cells = {}
    for values in cursor.fetchall():
        row = dict(zip(names, values, strict=True))
        key = tuple(str(row[name]) for name in numbers_of(mart, Treatment.KEEP))
        for treatment in (Treatment.COUNT, Treatment.AMOUNT):
            cells |= {(mart, treatment, name, *key): row[name] or 0 for name in numbers_of(mart, treatment)}
    return cells


def test_every_column_of_every_mart_is_decided_on() -> None:
    marts = {name: set(columns) for name, columns in MARTS.items()} | {"gate_results": set(GATE_RESULTS.columns)}
    assert {name: set(columns) for name, columns in PUBLISHED.items()} == marts


def test_what_nobody_decided_on_is_refused(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    known = {name: dict(columns) for name, columns in PUBLISHED.items()}
    del known["cycle_funnel"]["held"], known["dim_area"]
    monkeypatch.setattr("orchestration.distribution.published.PUBLISHED", known)
    with pytest.raises(Undecided, match=r"may see cycle_funnel\.held, dim_area\.cycle, dim_area\.area_level"):
        make_extract(settings, CYCLE)
    assert not (settings.extracts / CYCLE / "r01").exists()


def test_only_keys_names_rules_and_dates_of_the_cycle_are_kept_as_they_are() -> None:
    """A number is kept where it is a rule or a code; every other one is rounded or dropped."""
    numeric = ("bigint", "integer", "double", "decimal")
    kept = {
        f"{mart}.{name}"
        for mart, columns in {**MARTS, "gate_results": GATE_RESULTS.columns}.items()
        for name, kind in columns.items()
        if kind.lower().startswith(numeric) and PUBLISHED[mart][name] is Treatment.KEEP
    }
    assert kept == {
        "decile_coverage.welfare_decile", "dim_programme.quarterly_amount_idr", "dim_programme.decile_min",
        "dim_programme.decile_max", "dim_criterion.precedence", "gate_results.lower", "gate_results.upper",
    }  # fmt: skip


def fill_marts(connection: duckdb.DuckDBPyConnection, families: list[dict[str, object]]) -> None:
    """Count made-up families into four marts, by nation, province and regency: the same family in many cells."""
    for mart in MAIN:
        connection.execute(f"delete from {mart}")
    connection.execute(
        "create or replace table families as select unnest(?::struct(programme varchar, regency varchar,"
        " decision varchar, decile int, amount bigint)[], recursive := true)",
        [families],
    )
    for level, code in (("nation", "'ID'"), ("province", "left(regency, 2)"), ("regency", "regency")):
        key = f"'{CYCLE}' as cycle, programme, '{level}' as area_level, {code} as area_code"
        connection.execute(f"""
            insert into cycle_funnel by name select {key}, count(*) as listed,
                count(*) filter (decision = 'keep') as kept, count(*) filter (decision = 'remove') as removed_active,
                count(*) filter (decision <> 'remove') as next_list_families,
                coalesce(sum(amount) filter (decision = 'keep'), 0) as payable_amount_idr
            from families group by all""")
        connection.execute(f"""
            insert into removal_reasons by name select {key}, 'ASN' as criterion, 'remove' as action,
                count(*) as removed, count(*) as uncleared from families where decision = 'remove' group by all""")
        connection.execute(f"""
            insert into decile_coverage by name select {key}, decile as welfare_decile, count(*) as families,
                count(*) as listed_before, count(*) filter (decision <> 'remove') as listed_after
            from families group by all""")
    connection.execute(f"""
        insert into verification_progress by name select '{CYCLE}' as cycle, regency as regency_code,
            count(*) as listed, count(*) filter (decision = 'keep') as verified, 61 as oldest_pending_days
        from families group by all""")


def made_up(count: int) -> list[dict[str, object]]:
    rng = random.Random(5)
    return [
        {
            "programme": (programme := rng.choice(["PKH", "SEMBAKO"])),
            "regency": rng.choice(["3201", "3202", "3273", "3301"]),
            "decision": rng.choice(["keep", "keep", "keep", "remove"]),
            "decile": rng.choice([1, 2]),
            "amount": 600_000 if programme == "SEMBAKO" else rng.randrange(225_000, FAMILY_VALUE, 25_000),
        }
        for _ in range(count)
    ]


def all_published(connection: duckdb.DuckDBPyConnection, families: list[dict[str, object]]) -> Cells:
    fill_marts(connection, families)
    return {key: value for mart in MAIN for key, value in published(connection, mart).items()}


def unit(key: tuple[object, ...]) -> int:
    """What a cell is a multiple of: five families, or their value."""
    if key[1] is Treatment.COUNT:
        return BASE
    return BASE * (600_000 if "SEMBAKO" in key else FAMILY_VALUE)


def test_no_difference_of_published_cells_is_a_single_family(connection: duckdb.DuckDBPyConnection) -> None:
    """For every family that could be missing: within an extract and between two, cells differ by none or by five.

    A missing cell reads as zero, so a row that comes or goes with a family must show five of something.
    """
    families = made_up(60)
    whole = all_published(connection, families)
    assert len({value for key, value in whole.items() if key[1] is Treatment.COUNT}) > 4
    changed = 0
    for missing in range(len(families)):
        without = all_published(connection, families[:missing] + families[missing + 1 :])
        for key in whole.keys() | without.keys():
            before, after = whole.get(key, 0), without.get(key, 0)
            assert before % unit(key) == 0 and after % unit(key) == 0
            assert abs(before - after) in (0, unit(key))
            changed += before != after
    assert changed, "no cell ever crossed a border: the families are too few to show anything"
    margins = sorted({value for key, value in whole.items() if key[1] is Treatment.COUNT})
    assert all(larger - smaller >= BASE for smaller, larger in zip(margins, margins[1:], strict=False))


def test_a_row_that_shows_nothing_is_not_there(connection: duckdb.DuckDBPyConnection) -> None:
    """That a regency has a row for a criterion would tell that it has a family with it."""
    for families, rows in ((1, 0), (2, 0), (3, 1)):
        connection.execute("delete from removal_reasons")
        connection.execute(
            "insert into removal_reasons values"
            f" ('{CYCLE}', 'PKH', 'regency', '3201', 'ASN', 'remove', {families}, 0, 0, 0)"
        )
        assert len(published(connection, "removal_reasons")) == 4 * rows


def test_the_same_number_of_families_is_published_the_same_everywhere(connection: duckdb.DuckDBPyConnection) -> None:
    for count in range(3, 33):
        shown = set()
        for mart in ("cycle_funnel", "verification_progress", "decile_coverage", "list_drift", "dim_cycle"):
            connection.execute(f"delete from {mart}")
            columns = numbers_of(mart, Treatment.COUNT)
            values = ", ".join(f"{count} as {name}" for name in columns)
            connection.execute(f"insert into {mart} by name select {values}")
            shown |= set(value for key, value in published(connection, mart).items() if key[1] is Treatment.COUNT)
        assert shown == {5 * ((count + 2) // 5)}


def test_amounts_do_not_tell_the_exact_count(connection: duckdb.DuckDBPyConnection) -> None:
    """Of a programme with one amount they are that amount times the published count."""
    for count in range(3, 33):
        connection.execute("delete from cycle_funnel")
        connection.execute(
            "insert into cycle_funnel by name select 'SEMBAKO' as programme, "
            f"{count} as kept, {count} as listed, {count * 600_000} as payable_amount_idr"
        )
        cells = {key[2]: value for key, value in published(connection, "cycle_funnel").items()}
        assert cells["payable_amount_idr"] == 600_000 * cells["kept"]
    assert largest_family_value(CYCLE) == 4 * 750_000


def test_what_is_written(settings: Settings) -> None:
    made = make_extract(settings, CYCLE)
    assert made.folder == settings.lake / "extracts" / CYCLE / "r01"
    assert {path.name for path in made.folder.iterdir()} == {
        "README.txt", "extract.json", *(f"{mart}.{kind}" for mart in PUBLISHED for kind in ("csv", "parquet")),
    }  # fmt: skip
    with (made.folder / "cycle_funnel.csv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    stored = duckdb.sql(f"from '{made.folder}/cycle_funnel.parquet'")
    assert [tuple(row.values()) for row in rows] == [
        tuple("" if v is None else str(v).lower() if isinstance(v, bool) else str(v) for v in row)
        for row in stored.fetchall()
    ]
    garut = next(row for row in rows if (row["area_code"], row["programme"]) == ("3205", "PKH"))
    assert (garut["listed"], garut["held"], garut["kept"]) == ("5", "0", "0")  # 4, 2 and 0
    sizes = duckdb.sql(f"select families, persons from '{made.folder}/dim_cycle.parquet'").fetchone()
    assert sizes == (3000, 9420)
    about = json.loads((made.folder / "extract.json").read_text())
    assert (about["cycle"], about["release"], about["rounded_to"]) == (CYCLE, "r01", 5)
    assert about["marts"]["verification_progress"]["columns"]["oldest_pending_days"] == "drop"
    assert about["files"] == {p.name: file_sha256(p) for p in made.folder.iterdir() if p.name != "extract.json"}
    for path in made.folder.iterdir():
        assert stat.S_IMODE(path.stat().st_mode) == 0o644
    assert "nearest 5" in (made.folder / "README.txt").read_text()


def test_dropped_columns_are_nowhere(settings: Settings) -> None:
    folder = make_extract(settings, CYCLE).folder
    for mart in PUBLISHED:
        columns = set(duckdb.sql(f"from '{folder}/{mart}.parquet'").columns)
        assert columns == {name for name, one in PUBLISHED[mart].items() if one is not Treatment.DROP}
        header = (folder / f"{mart}.csv").read_text().splitlines()[0].split(",")
        assert set(header) == columns


def test_again_it_is_the_same_and_the_trail_says_so_once(settings: Settings) -> None:
    first = make_extract(settings, CYCLE)
    before = {path.name: file_sha256(path) for path in first.folder.iterdir()}
    assert make_extract(settings, CYCLE).again
    acts = [entry for entry in entries(settings) if entry.action == "extract"]
    assert [act.details["files"] for act in acts] == [before]
    (first.folder / "cycle_funnel.csv").write_text("listed\n4\n")
    assert not make_extract(settings, CYCLE).again
    assert {path.name: file_sha256(path) for path in first.folder.iterdir()} == before


def test_the_command(settings: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MUTAKHIR_LAKE", str(settings.lake))
    monkeypatch.setenv("COLUMNS", "300")
    run = CliRunner().invoke
    done = run(app, ["extract", "--cycle", CYCLE, "--to", str(tmp_path / "public")])
    assert done.exit_code == 0 and f"12 marts in {tmp_path / 'public'}" in done.stdout
    assert "nothing was changed" in run(app, ["extract", "--cycle", CYCLE, "--to", str(tmp_path / "public")]).stdout
    other = run(app, ["extract", "--cycle", CYCLE, "--to", str(tmp_path)])
    assert (other.exit_code, "holds other files" in other.stderr) == (1, True)
    none = run(app, ["extract", "--cycle", "2025-12"])
    assert (none.exit_code, "cycle 2025-12 has no release" in none.stderr) == (1, True)


def test_what_was_there_stays_when_the_extract_fails(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = make_extract(settings, CYCLE).folder
    before = {path.name: file_sha256(path) for path in folder.iterdir()}

    def fails(*rest: object) -> None:
        raise NotDistributed("no")

    monkeypatch.setattr(extract_module, "_write_about", fails)
    with pytest.raises(NotDistributed):
        make_extract(settings, CYCLE)
    assert {path.name: file_sha256(path) for path in folder.iterdir()} == before
