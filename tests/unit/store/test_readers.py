"""Who reads releases in an object store: verify, BI tools, a new lake; and a store that cannot be used."""

import shutil
from collections.abc import Callable
from pathlib import Path

import duckdb
import duckdb_extension_httpfs
import obstore
import pyarrow.parquet as pq
import pytest
from obstore.fsspec import FsspecStore
from typer.testing import CliRunner

from orchestration.audit import trail_path
from orchestration.cli import app
from orchestration.publish.sealed import PublishRefused
from orchestration.publish.verify import verify
from orchestration.settings import Settings
from orchestration.store import Store
from tests.builds import copies, make_candidate
from tests.objectstore import BUCKET, KEY, PASSWORD, Server
from tests.published import CYCLE, FUNNEL, PART, R01, in_lake, named, release, told

pytestmark = pytest.mark.slow


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
