"""Publishing into an object store, against a real server that speaks S3: whole, again, killed, at once, refused."""

import threading
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import obstore
import pytest
from obstore.exceptions import AlreadyExistsError, PreconditionError

from orchestration import store as store_module
from orchestration.audit import Entry, entries
from orchestration.candidate.digests import file_sha256
from orchestration.publish import push
from orchestration.publish.push import CURRENT
from orchestration.publish.release import publish
from orchestration.publish.rollback import rollback
from orchestration.publish.sealed import PublishRefused
from orchestration.publish.verify import verify
from orchestration.settings import Settings
from orchestration.store import Store, StoreFailed
from tests.builds import copies, make_candidate, passes, run_killed
from tests.objectstore import BUCKET, PASSWORD, Server
from tests.published import CYCLE, FUNNEL, PART, R01, both, in_lake, named, release, told

pytestmark = pytest.mark.slow


def test_the_server_keeps_conditions(s3: Server) -> None:
    """What the rest relies on: of three that put at once, one wins; the others hear 412."""
    client = s3.client()

    def wins(path: str, **mode: Any) -> int:
        begin = threading.Barrier(3)

        def put(number: int) -> int:
            begin.wait()
            try:
                obstore.put(client, path, f"{number} {mode}".encode(), use_multipart=False, **mode)
            except (AlreadyExistsError, PreconditionError) as refused:
                assert "412" in str(refused)
                return 0
            return 1

        with ThreadPoolExecutor(3) as pool:
            return sum(pool.map(put, range(3)))

    assert wins("raced", mode="create") == 1
    for _ in range(3):
        assert wins("raced", mode={"e_tag": obstore.head(client, "raced")["e_tag"]}) == 1
    assert wins("raced", mode={"e_tag": '"of nothing"'}) == wins("not there", mode={"e_tag": '"of nothing"'}) == 0


@both
def test_releases_corrections_and_going_back(settings: Settings, store: Store) -> None:
    folder = publish(settings, CYCLE, evaluate=passes).folder
    files = {path.relative_to(settings.lake).as_posix(): path for path in folder.rglob("*") if path.is_file()}
    assert {PART, FUNNEL, f"{R01}/manifest.json"} < set(files)
    assert set(store.names("releases")) - {"releases/.current.json.lock"} == set(files) | {CURRENT}
    assert {name: store.read(name).content for name in files} == {
        name: path.read_bytes() for name, path in files.items()
    }  # type: ignore[union-attr]
    before = store.read(CURRENT)
    assert release(settings) == "r01" and store.read(CURRENT) == before
    make_candidate(settings, "2025-12")
    release(settings, cycle="2025-12")
    make_candidate(settings, amount=1)
    release(settings, "wrong amount")
    assert named(store) == in_lake(settings) == {CYCLE: "r02", "2025-12": "r01"}
    rollback(settings, CYCLE, "r01", "r02 counted wrong")
    assert named(store) == in_lake(settings) == {CYCLE: "r01", "2025-12": "r01"}
    make_candidate(settings, amount=2)
    release(settings, "now right")
    assert named(store)[CYCLE] == "r03" and told(settings, store) == [] == verify(settings)
    exported = [entry.details["releases"] for entry in entries(settings) if entry.action == "export"]
    assert exported == [{CYCLE: "r01"}, {"2025-12": "r01"}, {CYCLE: "r02"}, {CYCLE: "r01"}, {CYCLE: "r03"}]


def test_a_store_named_later_gets_what_was_published_before(settings: Settings, store: Store) -> None:
    alone = Settings(lake=settings.lake, publish_url="")
    release(alone)
    make_candidate(settings, amount=1)
    release(alone, "wrong amount")
    assert named(store) == {} and store.names("") == []
    assert release(settings) == "r02"
    assert named(store) == {CYCLE: "r02"} and told(settings, store) == []


@pytest.mark.parametrize(
    ("event", "at", "switched"), [("obstore.put", 5, "r01"), ("obstore.put", -1, "r01"), ("os.rename", 3, "r02")]
)
def test_killed_between_two_puts(
    settings: Settings, store: Store, monkeypatch: pytest.MonkeyPatch, event: str, at: int, switched: str
) -> None:
    """The last put is the switch; the third rename is current.json in the lake, after it."""
    release(settings)
    make_candidate(settings, amount=1)
    at = at if at > 0 else len(store.names(R01)) + 1
    assert run_killed(settings, "publish", "wrong amount", event, at)
    assert named(store) == {CYCLE: switched} and in_lake(settings) == {CYCLE: "r01"}
    unfinished = told(settings, store)
    assert not [what for what in unfinished if what.startswith(f"{CYCLE}/r01")]
    assert any("newer than current.json" in what for what in unfinished) is (switched == "r01")
    assert release(settings, "wrong amount") == "r02"
    assert named(store) == in_lake(settings) == {CYCLE: "r02"} and told(settings, store) == [] == verify(settings)


def test_two_lakes_that_publish_one_cycle_at_once(settings: Settings, store: Store) -> None:
    lakes = copies(settings)
    mine, theirs = next(lakes), next(lakes)
    make_candidate(theirs, amount=1)
    begin = threading.Barrier(2)

    def outcome(lake: Settings) -> str:
        begin.wait()
        try:
            return release(lake)
        except PublishRefused as refused:
            return str(refused)

    with ThreadPoolExecutor(2) as pool:
        said = dict(zip(("mine", "theirs"), pool.map(outcome, (mine, theirs)), strict=True))
    winner, loser = (mine, theirs) if said["mine"] == "r01" else (theirs, mine)
    lost = said["theirs" if winner is mine else "mine"]
    assert "r01" in said.values() and lost.startswith("something else is there under this name"), said
    assert f"{store.url}/{R01}/manifest.json" in lost
    assert in_lake(winner) == named(store) == {CYCLE: "r01"} and in_lake(loser) == {}
    assert told(winner, store) == []
    with pytest.raises(PublishRefused, match="of which this lake knows nothing"):
        release(loser)
    assert release(Settings(lake=loser.lake, publish_url="")) == "r01"  # nothing that it had is lost


