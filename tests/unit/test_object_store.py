"""Publishing into an object store, against a real server that speaks S3: whole, again, killed, at once, refused."""

import json
import shutil
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import duckdb
import duckdb_extension_httpfs
import obstore
import pyarrow.parquet as pq
import pytest
from obstore.exceptions import AlreadyExistsError, PreconditionError
from obstore.fsspec import FsspecStore
from typer.testing import CliRunner

from orchestration import store as store_module
from orchestration.audit import Entry, entries, trail_path
from orchestration.candidate.digests import file_sha256
from orchestration.cli import app
from orchestration.publish import push
from orchestration.publish.push import CURRENT
from orchestration.publish.release import publish
from orchestration.publish.rollback import rollback
from orchestration.publish.sealed import PublishRefused
from orchestration.publish.verify import verify
from orchestration.publish.verify_store import verify_store
from orchestration.released import read_index
from orchestration.settings import Settings
from orchestration.store import Store, StoreFailed
from tests.builds import copies, make_candidate, passes, run_killed
from tests.objectstore import BUCKET, KEY, PASSWORD, Server, server

pytestmark = pytest.mark.slow
CYCLE = "2025-11"
R01 = f"releases/{CYCLE}/r01"
PART = f"{R01}/decisions/programme=PKH/part-0.parquet"
FUNNEL = f"{R01}/marts/cycle_funnel.parquet"


@pytest.fixture(scope="module")
def s3() -> Iterator[Server]:
    with server() as running:
        yield running


