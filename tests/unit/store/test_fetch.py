"""Deliveries from an object store, against a real server that speaks S3: the same rows, again, killed, hostile."""

import json
from pathlib import Path

import obstore
import pytest
from obstore.store import LocalStore, ObjectStore
from typer.testing import CliRunner

from orchestration.audit import entries
from orchestration.cli import app
from orchestration.contracts.sources import SOURCES
from orchestration.ingest import fetch as fetch_module
from orchestration.ingest.delivery import DeliveryRefused, deliveries_ready, ingest_source
from orchestration.ingest.fetch import Fetched, fetch
from orchestration.settings import Settings
from orchestration.store import Store, StoreFailed
from tests.builds import run_killed
from tests.landed import CYCLE, EVENTS, REGISTER, deliver, payments, register
from tests.objectstore import Server
from tests.published import both

pytestmark = pytest.mark.slow
HERE = f"{CYCLE}/{REGISTER}"


class Sender:
    """Who delivers: folders of their own, put into the store as they lie there."""

    def __init__(self, folder: Path, store: ObjectStore, prefix: str) -> None:
        self.lake = Settings(lake=folder, landing_url="")
        self.store, self.prefix = store, prefix

    def put(self, *only: str) -> None:
        """All files, or those that are named."""
        for path in sorted(self.lake.landing.rglob("*")):
            name = str(path.relative_to(self.lake.landing))
            if path.is_file() and (not only or name in only):
                obstore.put(self.store, self.prefix + name, path)

    def delete(self, name: str) -> None:
        obstore.delete(self.store, self.prefix + name)


