"""Retention over a lake in which two cycles were run and released: what is left still verifies, and can be run."""

import shutil
from dataclasses import dataclass
from datetime import date

import pytest

from orchestration.contracts.sources import SOURCES
from orchestration.ingest.delivery import DeliveryRefused, held_deliveries, ingest_source, read_ingested
from orchestration.publish.verify import trail_problems, verify
from orchestration.retention.plan import Plan
from orchestration.retention.remove import retain
from orchestration.retention.terms import read_terms
from orchestration.settings import Settings
from tests.pipeline.platform import Platform, Tree, tree
from tests.pipeline.story import DECEMBER, NOVEMBER, Recovered

pytestmark = pytest.mark.pipeline

MUCH_LATER = date(2027, 6, 1)


@dataclass(frozen=True)
class Retained:
    """A copy of the lake, a year and a half later."""

    settings: Settings
    plan: Plan
    published_before: Tree


@pytest.fixture(scope="module")
def retained(platform: Platform, recovered: Recovered, tmp_path_factory: pytest.TempPathFactory) -> Retained:
    lake = shutil.copytree(platform.settings.lake, tmp_path_factory.mktemp("later") / "lake")
    settings = Settings(lake=lake, approvers=platform.settings.approvers)
    before = tree(settings.releases, settings.bi, settings.reports, settings.signoffs)
    done = retain(settings, read_terms(settings.retention), MUCH_LATER)
    return Retained(settings, done.plan, before)


def test_what_was_published_is_untouched_and_verifies(retained: Retained) -> None:
    settings = retained.settings
    assert tree(settings.releases, settings.bi, settings.reports, settings.signoffs) == retained.published_before
    assert verify(settings) == [] and trail_problems(settings) == []


def test_november_is_gone_but_for_what_december_reads(retained: Retained) -> None:
    goes = {item.name for item in retained.plan.goes if item.cycle == NOVEMBER}
    stays = {item.name: item.why for item in retained.plan.stays if item.cycle == NOVEMBER}
    events = {name for name, source in SOURCES.items() if source.kind == "event"}
    snapshots = set(SOURCES) - events - {"dtsen_keluarga"}
    assert goes >= {f"landing/{NOVEMBER}/{name}" for name in snapshots} | {f"raw/{name}" for name in snapshots}
    assert goes >= {f"build/{NOVEMBER}", f"candidates/{NOVEMBER}"}
    assert stays[f"landing/{NOVEMBER}/dtsen_keluarga"] == f"the gate decile_jump compares {DECEMBER} with it"
    assert {name for name in stays if name.startswith("landing/")} >= {f"landing/{NOVEMBER}/dukcapil_peristiwa"}
    assert not [item for item in retained.plan.goes if item.cycle >= DECEMBER]
    with pytest.raises(DeliveryRefused, match="has not arrived"):
        ingest_source(retained.settings, NOVEMBER, "dtsen_individu")


def test_december_reads_the_same_deliveries_as_before(platform: Platform, retained: Retained) -> None:
    for name in SOURCES:
        before = read_ingested(platform.settings, DECEMBER, name)
        after = ingest_source(retained.settings, DECEMBER, name)
        assert [d.digest for d in after.deliveries] == [d.digest for d in before.deliveries], name
    of_families = {
        lake: [file.sha256 for file in held_deliveries(settings, NOVEMBER, "dtsen_keluarga")]
        for lake, settings in (("before", platform.settings), ("after", retained.settings))
    }
    assert of_families["before"] and of_families["after"] == of_families["before"]
