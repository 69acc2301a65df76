"""A lake with cycles of many months, for tests of retention: what is held, released, and what of it is there."""

from datetime import date
from pathlib import Path

from orchestration.contracts.sources import SOURCES
from orchestration.cycles import parse_cycle
from orchestration.ingest.delivery import ingest_source
from orchestration.publish.release import publish
from orchestration.retention.plan import Plan
from orchestration.retention.terms import read_terms
from orchestration.settings import PROJECT_ROOT, Settings
from tests.builds import make_candidate, passes
from tests.landed import EVENTS, REGISTER, deliver, payments, register

TERMS = read_terms(PROJECT_ROOT / "config" / "retention.toml")
NEWEST = "2026-03"
DEATHS = [{"nik": "1", "jenis_peristiwa": "KEMATIAN", "tanggal_peristiwa": "2020-01-01"}]
LONG_AGO, TODAY = "2020-01", date(2026, 4, 18)


def release(lake: Settings, cycle: str) -> None:
    make_candidate(lake, cycle)
    publish(lake, cycle, evaluate=passes)


def hold(lake: Settings, source: str, cycle: str, **style: object) -> None:
    """Deliver and ingest, so that landing and raw both have it."""
    rows = {REGISTER: register(2), EVENTS: payments(2), "dukcapil_peristiwa": DEATHS}.get(source)
    if rows is None:
        rows = [{column.name: "1" for column in SOURCES[source].columns}]
    deliver(lake, source, cycle, rows=rows, **style)
    ingest_source(lake, cycle, source)


def months_before(cycle: str, months: int) -> str:
    return parse_cycle(cycle).shift(-months).key


def names(items: tuple) -> list[str]:
    return [item.name for item in items]


def kept(plan: Plan, name: str) -> list[str]:
    return [item.why for item in plan.stays if item.name == name]


def files(root: Path) -> set[str]:
    return {path.relative_to(root).as_posix() for path in root.rglob("*") if not path.is_dir()}
