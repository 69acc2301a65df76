"""People are told of trouble: by webhook and by e-mail, of each event once, and without any value of a person."""

import socket
from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import Any

import dagster as dg
import pytest
from aiosmtpd.controller import Controller
from aiosmtpd.handlers import Message
from pydantic import SecretStr

from orchestration.alerts import send
from orchestration.automation import overdue, overdue_deliveries
from orchestration.contracts.sources import SOURCES
from orchestration.definitions import build_defs
from orchestration.ingest import assets as ingest_assets
from orchestration.settings import Settings
from tests.deliveries import Style, write_delivery
from tests.receiver import Receiver, receiver

REQUIRED = [name for name, source in SOURCES.items() if source.required]


@pytest.fixture
def told() -> Iterator[Receiver]:
    with receiver() as listening:
        yield listening


@pytest.fixture
def settings(tmp_path: Path, told: Receiver) -> Settings:
    return Settings(lake=tmp_path / "lake", alerts=SecretStr(told.url))


def ingest(settings: Settings, source: str = "kuota_program", cycle: str = "2025-11") -> tuple[bool, str]:
    """Run one step of the job, as a shell does; whether it succeeded, and everything that was logged."""
    with dg.DagsterInstance.ephemeral() as instance:
        result = (
            build_defs(settings=settings)
            .resolve_job_def("update_cycle")
            .execute_in_process(
                instance=instance,
                partition_key=cycle,
                asset_selection=[dg.AssetKey(["raw", source])],
                raise_on_error=False,
            )
        )
        return result.success, "\n".join(entry.to_json() for entry in instance.all_logs(result.run_id))


def test_a_refused_delivery_is_told_once(settings: Settings, told: Receiver) -> None:
    assert ingest(settings)[0] is False
    (alert,) = told.alerts
    assert alert["title"] == "Mutakhir: cycle 2025-11: the delivery of kuota_program is refused"
    assert alert["message"].startswith("the delivery of kuota_program is refused:\n- ")
    assert "What to do: have it corrected and delivered again" in alert["message"]
    assert f"lake {settings.lake}" in alert["message"]


def test_nobody_is_told_of_what_went_well(settings: Settings, told: Receiver) -> None:
    write_delivery(settings.landing / "2025-11" / "sanggahan", "sanggahan", "2025-11", [{}], Style())
    assert ingest(settings, "sanggahan")[0] is True
    assert told.alerts == []


def test_the_words_of_an_error_that_nobody_foresaw_are_not_sent(
    settings: Settings, told: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object) -> None:
        raise ValueError("3201010101800001 is no number")

    monkeypatch.setattr(ingest_assets, "ingest_source", fail)
    assert ingest(settings)[0] is False
    (alert,) = told.alerts
    assert "not foreseen (ValueError)" in alert["message"] and "3201" not in str(alert)


def test_an_alert_that_fails_is_logged_and_its_address_is_not(settings: Settings, told: Receiver) -> None:
    told.status = 500
    succeeded, logs = ingest(settings)
    assert not succeeded
    assert "nobody was told that cycle 2025-11: the delivery of kuota_program is refused: of 1 addresses" in logs
    assert "s3cr3t" not in logs and "json://" not in logs


def test_addresses_that_fail_do_not_keep_others_from_being_told(settings: Settings, told: Receiver) -> None:
    addresses = ["json://127.0.0.1:1/s3cr3t", "nothing://s3cr3t", told.url]
    chosen = settings.model_copy(update={"alerts": SecretStr("\n ".join(addresses))})
    said = send(chosen, "a title", "words " * 1000)
    assert said == "of 3 addresses in MUTAKHIR_ALERTS 1 are no addresses that apprise knows, 1 did not take it"
    assert told.titles == ["Mutakhir: a title"]
    assert told.alerts[0]["message"].endswith("(cut; the run says more)")
    assert send(settings.model_copy(update={"alerts": SecretStr("")}), "a title", "words") is None
    assert len(told.alerts) == 1
    assert "s3cr3t" not in repr(settings) + settings.model_dump_json()


class Mailbox(Message):
    """Keeps what is delivered."""

    def __init__(self) -> None:
        super().__init__()
        self.mails: list[Any] = []

    def handle_message(self, message: Any) -> None:
        self.mails.append(message)


def test_by_e_mail(settings: Settings) -> None:
    mailbox = Mailbox()
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    controller = Controller(mailbox, hostname="127.0.0.1", port=port)
    controller.start()
    try:
        address = f"mailto://127.0.0.1:{port}?from=mutakhir@example.org&to=ops@example.org&format=text"
        assert send(settings.model_copy(update={"alerts": SecretStr(address)}), "a title", "what\n\nWhat to do") is None
    finally:
        controller.stop()
    (mail,) = mailbox.mails
    assert (mail["Subject"], mail["To"]) == ("Mutakhir: a title", "ops@example.org")
    assert "What to do" in mail.as_string() and "apprise" not in mail.get_payload().lower()


@pytest.mark.parametrize(
    ("today", "cycle", "due"),
    [
        (date(2025, 11, 17), "2025-10", date(2025, 10, 17)),
        (date(2025, 11, 18), "2025-11", date(2025, 11, 17)),
        (date(2026, 1, 1), "2025-12", date(2025, 12, 17)),
    ],
)
def test_what_is_late(settings: Settings, today: date, cycle: str, due: date) -> None:
    write_delivery(settings.landing / cycle / REQUIRED[0], REQUIRED[0], cycle, [], Style())
    assert overdue(settings, today) == (cycle, due, REQUIRED[1:])


def test_a_late_delivery_is_told_once(settings: Settings, told: Receiver) -> None:
    repository = build_defs(settings=settings).get_repository_def()
    cursor: str | None = None

    def tick(chosen: Settings = settings) -> str:
        nonlocal cursor
        with dg.DagsterInstance.ephemeral() as instance:
            context = dg.build_sensor_context(
                instance, cursor=cursor, repository_def=repository, resources={"settings": chosen}
            )
            ticked = overdue_deliveries.evaluate_tick(context)
        cursor = ticked.cursor
        assert not ticked.run_requests
        return ticked.skip_message or ""

    cycle = overdue(settings, date.today())[0]
    assert tick(settings.model_copy(update={"alerts": SecretStr("")})) == "MUTAKHIR_ALERTS names nobody to tell"
    for source in REQUIRED[1:]:
        write_delivery(settings.landing / cycle / source, source, cycle, [], Style())
    told.status = 500
    assert "did not take it" in tick()
    told.status = 200
    assert tick().startswith("told of ")
    assert told.titles == [f"Mutakhir: cycle {cycle}: late, {REQUIRED[0]}"]
    assert f"They belong into {settings.landing / cycle}" in told.alerts[0]["message"]
    assert tick() == f"cycle {cycle}: told already"
    (settings.landing / cycle / REQUIRED[1] / "delivery.json").unlink()
    tick()
    assert told.titles[1:] == [f"Mutakhir: cycle {cycle}: late, {REQUIRED[1]}"]