@both
def test_whoever_switches_second_is_refused(settings: Settings, store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    """Both have put their releases, which are of different cycles, and read the same current.json."""
    release(settings)
    theirs = next(copies(settings))
    make_candidate(theirs, amount=1)
    make_candidate(settings, "2025-12")
    recorded, meanwhile = push.record, iter(["wrong amount"])

    def interrupted(*arguments: Any, **details: Any) -> Entry:
        entry = recorded(*arguments, **details)
        for reason in meanwhile:
            release(theirs, reason)
        return entry

    monkeypatch.setattr(push, "record", interrupted)
    with pytest.raises(PublishRefused, match="somebody else published at the same moment, and was first"):
        release(settings, cycle="2025-12")
    assert in_lake(settings) == {CYCLE: "r01"} and named(store) == in_lake(theirs) == {CYCLE: "r02"}
    with pytest.raises(PublishRefused, match=f"the store names {CYCLE}/r02 as current, of which this lake knows"):
        release(settings, cycle="2025-12")
    make_candidate(theirs, "2025-10")
    release(theirs, cycle="2025-10")
    assert [what for what in told(theirs, store) if "2025-12" not in what] == []


@both
def test_an_answer_that_was_lost_is_no_failure(store: Store) -> None:
    assert store.switch(CURRENT, b"one", None) and store.switch(CURRENT, b"one", None)
    first = store.read(CURRENT)
    assert store.switch(CURRENT, b"two", first) and store.switch(CURRENT, b"two", first)
    assert not store.switch(CURRENT, b"three", first) and not store.switch(CURRENT, b"three", None)
    assert store.read(CURRENT).content == b"two"  # type: ignore[union-attr]


def test_a_large_file_goes_in_parts(settings: Settings, store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(store_module, "IN_ONE_PUT", 100)
    release(settings)
    assert named(store) == {CYCLE: "r01"} and told(settings, store) == []
    large = settings.lake / "large"
    large.write_bytes(bytes(range(256)) * (70 << 10))  # two pieces
    store.create("large", large, file_sha256(large))
    store.create("large", large, file_sha256(large))
    other = settings.lake / "other"
    other.write_bytes(b"o" * 200)
    with pytest.raises(StoreFailed, match="something else is there under this name"):
        store.create("large", other, file_sha256(other))
    assert store.sha256("large") == file_sha256(large)


def test_what_is_in_the_way_is_left_as_it_is(settings: Settings, s3: Server, store: Store) -> None:
    place = f"{store.url.removeprefix(f's3://{BUCKET}/')}/{PART}"
    obstore.put(s3.client(), place, b"of somebody else")
    with pytest.raises(PublishRefused, match=f"something else is there.*{PART}") as refused:
        release(settings)
    assert "left as it is" in str(refused.value)
    assert bytes(obstore.get(s3.client(), place).bytes()) == b"of somebody else"
    assert named(store) == in_lake(settings) == {}
    obstore.delete(s3.client(), place)
    assert release(settings) == "r01" and told(settings, store) == []


@pytest.mark.parametrize("reachable", [True, False])
def test_publishing_as_a_job(
    settings: Settings, store: Store, monkeypatch: pytest.MonkeyPatch, reachable: bool
) -> None:
    """The asset says where it was put, in its metadata; the run fails with the store's sentence."""
    import dagster as dg  # seconds, which the other tests need not wait for

    from orchestration.definitions import build_defs
    from orchestration.publish import assets as publish_assets

    monkeypatch.setattr(publish_assets, "evaluate_candidate", passes)
    if not reachable:
        monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "s3cr.et")
    with dg.DagsterInstance.ephemeral() as instance:
        result = (
            build_defs(settings=settings)
            .resolve_job_def("publish")
            .execute_in_process(
                instance=instance, partition_key=CYCLE, asset_selection=[dg.AssetKey("release")], raise_on_error=False
            )
        )
        logs = str([entry.to_json() for entry in instance.all_logs(result.run_id)])
    assert result.success is reachable and store.url in logs
    assert ("does not let these credentials in" in logs) is not reachable
    assert not [secret for secret in ("s3cr", PASSWORD, "SignatureDoesNotMatch") if secret in logs]


def test_a_server_that_goes_away_in_the_middle(
    settings: Settings, s3: Server, store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    release(settings)
    make_candidate(settings, amount=1)
    put, seen = obstore.put, iter(range(100))

    def interrupted(*arguments: Any, **more: Any) -> Any:
        if next(seen) == 5:
            s3.stop()
        return put(*arguments, **more)

    monkeypatch.setattr(obstore, "put", interrupted)
    with pytest.raises(PublishRefused, match="it cannot be put: the store does not answer as it should"):
        release(settings, "wrong amount")
    assert in_lake(settings) == {CYCLE: "r01"}
    s3.start()
    assert named(store) == {CYCLE: "r01"}
    assert release(settings, "wrong amount") == "r02"
    assert named(store) == {CYCLE: "r02"} and told(settings, store) == []
