"""A cycle as it should be: delivered, run, published, read; and nothing is done twice."""

import dagster as dg
import duckdb
import pytest

from orchestration.audit import entries
from orchestration.automation import request_cycle
from orchestration.candidate.manifest import Manifest, read_manifest
from orchestration.released import current_release
from tests.pipeline.platform import SIGNERS, Platform
from tests.pipeline.story import DECEMBER, NOVEMBER, Recovered, Released

pytestmark = pytest.mark.pipeline


def manifest_of(platform: Platform, cycle: str) -> Manifest:
    folder = current_release(platform.settings, cycle)
    assert folder is not None
    return read_manifest(folder)[0]


def test_no_gate_blocks_it(platform: Platform, released: Released) -> None:
    """The first cycle has nothing to compare the number of families with, which is said and does not block."""
    assert (released.run.returncode, released.run.stderr) == (0, "")
    assert (
        f"Cycle {NOVEMBER} passed its gates. Next: mutakhir diff --cycle {NOVEMBER}, then sign and publish"
        in released.run.stdout
    )
    failed = [gate for gate in manifest_of(platform, NOVEMBER).gate_results if not gate.passed]
    assert [(gate.gate, gate.severity) for gate in failed] == [("family_count_drift", "warn")]
    assert "has nothing to compare with" in failed[0].detail


def test_the_next_cycle_trips_no_gate_at_all(platform: Platform, recovered: Recovered) -> None:
    """It is compared with the first."""
    assert [gate.gate for gate in manifest_of(platform, DECEMBER).gate_results if not gate.passed] == []
    previous = manifest_of(platform, DECEMBER).previous
    assert previous is not None and (previous.cycle, previous.release) == (NOVEMBER, "r01")


def test_it_is_published_and_verifies(platform: Platform, released: Released, recovered: Recovered) -> None:
    assert (released.publish.returncode, released.publish.stderr) == (0, "")
    assert f"Release: {platform.settings.releases / NOVEMBER / 'r01'}" in released.publish.stdout
    assert (recovered.verify.returncode, recovered.verify.stderr) == (0, "")
    assert manifest_of(platform, NOVEMBER).passed


def test_unsigned_it_is_not_published(platform: Platform, released: Released) -> None:
    assert released.unsigned.returncode == 1
    said = released.unsigned.stderr
    assert "not published: role kemensos has not signed" in said and "role bps has not signed" in said
    signed = {(signoff.person, signoff.role) for signoff in manifest_of(platform, NOVEMBER).signoffs}
    assert signed == {(person, role) for person, role in SIGNERS.items()}


def test_the_audit_trail_tells_of_every_act(platform: Platform, recovered: Recovered) -> None:
    acts = [(entry.action, entry.cycle) for entry in entries(platform.settings)]
    for cycle in (NOVEMBER, DECEMBER):
        assert {action for action, of in acts if of == cycle} >= {"ingest", "verdict", "sign", "release"}
        assert acts.count(("sign", cycle)) == 2 and acts.count(("release", cycle)) == 1
    assert acts.count(("limits", None)) == 1
    done = platform.mutakhir("audit", "verify")
    assert (done.returncode, done.stderr) == (0, "") and "The chain holds" in done.stdout


def test_publishing_again_does_nothing_and_says_so(recovered: Recovered) -> None:
    assert recovered.again.returncode == 0
    said = f"The candidate of {DECEMBER} is its current release already: nothing was changed."
    assert said in recovered.again.stdout
    assert said not in recovered.publish.stdout
    assert recovered.published_again == recovered.published


def test_bi_has_every_mart_of_both_releases(platform: Platform, recovered: Recovered) -> None:
    rows: dict[str, int] = {}
    for cycle in (NOVEMBER, DECEMBER):
        for name, data_set in manifest_of(platform, cycle).data_sets.items():
            if name.startswith("marts/"):
                mart = name.removeprefix("marts/")
                rows[mart] = rows.get(mart, 0) + data_set.rows
    with duckdb.connect(str(platform.settings.bi / "marts.duckdb"), read_only=True) as connection:
        for mart, expected in rows.items():
            assert connection.execute(f"select count(*) from {mart}").fetchall() == [(expected,)], mart
        listed = connection.execute(
            "select cycle, sum(listed) from cycle_funnel where area_level = 'nation' group by cycle order by cycle"
        ).fetchall()
    assert {"cycle_funnel", "removal_reasons", "decile_coverage", "delivery_quality", "gate_results"} <= rows.keys()
    assert [cycle for cycle, families in listed if families] == [NOVEMBER, DECEMBER]


def test_schedule_and_sensor_know_what_a_command_has_run(platform: Platform) -> None:
    """The run of a command carries the fingerprint of its deliveries in the same instance."""
    with platform.instance() as instance:
        said = request_cycle(instance, platform.settings, NOVEMBER)
        assert isinstance(said, dg.SkipReason)
        assert said.skip_message == f"cycle {NOVEMBER} was run with these deliveries"
        runs = instance.get_runs(dg.RunsFilter(tags={"dagster/partition": NOVEMBER}, job_name="update_cycle"))
    assert runs[-1].status is dg.DagsterRunStatus.SUCCESS
