"""Writing a candidate: what lies where, in which order, what is refused; an older one stays until the swap."""

import stat
from pathlib import Path

import duckdb
import pytest

from orchestration.candidate import write as write_module
from orchestration.candidate.datasets import LISTS
from orchestration.candidate.manifest import MANIFEST, read_manifest
from orchestration.candidate.seal import CandidateUnfit, unseal
from orchestration.candidate.write import BuildOfAnotherRun, BuildUnfit, candidate_folder, write_candidate
from orchestration.settings import Settings
from tests.builds import copies, make_build, make_candidate, run_killed


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return Settings(lake=tmp_path / "lake")


def rows(path: Path, columns: str = "*") -> list[tuple[object, ...]]:
    with duckdb.connect() as connection:
        return connection.execute(
            f"select {columns} from read_parquet('{path}', file_row_number = true, hive_partitioning = false) "
            "order by file_row_number"
        ).fetchall()


def columns(path: Path) -> list[tuple[str, str]]:
    with duckdb.connect() as connection:
        found = connection.execute(f"describe from read_parquet('{path}', hive_partitioning = false)").fetchall()
        return [(row[0], row[1]) for row in found]


def change_build(settings: Settings, sql: str, cycle: str = "2025-11") -> None:
    with duckdb.connect(str(settings.build / f"{cycle}.duckdb")) as connection:
        connection.execute(sql)


def test_rows_are_ordered_by_regency_nulls_last_then_family(settings: Settings) -> None:
    make_build(settings)
    folder = write_candidate(settings, "2025-11", "run-1").folder
    part = "programme=PKH/part-0.parquet"
    assert rows(folder / "decisions" / part, "regency_code, family_id") == [
        ("1101", "F-2"),
        ("3201", "F-1"),
        ("3201", "F-3"),
        (None, "F-9"),
    ]
    assert rows(folder / "next_list" / part, "family_id") == [("F-2",), ("F-1",), ("F-3",), ("F-9",)]
    assert rows(folder / "evidence" / part, "family_id, criterion")[:3] == [
        ("F-2", "MOVED"),
        ("F-2", "UNRANKED"),
        ("F-1", "MOVED"),
    ]


def test_order_holds_over_many_row_groups(settings: Settings) -> None:
    make_build(settings)
    change_build(
        settings,
        "insert into lists.decisions by name select '2025-11' as cycle, 'PKH' as programme, "
        "'G-' || (i * 7919 % 300000) as family_id, cast(1100 + i % 13 as varchar) as regency_code "
        "from range(300000) r(i)",
    )
    folder = write_candidate(settings, "2025-11", "run-1").folder
    found = rows(folder / "decisions/programme=PKH/part-0.parquet", "regency_code is null, regency_code, family_id")
    assert len(found) == 300004
    assert found == sorted(found, key=lambda row: (row[0], row[1] or "", row[2]))


def test_the_programme_is_in_the_path_only_and_columns_are_those_of_the_release(settings: Settings) -> None:
    make_build(settings)
    folder = write_candidate(settings, "2025-11", "run-1").folder
    for data_set in LISTS:
        for path in (folder / data_set.name).glob("*/*.parquet"):
            expected = [(name, kind) for name, kind in data_set.columns.items() if name != "programme"]
            assert columns(path) == expected
    assert {path.parent.name for path in folder.glob("decisions/*/*")} == {"programme=PKH", "programme=SEMBAKO"}


def test_a_programme_without_rows_has_no_folder_and_an_empty_mart_no_row(settings: Settings) -> None:
    make_build(settings, families=[("PKH", "F-1", "3201")])
    written = write_candidate(settings, "2025-11", "run-1")
    assert not (written.folder / "decisions/programme=SEMBAKO").exists()
    assert not (written.folder / "waiting_list").exists()
    assert rows(written.folder / "marts/removal_reasons.parquet", "cycle") == []
    assert columns(written.folder / "marts/removal_reasons.parquet")[3] == ("families", "BIGINT")
    assert written.rows == {
        "decisions": 1,
        "waiting_list": 0,
        "next_list": 1,
        "evidence": 2,
        "marts/cycle_funnel": 1,
        "marts/dim_cycle": 1,
        "marts/removal_reasons": 0,
    }


def test_files_are_for_their_owner_alone(settings: Settings) -> None:
    folder = candidate_folder(settings, "2025-11")
    make_candidate(settings)
    for path in (folder, *folder.rglob("*")):
        assert stat.S_IMODE(path.stat().st_mode) == (0o700 if path.is_dir() else 0o600), path


