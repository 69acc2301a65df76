"""Retention: what goes by its term, and what stays because it is needed."""

import os
from datetime import date

import pytest

from orchestration.contracts.sources import SOURCES
from orchestration.cycles import parse_cycle
from orchestration.ingest.delivery import ingest_source
from orchestration.locks import cycle_lock
from orchestration.retention.remove import preview, retain
from orchestration.settings import Settings
from tests.landed import EVENTS, REGISTER
from tests.retained import NEWEST, TERMS, TODAY, hold, kept, months_before, names, release

pytestmark = pytest.mark.slow


def test_each_layer_goes_by_its_own_term(lake: Settings) -> None:
    """A released cycle that is followed by another; every number of months around each term."""
    for cycle in ("2025-01", NEWEST):
        hold(lake, REGISTER, cycle)
        release(lake, cycle)
        package = lake.packages / cycle / "r01" / "3171"
        package.mkdir(parents=True)
        (package / "list.age").write_text("encrypted")
    (lake.build / "2025-01.dbt" / "models").mkdir(parents=True)
    (lake.build / "2025-01.dbt" / "models" / "dbt.log").write_text("x")
    (lake.candidates / "2025-01.partial").mkdir()
    expected = {
        "landing": "landing/2025-01/register_pengecualian",
        "raw": "raw/register_pengecualian",
        "builds": "build/2025-01",
        "candidates": "candidates/2025-01",
        "packages": "packages/2025-01",
    }
    assert set(expected) == set(TERMS.keep_cycles.model_dump())
    for months in range(1, 20):
        today = parse_cycle("2025-01").shift(months).first_day
        going = {item.layer: item for item in preview(lake, TERMS, today).goes}
        assert {layer: item.name for layer, item in going.items()} == {
            layer: name for layer, name in expected.items() if months > TERMS.of(layer)
        }
        assert all(item.age == months and item.cycle == "2025-01" for item in going.values())
    of_build = {path.name for path in going["builds"].paths}
    assert of_build == {"2025-01.duckdb", "2025-01.json", "2025-01.ingest", "2025-01.dbt"}
    assert {path.name for path in going["candidates"].paths} == {"2025-01", "2025-01.partial"}


# What is still needed


def test_deaths_stay_for_ever_in_landing_and_raw(lake: Settings) -> None:
    hold(lake, "dukcapil_peristiwa", "2025-01")
    release(lake, NEWEST)
    plan = preview(lake, TERMS, date(2035, 1, 1))
    why = ["the rules read every dukcapil_peristiwa there ever was"]
    assert kept(plan, "landing/2025-01/dukcapil_peristiwa") == kept(plan, "raw/dukcapil_peristiwa") == why
    assert not [name for name in names(plan.goes) if "dukcapil" in name]


@pytest.mark.parametrize("source", [name for name, source in SOURCES.items() if source.earlier_cycles])
def test_events_stay_as_long_as_the_oldest_cycle_that_may_run_reads_them(lake: Settings, source: str) -> None:
    reach = SOURCES[source].earlier_cycles
    within, beyond = months_before(NEWEST, reach), months_before(NEWEST, reach + 1)
    for cycle in (within, beyond):
        (lake.landing / cycle / source).mkdir(parents=True)
        (lake.landing / cycle / source / "delivery.json").write_text("{}")
        release(lake, cycle)
    release(lake, NEWEST)
    plan = preview(lake, TERMS, date(2027, 6, 1))
    assert f"landing/{beyond}/{source}" in names(plan.goes)
    assert kept(plan, f"landing/{within}/{source}") == [
        f"the rules read {reach} months back, and {NEWEST} may still be run"
    ]


def test_the_newest_released_cycle_keeps_everything(lake: Settings) -> None:
    hold(lake, REGISTER, NEWEST)
    release(lake, NEWEST)
    plan = preview(lake, TERMS, date(2035, 1, 1))
    assert plan.goes == ()
    assert {item.layer for item in plan.stays} == {"landing", "raw", "builds", "candidates"}
    assert {item.why for item in plan.stays} == {f"{NEWEST} is the newest released cycle"}


