"""The golden case through the real pipeline: what its tables say, what the oracle says, however it is delivered."""

from pathlib import Path

import pyarrow.parquet as pq
import pytest

from orchestration.candidate.manifest import Manifest, read_manifest
from tests.deliveries import Style, write_delivery
from tests.golden import expected, loader
from tests.oracle.compare import KEYS, compare, compare_quality, read
from tests.oracle.run import run
from tests.pipeline.golden import decided
from tests.pipeline.platform import Platform

pytestmark = pytest.mark.pipeline

OTHER_FORMS = {
    "1-of-a-province": Style("parquet", files_per_source=3, shuffle_seed=1),
    "2-of-an-office": Style(files_per_source=2, shuffle_seed=2, delimiter=";", crlf=True, bom=True, gz=True),
    "3/late": Style(shuffle_seed=3),
}
"""Batches of one delivery, by folder."""


@pytest.fixture(scope="module")
def candidate_of_other_form(golden: loader.Golden, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The same rows in other orders, batches, files and formats."""
    platform = Platform(tmp_path_factory.mktemp("golden-again"))
    for cycle, sources in golden.deliveries.items():
        for source, rows in sources.items():
            for number, (batch, style) in enumerate(OTHER_FORMS.items()):
                folder = platform.settings.landing / cycle / source / batch
                write_delivery(folder, source, cycle, rows[number :: len(OTHER_FORMS)], style)
    return decided(platform)


@pytest.mark.parametrize("table", KEYS)
def test_it_decides_as_the_tables_say(table: str, golden: loader.Golden, golden_candidate: Path) -> None:
    found = expected.differences(golden, table, read(golden_candidate / table))
    assert not found, "\n".join(found)


def test_it_counts_rejected_and_flagged_rows_as_the_tables_say(golden: loader.Golden, golden_candidate: Path) -> None:
    rows = pq.ParquetFile(golden_candidate / "marts" / "delivery_quality.parquet").read().to_pylist()
    counts = {(row["source"], row["rule"]): (row["delivered"], row["accepted"], row["rejected"]) for row in rows}
    found = expected.quality_differences(golden, counts)
    assert not found, "\n".join(found)


def test_it_decides_and_counts_as_the_oracle_does(golden: loader.Golden, golden_candidate: Path) -> None:
    outcome = run(golden.rows(), loader.CYCLE)
    differences = compare(outcome, golden_candidate)
    differences += compare_quality(outcome, golden_candidate / "marts" / "delivery_quality.parquet")
    assert not differences, "\n".join(map(str, differences))


def test_the_real_run_follows_the_rules_of_its_day(golden_candidate: Path) -> None:
    """In January 2026 BLTS Kesra has ended, and Sembako reaches decile 4."""
    decisions = read(golden_candidate / "decisions")
    ended = {row["decision"] for row in decisions if row["programme"] == "BLTS_KESRA"}
    assert ended == {"not_in_force"}
    fifth = {row["decision"] for row in decisions if row["programme"] == "SEMBAKO" and row["welfare_decile"] == 5}
    assert "remove" in fifth and not fifth & {"keep", "confirm", "replace"}


def contents(manifest: Manifest) -> dict[str, tuple[int, str]]:
    return {name: (data_set.rows, data_set.content_digest) for name, data_set in manifest.data_sets.items()}


def test_how_it_is_delivered_changes_no_content(golden_candidate: Path, candidate_of_other_form: Path) -> None:
    """Every data set has the same rows and content digest, also marts and gate results; only the deliveries differ."""
    one, other = read_manifest(golden_candidate)[0], read_manifest(candidate_of_other_form)[0]
    assert contents(one) == contents(other)
    assert one.gate_results == other.gate_results
    assert {"decisions", "waiting_list", "next_list", "evidence", "marts/gate_results"} < contents(one).keys()
    assert {delivery.digest for delivery in one.deliveries}.isdisjoint(d.digest for d in other.deliveries)