def test_a_build_of_another_run_is_refused(settings: Settings) -> None:
    with pytest.raises(BuildOfAnotherRun, match="not there"):
        write_candidate(settings, "2025-11", "run-1")
    make_build(settings, run_id="run-2")
    with pytest.raises(BuildOfAnotherRun, match="run-2"):
        write_candidate(settings, "2025-11", "run-1")
    assert not candidate_folder(settings, "2025-11").exists()


@pytest.mark.parametrize(
    ("sql", "named"),
    [
        ("drop table lists.next_list", "lists.next_list"),
        ("alter table lists.decisions drop column payable", "payable is missing"),
        ("alter table lists.next_list drop column regency_code", "regency_code is missing"),
        ("alter table lists.waiting_list alter position_in_regency type varchar", "position_in_regency is VARCHAR"),
        ("update lists.decisions set programme = null where family_id = 'F-9'", "lists.decisions"),
        ("update lists.decisions set programme = '../x' where family_id = 'F-9'", "lists.decisions"),
        ("drop view marts.dim_cycle; drop table marts.cycle_funnel; drop table marts.removal_reasons", "marts"),
        ("create table marts.gate_results (cycle varchar)", "gate_results"),
        ("create table marts.wide as select sum(listed) as total from marts.cycle_funnel", "total is HUGEINT"),
    ],
)
def test_an_unfit_build_is_refused_and_the_older_candidate_stays(settings: Settings, sql: str, named: str) -> None:
    sealed = make_candidate(settings)
    make_build(settings, run_id="run-2", amount=1)
    change_build(settings, sql)
    with pytest.raises(BuildUnfit, match=named) as refused:
        write_candidate(settings, "2025-11", "run-2")
    assert "F-9" not in str(refused.value)
    assert read_manifest(candidate_folder(settings, "2025-11"))[0] == sealed


def test_a_new_candidate_replaces_the_older_one_and_is_unsealed(settings: Settings) -> None:
    make_candidate(settings)
    make_build(settings, run_id="run-2", families=[("PKH", "F-1", "3201")])
    folder = write_candidate(settings, "2025-11", "run-2").folder
    assert folder == settings.candidates / "2025-11"
    assert not (folder / MANIFEST).exists()
    assert not (folder / "decisions/programme=SEMBAKO").exists()
    assert [path.name for path in settings.candidates.iterdir()] == ["2025-11"]


@pytest.mark.parametrize(
    ("event", "steps"),
    [
        ("os.rename", 3),  # build.json, the older candidate aside, the new one in
        ("shutil.rmtree", 3),  # of what an earlier run left, twice; of the older candidate
    ],
)
def test_killed_at_any_step_of_the_swap_there_is_a_whole_candidate_and_the_next_run_finishes(
    settings: Settings, event: str, steps: int
) -> None:
    older = make_candidate(settings)
    make_build(settings, run_id="run-2", amount=1)
    lakes = copies(settings)
    for at in range(1, steps + 1):
        lake = next(lakes)
        assert run_killed(lake, "write", "run-2", event, at)
        if (event, at) == ("shutil.rmtree", 3):
            assert not (candidate_folder(lake, "2025-11") / MANIFEST).exists()
        else:
            assert read_manifest(candidate_folder(lake, "2025-11"))[0] == older
        folder = write_candidate(lake, "2025-11", "run-2").folder
        assert rows(folder / "decisions/programme=SEMBAKO/part-0.parquet", "quarterly_amount_idr") == [(1,)]
        assert not (folder / MANIFEST).exists()
        assert [path.name for path in lake.candidates.iterdir()] == ["2025-11"]
    assert not run_killed(next(lakes), "write", "run-2", event, steps + 1), "a step more: add it above"


def test_a_build_that_another_run_replaces_meanwhile_does_not_become_the_candidate(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    sealed = make_candidate(settings)
    make_build(settings, run_id="run-2", amount=1)

    def digest_while_another_run_starts() -> str:
        make_build(settings, run_id="run-3")
        return "0" * 64

    monkeypatch.setattr(write_module, "rules_digest", digest_while_another_run_starts)
    with pytest.raises(BuildOfAnotherRun, match="run-3"):
        write_candidate(settings, "2025-11", "run-2")
    assert read_manifest(candidate_folder(settings, "2025-11"))[0] == sealed


def test_nothing_can_be_unsealed_where_no_candidate_is(settings: Settings) -> None:
    with pytest.raises(CandidateUnfit, match="no candidate"):
        unseal(settings, "2025-11")
