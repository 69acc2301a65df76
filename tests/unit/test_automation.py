"""When a cycle runs by itself: on the 18th, when deliveries complete late, and once for each set of deliveries.

Ticks are evaluated by Dagster with the real code location and an instance on disk; the runs that they ask for are
created in it, as the daemon does, and not executed.
"""

import shutil
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from uuid import uuid4

import dagster as dg
import pytest
from dagster._utils.schedules import cron_string_iterator

from orchestration.automation import FINGERPRINT_TAG, JAKARTA, cycle_due, late_deliveries, monthly_cycle
from orchestration.contracts.sources import SOURCES
from orchestration.definitions import build_defs
from orchestration.settings import Settings
from tests.deliveries import Style, write_delivery

THE_18TH = datetime(2025, 11, 18, 6, tzinfo=JAKARTA)
REQUIRED = [name for name, source in SOURCES.items() if source.required]


class Daemon:
    """Evaluates ticks as Dagster's daemon does, and creates the runs that they ask for."""

    def __init__(self, repository: dg.RepositoryDefinition, instance: dg.DagsterInstance, settings: Settings) -> None:
        self.repository, self.instance, self.resources = repository, instance, {"settings": settings}

    def schedule(self, at: datetime = THE_18TH) -> dg.RunRequest | str:
        """What the schedule says at that moment: the run that it asks for, or why it asks for none."""
        context = dg.build_schedule_context(self.instance, at, self.resources, repository_def=self.repository)
        return self._asked(monthly_cycle.evaluate_tick(context))

    def sensor(self) -> dg.RunRequest | str:
        """What the sensor says now."""
        context = dg.build_sensor_context(self.instance, repository_def=self.repository, resources=self.resources)
        return self._asked(late_deliveries.evaluate_tick(context))

    def create(self, request: dg.RunRequest | str, status: dg.DagsterRunStatus = dg.DagsterRunStatus.SUCCESS) -> None:
        assert isinstance(request, dg.RunRequest), request
        self.instance.add_run(dg.DagsterRun("update_cycle", str(uuid4()), tags=request.tags, status=status))

    def _asked(self, tick: Any) -> dg.RunRequest | str:
        assert len(tick.run_requests) == (0 if tick.skip_message else 1)
        return tick.skip_message or tick.run_requests[0]


@pytest.fixture(scope="module")
def repository() -> dg.RepositoryDefinition:
    return build_defs().get_repository_def()


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return Settings(lake=tmp_path / "lake")


@pytest.fixture(scope="module")
def instance(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dg.DagsterInstance]:
    with dg.DagsterInstance.local_temp(str(tmp_path_factory.mktemp("instance"))) as made:
        yield made


@pytest.fixture
def daemon(repository: dg.RepositoryDefinition, instance: dg.DagsterInstance, settings: Settings) -> Daemon:
    instance.wipe()
    return Daemon(repository, instance, settings)


def deliver(settings: Settings, cycle: str, *sources: str, batch: str = "", rows: int = 0) -> None:
    for source in sources:
        write_delivery(settings.landing / cycle / source / batch, source, cycle, [{}] * rows, Style())


@pytest.mark.parametrize(
    ("now", "cycle"),
    [
        (datetime(2025, 11, 17, 23, 59, 59, tzinfo=JAKARTA), "2025-10"),
        (datetime(2025, 11, 18, tzinfo=JAKARTA), "2025-11"),
        (datetime(2025, 11, 30, 23, 59, 59, tzinfo=JAKARTA), "2025-11"),
        (datetime(2025, 12, 1, tzinfo=JAKARTA), "2025-11"),
        (datetime(2026, 1, 1, tzinfo=JAKARTA), "2025-12"),
        (datetime(2026, 1, 18, tzinfo=JAKARTA), "2026-01"),
        (datetime(2025, 11, 17, 16, 59, 59, tzinfo=UTC), "2025-10"),
        (datetime(2025, 11, 17, 17, tzinfo=UTC), "2025-11"),  # midnight in Jakarta
    ],
)
def test_the_cycle_that_is_due(now: datetime, cycle: str) -> None:
    assert cycle_due(now) == cycle