def test_families_of_the_cycle_before_stay_for_the_gate_that_compares(lake: Settings) -> None:
    for months in (0, 1, 2):
        cycle = months_before(NEWEST, months)
        for source in ("dtsen_keluarga", "dtsen_individu"):
            (lake.landing / cycle / source).mkdir(parents=True)
        release(lake, cycle)
    plan = preview(lake, TERMS, date(2030, 1, 1))
    assert kept(plan, "landing/2026-02/dtsen_keluarga") == [f"the gate decile_jump compares {NEWEST} with it"]
    assert {"landing/2026-02/dtsen_individu", "landing/2026-01/dtsen_keluarga"} <= set(names(plan.goes))
    longer = TERMS.model_copy(update={"exempt": TERMS.exempt.model_copy(update={"compared_cycles": 2})})
    assert kept(preview(lake, longer, date(2030, 1, 1)), "landing/2026-01/dtsen_keluarga")


def test_a_cycle_without_release_stays_until_its_own_limit(lake: Settings) -> None:
    hold(lake, REGISTER, NEWEST)
    limit = TERMS.exempt.unreleased_cycles
    for months, goes in ((limit, False), (limit + 1, True)):
        strict = TERMS.model_copy(update={"keep_cycles": TERMS.keep_cycles.model_copy(update={"landing": 0, "raw": 0})})
        plan = preview(lake, strict, parse_cycle(NEWEST).shift(months).first_day)
        assert (f"landing/{NEWEST}/{REGISTER}" in names(plan.goes)) is goes
        assert bool(kept(plan, f"landing/{NEWEST}/{REGISTER}")) is not goes


def test_what_a_run_works_on_stays_and_what_it_reads(lake: Settings) -> None:
    for cycle in ("2025-01", "2025-06"):
        hold(lake, EVENTS, cycle)
        release(lake, cycle)
    release(lake, NEWEST)
    assert {"landing/2025-01/hasil_salur", "build/2025-06"} <= set(names(preview(lake, TERMS, TODAY).goes))
    with cycle_lock(lake, "2025-06", "a run"):
        done = retain(lake, TERMS, TODAY)
    assert kept(done.plan, "build/2025-06") == ["2025-06 is being worked on"]
    assert kept(done.plan, "landing/2025-01/hasil_salur") == [
        "the rules read 6 months back, and 2025-06 may still be run"
    ]
    assert (lake.build / "2025-06.duckdb").exists() and not (lake.build / "2023-01.duckdb").exists()
    assert ingest_source(lake, "2025-06", EVENTS).warnings == ()


def test_while_it_removes_no_run_can_begin(lake: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    """A run of a cycle that loses its deliveries is told who has the cycle, in the middle of the removal."""
    from orchestration.locks import is_locked, lock_message
    from orchestration.retention import remove

    release(lake, "2025-01")
    release(lake, NEWEST)
    seen = []

    def watching(*arguments: object) -> None:
        seen.append((is_locked(lake, "2025-01"), is_locked(lake, NEWEST), lock_message(lake, "2025-01")))
        original(*arguments)

    original = remove._remove
    monkeypatch.setattr(remove, "_remove", watching)
    retain(lake, TERMS, TODAY)
    assert seen and all(entry[:2] == (True, True) and "run retain" in entry[2] for entry in seen)


def test_rows_without_a_cycle_go_by_the_month_they_were_made_in(lake: Settings) -> None:
    """Of an ingest or an engine that was killed."""
    partial, spilled = lake.raw / REGISTER / "ab.partial", lake.build / ".tmp" / "duckdb_temp_storage-0.tmp"
    for path, when in ((partial, (2024, 3)), (spilled, (2026, 3))):
        path.parent.mkdir(parents=True, exist_ok=True)
        path.mkdir() if path is partial else path.write_text("rows")
        made = date(*when, 15).toordinal() * 86400 - date(1970, 1, 1).toordinal() * 86400
        os.utime(path, (made, made))
    assert [(item.name, item.cycle) for item in preview(lake, TERMS, TODAY).goes] == [(f"raw/{REGISTER}", "2024-03")]
    retain(lake, TERMS, date(2026, 7, 1))
    assert not partial.exists() and not spilled.exists()