@pytest.fixture
def sender(s3: Server, store: Store, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Sender:
    """One who delivers into the test's place in the store, which settings name."""
    monkeypatch.setenv("MUTAKHIR_LANDING_URL", store.url)
    monkeypatch.delenv("MUTAKHIR_PUBLISH_URL")
    if store.url.startswith("file:"):
        return Sender(tmp_path / "sender", LocalStore.from_url(store.url), "")
    return Sender(tmp_path / "sender", s3.client(), f"{tmp_path.name}/")


@pytest.fixture
def lake(tmp_path: Path, sender: Sender) -> Settings:
    return Settings(lake=tmp_path / "lake")


def fetched(lake: Settings, source: str = REGISTER) -> Fetched:
    return fetch(lake, CYCLE, SOURCES[source])


def landed(lake: Settings) -> dict[str, bytes]:
    """Every file in landing."""
    return {
        str(path.relative_to(lake.landing)): path.read_bytes() for path in lake.landing.rglob("*") if path.is_file()
    }


@both
def test_deliveries_from_the_store_are_those_of_the_same_folders(sender: Sender, lake: Settings) -> None:
    deliver(sender.lake, rows=register(9), batches=2, files_per_source=2)
    deliver(sender.lake, EVENTS, rows=payments(5))
    deliver(sender.lake, EVENTS, "2025-06", rows=payments(2))
    deliver(sender.lake, EVENTS, "2025-01", rows=payments(2))  # too old to count
    sender.put()
    for source in (REGISTER, EVENTS):
        theirs, ours = ingest_source(sender.lake, CYCLE, source), ingest_source(lake, CYCLE, source)
        assert ours.deliveries and [item.digest for item in ours.deliveries] == [
            item.digest for item in theirs.deliveries
        ]
        assert (ours.own_digests, ours.contract, ours.warnings) == (theirs.own_digests, theirs.contract, ())
    assert landed(lake) == {name: text for name, text in landed(sender.lake).items() if not name.startswith("2025-01")}
    assert all(path.stat().st_mode & 0o077 == 0 for path in lake.landing.rglob("*"))
    assert [(entry.action, entry.details.get("files")) for entry in entries(lake)] == [("fetch", 6), ("fetch", 4)]
    again = fetched(lake)
    assert (again.deliveries, again.files, again.warnings, again.problems) == (2, 0, [], {})


def test_only_what_was_put_again_is_fetched_again(sender: Sender, lake: Settings) -> None:
    place = deliver(sender.lake, rows=register(9), files_per_source=3)
    sender.put()
    before = ingest_source(lake, CYCLE, REGISTER)
    held = before.own_files[0].raw_path.read_bytes()
    deliver(sender.lake, rows=[*register(3), *register(3, start=20)], files_per_source=2)
    (place / "part-03.csv").unlink()
    sender.delete(f"{HERE}/part-03.csv")
    sender.put(f"{HERE}/part-02.csv", f"{HERE}/delivery.json")
    assert landed(lake).keys() > landed(sender.lake).keys()
    after = ingest_source(lake, CYCLE, REGISTER)
    assert landed(lake) == landed(sender.lake) and after.own_digests != before.own_digests
    assert [entry.details["files"] for entry in entries(lake)] == [4, 2]
    assert before.own_files[0].raw_path.read_bytes() == held  # what was held is not what is replaced


def test_a_file_of_ours_that_differs_is_fetched_again_and_one_that_nobody_sent_is_left(
    sender: Sender, lake: Settings
) -> None:
    deliver(sender.lake)
    sender.put()
    fetched(lake)
    place = lake.landing / HERE
    (place / "part-01.csv").write_bytes(b"cut")
    assert fetched(lake).files == 2 and landed(lake) == landed(sender.lake)
    (place / "mine.csv").write_bytes(b"kept")
    assert fetched(lake).files == 0
    with pytest.raises(DeliveryRefused, match=r"mine\.csv: is not listed"):
        ingest_source(lake, CYCLE, REGISTER)
    assert (place / "mine.csv").read_bytes() == b"kept"


def test_what_has_no_delivery_json_there_has_not_arrived(sender: Sender, lake: Settings) -> None:
    deliver(sender.lake, batches=2)
    sender.put()
    sender.delete(f"{HERE}/batch-002/delivery.json")
    first = ingest_source(lake, CYCLE, REGISTER)
    late = f"{HERE}/batch-002: has data files but no delivery.json in the store: it has not arrived"
    assert (len(first.deliveries), first.warnings) == (1, (late,))
    assert not (lake.landing / HERE / "batch-002").exists()
    sender.put()
    assert len(ingest_source(lake, CYCLE, REGISTER).deliveries) == 2


def test_what_is_gone_from_the_store_counts_until_it_is_removed_here(sender: Sender, lake: Settings) -> None:
    deliver(sender.lake)
    sender.put()
    before = ingest_source(lake, CYCLE, REGISTER).own_digests
    for name in ("part-01.csv", "delivery.json"):
        sender.delete(f"{HERE}/{name}")
    after = ingest_source(lake, CYCLE, REGISTER)
    assert after.own_digests == before
    assert after.warnings == (f"{HERE}/delivery.json: was fetched and is no longer in the store; it still counts",)
    (lake.landing / HERE / "delivery.json").unlink()
    with pytest.raises(DeliveryRefused, match="has not arrived") as refused:
        ingest_source(lake, CYCLE, REGISTER)
    assert "still counts" not in str(refused.value)


@pytest.mark.parametrize("at", range(1, 5))
def test_killed_before_any_file_takes_its_place(sender: Sender, lake: Settings, at: int) -> None:
    deliver(sender.lake, rows=register(9), files_per_source=3)
    sender.put()
    assert run_killed(lake, "fetch", REGISTER, "os.rename", at)
    assert f"{HERE}/delivery.json" not in landed(lake)
    assert len([name for name in landed(lake) if name.endswith(".csv")]) == at - 1
    assert fetched(lake).files == 5 - at and landed(lake) == landed(sender.lake)


def test_a_delivery_that_is_replaced_and_killed_has_not_arrived_until_it_is_whole(
    sender: Sender, lake: Settings
) -> None:
    deliver(sender.lake, rows=register(9), files_per_source=2)
    sender.put()
    fetched(lake)
    deliver(sender.lake, rows=register(12), files_per_source=2)
    sender.put()
    assert run_killed(lake, "fetch", REGISTER, "os.rename", 2)
    assert f"{HERE}/delivery.json" not in landed(lake)
    assert sum(file.rows for file in ingest_source(lake, CYCLE, REGISTER).own_files) == 12


def test_put_again_while_it_is_read(sender: Sender, lake: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    deliver(sender.lake)
    sender.put()
    read = Store.fetch

    def slowly(self: Store, path: str, to: Path) -> None:
        read(self, path, to)
        sender.put()

    monkeypatch.setattr(Store, "fetch", slowly)
    (sender.lake.landing / HERE / "part-01.csv").write_bytes(b"nik,register,tanggal_data\r\n")
    with pytest.raises(StoreFailed, match="put again while it was read"):
        fetched(lake)
    assert landed(lake) == {}


def test_names_that_no_file_can_have(sender: Sender, lake: Settings) -> None:
    """A delivery of the cycle refuses the source, an earlier one does not count; nothing lands outside its place."""
    deliver(sender.lake)
    deliver(sender.lake, EVENTS)
    sender.put()
    statement = (sender.lake.landing / HERE / "delivery.json").read_bytes()
    long = "n" * 200 + "é" * 40
    obstore.put(sender.store, f"{sender.prefix}{HERE}/{long}/delivery.json", statement)
    obstore.put(sender.store, f"{sender.prefix}2025-10/{EVENTS}/{long}/delivery.json", statement)
    with pytest.raises(DeliveryRefused, match="has a name that no file here can have"):
        ingest_source(lake, CYCLE, REGISTER)
    counted = ingest_source(lake, CYCLE, EVENTS)
    assert [item.cycle for item in counted.deliveries] == [CYCLE]
    assert [warning for warning in counted.warnings if warning.endswith("it does not count")]
    assert all(name.startswith(CYCLE) for name in landed(lake))


def test_a_link_in_its_place_is_not_followed(sender: Sender, lake: Settings, tmp_path: Path) -> None:
    deliver(sender.lake, batches=1)
    sender.put()
    outside = tmp_path / "outside"
    outside.mkdir()
    (lake.landing / CYCLE).mkdir(parents=True)
    (lake.landing / HERE).symlink_to(outside)
    with pytest.raises(DeliveryRefused, match="a symbolic link lies in its place"):
        ingest_source(lake, CYCLE, REGISTER)
    assert list(outside.iterdir()) == []


def test_no_room(sender: Sender, lake: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    deliver(sender.lake)
    sender.put()
    usage = fetch_module.shutil.disk_usage(lake.lake.parent)
    monkeypatch.setattr(fetch_module.shutil, "disk_usage", lambda _: usage._replace(free=10))
    with pytest.raises(StoreFailed, match="do not fit into landing"):
        fetched(lake)
    assert landed(lake) == {}


def test_what_schedules_know_is_the_same_before_and_after_it_is_fetched(sender: Sender, lake: Settings) -> None:
    deliver(sender.lake)
    deliver(sender.lake, EVENTS, "2025-09")
    sender.put()
    missing, before = deliveries_ready(lake, CYCLE)
    assert REGISTER not in missing and missing and landed(lake) == {}
    fetched(lake), fetched(lake, EVENTS)
    assert deliveries_ready(lake, CYCLE) == (missing, before)
    deliver(sender.lake, rows=register(5))
    sender.put()
    assert deliveries_ready(lake, CYCLE)[1] != before


def test_the_command_says_what_it_fetched(sender: Sender, lake: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MUTAKHIR_LAKE", str(lake.lake))
    deliver(sender.lake)
    sender.put()
    done = CliRunner().invoke(app, ["fetch", "--cycle", CYCLE])
    assert done.exit_code == 0 and f"{REGISTER}: deliveries there 1, files fetched 2" in done.output
    monkeypatch.setenv("MUTAKHIR_LANDING_URL", "")
    assert CliRunner().invoke(app, ["fetch", "--cycle", CYCLE]).exit_code == 2


def test_a_store_that_is_gone_ends_ingest_and_run_with_a_sentence(
    sender: Sender, lake: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MUTAKHIR_LAKE", str(lake.lake))
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:9")
    with pytest.raises(StoreFailed, match="does not answer as it should"):
        ingest_source(lake, CYCLE, REGISTER)
    ran = CliRunner().invoke(app, ["run", "--cycle", CYCLE])
    assert ran.exit_code == 1 and "does not answer as it should" in ran.output
    (lake.landing / CYCLE).mkdir(parents=True)
    status = CliRunner().invoke(app, ["status"])
    assert status.exit_code == 0 and "Deliveries are those fetched before" in status.output
    assert json.dumps(str(sender.lake.lake)) not in ran.output