@pytest.fixture(params=["s3"])
def store(s3: Server, request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Store:
    """A place of the test's own, which settings name."""
    for name, value in s3.environment.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setattr(store_module, "RETRIES", 2)
    places = {"s3": f"s3://{BUCKET}/{tmp_path.name}", "file": (tmp_path / "shared place").as_uri()}
    monkeypatch.setenv("MUTAKHIR_PUBLISH_URL", places[request.param])
    return Store(places[request.param])


@pytest.fixture
def settings(tmp_path: Path, store: Store) -> Settings:
    """A lake with a candidate."""
    known = Settings(lake=tmp_path / "lake")
    make_candidate(known)
    return known


both = pytest.mark.parametrize("store", ["s3", "file"], indirect=True)


def release(settings: Settings, reason: str | None = None, cycle: str = CYCLE) -> str:
    return publish(settings, cycle, reason, evaluate=passes).release


def named(store: Store) -> dict[str, str]:
    """The current release of each cycle, as the store says."""
    found = store.read(CURRENT)
    cycles = json.loads(found.content)["cycles"] if found else {}
    return {cycle: current["release"] for cycle, current in cycles.items()}


def in_lake(settings: Settings) -> dict[str, str]:
    index = read_index(settings)
    return {cycle: current.release for cycle, current in index.cycles.items()} if index else {}


def told(settings: Settings, store: Store) -> list[str]:
    return sorted(f"{problem.where}: {problem.what}" for problem in verify_store(settings, store.url))


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


def test_verify_names_what_was_tampered_with(
    settings: Settings, s3: Server, store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    release(settings)
    make_candidate(settings, amount=1)
    release(settings, "wrong amount")
    client, below = s3.client(), store.url.removeprefix(f"s3://{BUCKET}/")
    obstore.put(client, f"{below}/{PART}", b"changed")
    obstore.delete(client, f"{below}/{FUNNEL}")
    obstore.put(client, f"{below}/{R01}/more.parquet", b"added")
    obstore.put(client, f"{below}/releases/notes.txt", b"added")
    obstore.delete(client, f"{below}/releases/{CYCLE}/r02/manifest.json")
    wrong = [
        f"{CYCLE}/r01: {PART.removeprefix(f'{R01}/')} has other bytes than when it was sealed",
        f"{CYCLE}/r01: marts/cycle_funnel.parquet is missing",
        f"{CYCLE}/r01: more.parquet is not in the manifest",
        f"{CYCLE}/r02: manifest.json is missing",
        f"current.json: {CYCLE}/r02 is missing",
        "notes.txt: is no part of a release",
    ]
    assert told(settings, store) == sorted(wrong)
    assert list((settings.build / ".tmp").iterdir()) == [] and verify(settings) == []
    monkeypatch.setenv("MUTAKHIR_LAKE", str(settings.lake))
    monkeypatch.setenv("COLUMNS", "200")
    for arguments, lake in (((), True), (("--url", store.url), False)):
        done = CliRunner().invoke(app, ["verify", *arguments])
        assert done.exit_code == 1 and all(line.split(": ")[1] in done.stderr for line in wrong)
        assert ("Every release in" in done.stdout) is lake


def test_another_release_under_a_name_is_told_by_the_lake(settings: Settings, store: Store) -> None:
    """Consistent in itself, signed or not: the store must hold what this lake published."""
    theirs = next(copies(settings))
    make_candidate(theirs, amount=1)
    release(theirs)
    release(Settings(lake=settings.lake, publish_url=""))
    assert told(theirs, store) == []
    assert told(settings, store) == [
        f"{CYCLE}/r01: is another release than the lake's",
        "current.json: names others than the lake's: publish again",
    ]


def wrong_bucket(environment: dict[str, str]) -> None:
    environment["MUTAKHIR_PUBLISH_URL"] = "s3://no-such-bucket/place"


def wrong_password(environment: dict[str, str]) -> None:
    environment["AWS_SECRET_ACCESS_KEY"] = "s3cr.et"


def wrong_key(environment: dict[str, str]) -> None:
    environment["AWS_ACCESS_KEY_ID"] = "s3cr.et"


def nobody_there(environment: dict[str, str]) -> None:
    environment["AWS_ENDPOINT_URL"] = "http://127.0.0.1:1"


def no_tls(environment: dict[str, str]) -> None:
    environment["AWS_ALLOW_HTTP"] = "false"


def password_in_the_url(environment: dict[str, str]) -> None:
    environment["MUTAKHIR_PUBLISH_URL"] = f"s3://{KEY}:s3cr.et@{BUCKET}/place"


def no_place(environment: dict[str, str]) -> None:
    environment["MUTAKHIR_PUBLISH_URL"] = "ftp://127.0.0.1/place"


@pytest.mark.parametrize(
    ("harm", "said"),
    [
        (wrong_bucket, "there is no such bucket"),
        (wrong_password, "does not let these credentials in"),
        (wrong_key, "does not let these credentials in"),
        (nobody_there, "does not answer as it should"),
        (no_tls, "AWS_ALLOW_HTTP=true"),
        (password_in_the_url, "says more than a place"),
        (no_place, "this is no place in a store"),
    ],
)
def test_a_store_that_cannot_be_used(
    settings: Settings, s3: Server, monkeypatch: pytest.MonkeyPatch, harm: Callable[[dict[str, str]], None], said: str
) -> None:
    environment = {"MUTAKHIR_LAKE": str(settings.lake), "COLUMNS": "400"}
    harm(environment)
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    with pytest.raises(PublishRefused, match=said) as refused:
        release(Settings())
    done = CliRunner().invoke(app, ["verify"])
    assert done.exit_code == 1 and said in done.stderr
    assert not [secret for secret in ("s3cr", PASSWORD, KEY) if secret in str(refused.value) + done.output]
    assert in_lake(settings) == {} and not trail_path(settings).exists()
    assert release(Settings(publish_url="")) == "r01"


def test_marts_are_read_where_they_are(settings: Settings, s3: Server, store: Store) -> None:
    """By DuckDB itself, and by whatever takes a file system of fsspec."""
    release(settings)
    current = named(store)[CYCLE]
    mart = f"{store.url}/releases/{CYCLE}/{current}/marts/cycle_funnel.parquet"
    expected = [("PKH", 4), ("SEMBAKO", 1)]
    (extension,) = Path(duckdb_extension_httpfs.__file__).parent.rglob("httpfs.duckdb_extension")
    with duckdb.connect() as connection:
        connection.load_extension(str(extension))
        connection.execute(
            f"create secret (type s3, key_id '{KEY}', secret '{PASSWORD}', region 'us-east-1', use_ssl false,"
            f" url_style 'path', endpoint '{s3.endpoint.removeprefix('http://')}')"
        )
        assert connection.sql(f"select programme, listed from '{mart}' order by 1").fetchall() == expected
        lists = f"from read_parquet('{store.url}/{R01}/decisions/*/*.parquet', hive_partitioning = true)"
        assert connection.sql(f"select programme, count(*) {lists} group by 1 order by 1").fetchall() == expected
    with FsspecStore("s3").open(mart) as file:
        assert pq.read_table(file, columns=["programme", "listed"]).to_pydict() == {
            "programme": ["PKH", "SEMBAKO"],
            "listed": [4, 1],
        }


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


def test_a_lake_whose_disk_is_lost_goes_on_from_what_the_store_has(settings: Settings, store: Store) -> None:
    release(settings)
    make_candidate(settings, amount=1)
    release(settings, "wrong amount")
    new = Settings(lake=settings.lake.with_name("new"))
    for name in store.names("releases"):
        store.fetch(name, new.lake / name)
    assert [problem.where for problem in verify(new)] == ["audit trail"]  # which no store has
    shutil.copytree(settings.audit, new.audit)
    assert verify(new) == [] == told(new, store) and in_lake(new) == {CYCLE: "r02"}
    make_candidate(new, "2025-12")
    assert release(new, cycle="2025-12") == "r01"
    assert named(store) == in_lake(new) == {CYCLE: "r02", "2025-12": "r01"} and told(new, store) == []