def test_the_schedule_ticks_once_a_month_after_the_cutoff() -> None:
    start = datetime(2025, 11, 1, tzinfo=JAKARTA).timestamp()
    ticks = cron_string_iterator(start, str(monthly_cycle.cron_schedule), monthly_cycle.execution_timezone)
    found = [next(ticks) for _ in range(3)]
    assert [tick.isoformat() for tick in found] == [
        "2025-11-18T06:00:00+07:00",
        "2025-12-18T06:00:00+07:00",
        "2026-01-18T06:00:00+07:00",
    ]
    assert [cycle_due(tick) for tick in found] == ["2025-11", "2025-12", "2026-01"]


def test_the_tick_of_the_18th_asks_for_the_months_partition(settings: Settings, daemon: Daemon) -> None:
    deliver(settings, "2025-11", *REQUIRED)
    request = daemon.schedule()
    assert isinstance(request, dg.RunRequest)
    assert request.partition_key == request.tags["dagster/partition"] == "2025-11"
    assert request.run_key == request.tags[FINGERPRINT_TAG]
    assert str(request.run_key).startswith("2025-11:")
    assert monthly_cycle.job_name == late_deliveries.job_name == "update_cycle"


def test_it_waits_for_the_required_deliveries_and_names_them(settings: Settings, daemon: Daemon) -> None:
    assert daemon.schedule() == f"cycle 2025-11 waits for: {', '.join(REQUIRED)}"
    deliver(settings, "2025-11", *REQUIRED)
    deliver(settings, "2025-10", *REQUIRED)
    shutil.rmtree(settings.landing / "2025-11" / "kuota_program")
    (settings.landing / "2025-11" / "dtsen_individu" / "delivery.json").unlink()
    assert daemon.schedule() == "cycle 2025-11 waits for: dtsen_individu, kuota_program"


def test_the_sensor_asks_when_late_deliveries_complete(settings: Settings, daemon: Daemon) -> None:
    cycle = cycle_due(datetime.now(JAKARTA))
    deliver(settings, cycle, *REQUIRED[:-1])
    assert daemon.sensor() == f"cycle {cycle} waits for: {REQUIRED[-1]}"
    deliver(settings, cycle, REQUIRED[-1])
    request = daemon.sensor()
    assert isinstance(request, dg.RunRequest) and request.partition_key == cycle


@pytest.mark.parametrize("status", [dg.DagsterRunStatus.STARTED, dg.DagsterRunStatus.FAILURE])
def test_one_set_of_deliveries_is_asked_for_once(
    settings: Settings, daemon: Daemon, status: dg.DagsterRunStatus
) -> None:
    """By schedule and sensor together, and also when the run fails: it would fail again."""
    now = datetime.now(JAKARTA)
    deliver(settings, cycle_due(now), *REQUIRED)
    asked, late = daemon.schedule(now), daemon.sensor()
    assert isinstance(asked, dg.RunRequest) and isinstance(late, dg.RunRequest)
    assert asked.run_key == late.run_key
    daemon.create(late, status)
    done = f"cycle {cycle_due(now)} was run with these deliveries"
    assert (daemon.schedule(now), daemon.sensor()) == (done, done)


@pytest.mark.parametrize(
    ("cycle", "source", "batch"),
    [
        ("2025-11", "verifikasi_lapangan", ""),
        ("2025-11", "kemensos_penerima", "correction"),
        ("2025-10", "hasil_salur", "late"),
    ],
    ids=["an optional source", "another batch", "events of an earlier cycle"],
)
def test_another_delivery_is_asked_for_again(
    settings: Settings, daemon: Daemon, cycle: str, source: str, batch: str
) -> None:
    deliver(settings, "2025-11", *REQUIRED)
    before = daemon.schedule()
    daemon.create(before)
    deliver(settings, cycle, source, batch=batch)
    after = daemon.schedule()
    assert isinstance(before, dg.RunRequest) and isinstance(after, dg.RunRequest)
    assert after.run_key != before.run_key


def test_a_corrected_delivery_is_asked_for_again_and_another_cycles_is_not(settings: Settings, daemon: Daemon) -> None:
    deliver(settings, "2025-11", *REQUIRED)
    daemon.create(daemon.schedule())
    deliver(settings, "2025-12", *REQUIRED)
    deliver(settings, "2025-10", "kemensos_penerima")
    assert daemon.schedule() == "cycle 2025-11 was run with these deliveries"
    deliver(settings, "2025-11", "kemensos_penerima", rows=1)
    assert isinstance(daemon.schedule(), dg.RunRequest)
