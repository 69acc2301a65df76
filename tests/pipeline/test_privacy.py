"""Values of persons are where the lists are, and nowhere else.

Names, addresses, numbers and codes of made-up persons were planted in good, wrong and unparsable rows of every source,
in deliveries that were blocked and in such that were refused (tampered.py).
"""

from collections.abc import Iterator
from pathlib import Path

import duckdb
import pyarrow.parquet as pq
import pytest

from tests.pipeline.platform import Platform
from tests.pipeline.story import NOVEMBER, Blocked, Recovered, Refused
from tests.pipeline.tampered import PLANTED

pytestmark = pytest.mark.pipeline

WITH_PERSONS = ("landing", "raw")
LISTS = ("decisions", "waiting_list", "next_list", "evidence")


def leaks(where: str, content: bytes) -> list[str]:
    """Planted values in a content, each with what stands around it."""
    found = []
    for value in PLANTED:
        at = content.find(value.encode())
        if at >= 0:
            found.append(f"{where}: {value} in {content[max(0, at - 60) : at + 60]!r}")
    return found


def texts(path: Path) -> Iterator[bytes]:
    """The bytes of a file and, where they are compressed, the values in it."""
    yield path.read_bytes()
    if path.suffix == ".parquet":
        yield repr(pq.ParquetFile(path).read().to_pylist()).encode()
    elif path.suffix == ".duckdb":
        with duckdb.connect(str(path), read_only=True) as connection:
            for schema, table in connection.execute("select schema_name, table_name from duckdb_tables()").fetchall():
                yield repr(connection.execute(f'from "{schema}"."{table}"').fetchall()).encode()


def without_persons(platform: Platform) -> Iterator[Path]:
    """Every file of the lake and of Dagster's home, but deliveries, builds and lists."""
    lake = platform.settings.lake
    for path in sorted(platform.root.rglob("*")):
        below = path.relative_to(lake).parts if path.is_relative_to(lake) else ()
        if not path.is_file() or below[:1] in {(name,) for name in WITH_PERSONS}:
            continue
        if below[:1] == ("build",) and path.suffix == ".duckdb":
            continue
        if any(name in LISTS for name in below):
            continue
        yield path


def test_no_planted_value_is_in_any_file_that_holds_no_persons(
    platform: Platform, blocked: Blocked, refused: Refused, recovered: Recovered
) -> None:
    files = list(without_persons(platform))
    lake = platform.settings.lake
    for looked_at in (
        *(lake / "candidates" / NOVEMBER / name for name in ("manifest.json", "gate_evidence.json", "build.json")),
        lake / "candidates" / NOVEMBER / "marts" / "delivery_quality.parquet",
        lake / "build" / f"{NOVEMBER}.json",
        lake / "build" / f"{NOVEMBER}.ingest" / "hasil_salur.json",
        lake / "reports" / NOVEMBER / "data_docs" / "index.html",
        lake / "bi" / "marts.duckdb",
        platform.home / "history" / "runs.db",
    ):
        assert looked_at in files
    assert any("logs" in path.parts or "output" in path.parts for path in files)
    found = [leak for path in files for content in texts(path) for leak in leaks(str(path), content)]
    assert not found, "\n".join(found)


def test_no_planted_value_is_said_by_any_command(
    platform: Platform, blocked: Blocked, refused: Refused, recovered: Recovered
) -> None:
    said = platform.said
    assert blocked.run.stdout in said and refused.run.stderr in said
    found = [leak for text in said for leak in leaks("said", text.encode())]
    assert not found, "\n".join(found)


def test_no_planted_value_is_in_the_words_of_a_job(blocked: Blocked) -> None:
    assert blocked.job_says and leaks("publish", repr(blocked.job_says).encode()) == []


def test_the_search_finds_what_was_planted(platform: Platform, blocked: Blocked) -> None:
    """In the deliveries, in the Parquet files made from them, in the build and in the lists of the candidate."""
    settings = platform.settings
    for paths in (
        [settings.build / f"{NOVEMBER}.duckdb"],
        settings.raw.rglob("*.parquet"),
        (settings.candidates / NOVEMBER / "decisions").rglob("*.parquet"),
    ):
        assert any(leaks("", content) for path in paths for content in texts(path))
