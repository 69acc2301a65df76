"""The dashboards as people meet them: every chart drawn, figures of the marts, and no lock in the way of a publish."""

import os
import shutil
import stat
from pathlib import Path
from typing import Any

import duckdb
import pytest
import yaml
from playwright.sync_api import Page, expect

from orchestration.publish.bi import bi_path
from orchestration.settings import PROJECT_ROOT, Settings
from tests.dashboards.conftest import Superset

pytestmark = [pytest.mark.dashboards, pytest.mark.timeout(900)]

BUNDLE = PROJECT_ROOT / "dashboards" / "bundle"
NAMES = ("cycle", "region", "data_quality", "trends")
LISTED = "select sum(listed) from cycle_funnel where area_level = 'nation'"


def charts(name: str) -> list[str]:
    """Titles of a dashboard's charts."""
    cells = yaml.safe_load((BUNDLE / "dashboards" / f"{name}.yaml").read_text())["position"].values()
    return [cell["meta"]["sliceName"] for cell in cells if isinstance(cell, dict) and cell.get("type") == "CHART"]


def shown(page: Page, superset: Superset, name: str) -> None:
    """Open a dashboard, all of it in sight, and wait until nothing loads any more."""
    page.goto(f"{superset.url}/superset/dashboard/mutakhir-{name.replace('_', '-')}/")
    page.locator("[data-test=grid-container], .grid-container").first.wait_for()
    page.set_viewport_size({"width": 1600, "height": 4200})
    for title in charts(name):
        expect(page.get_by_text(title, exact=True).first).to_be_visible()
    expect(page.locator("[data-test=loading-indicator], .loading")).to_have_count(0, timeout=120_000)


@pytest.mark.parametrize("name", NAMES)
def test_every_chart_is_drawn(signed_in: Page, superset: Superset, name: str, tmp_path: Path) -> None:
    answers: list[int] = []
    signed_in.on("response", lambda response: answers.append(response.status))
    asked: set[str] = set()
    signed_in.on("requestfinished", lambda request: asked.add(request.url.split("/")[2]))
    shown(signed_in, superset, name)
    picture = signed_in.screenshot(path=tmp_path / f"{name}.png")
    assert len(charts(name)) >= 10 or name == "region"
    assert signed_in.locator("[data-test=error-message], .ant-alert-error, .chart-container .ant-alert").count() == 0
    assert not [status for status in answers if status >= 400]
    assert asked == {superset.url.split("/")[2]}
    assert len(picture) > 50_000


def test_a_figure_is_that_of_the_mart(signed_in: Page, superset: Superset) -> None:
    with duckdb.connect(str(bi_path(Settings(lake=superset.lake))), read_only=True) as marts:
        ((listed,),) = marts.execute(LISTED).fetchall()
    shown(signed_in, superset, "cycle")
    figures = signed_in.locator(".header-line").all_text_contents()
    assert listed > 0
    assert figures[0] == f"{listed:,}"


def test_a_publish_replaces_what_is_read_and_the_next_query_shows_it(signed_in: Page, superset: Superset) -> None:
    marts = bi_path(Settings(lake=superset.lake))
    before = asked(signed_in, superset, LISTED)
    beside = marts.with_name("beside.duckdb")
    shutil.copy(marts, beside)
    with duckdb.connect(str(beside)) as changed:
        changed.execute("update cycle_funnel set listed = listed + 1000 where area_level = 'nation'")
        ((after,),) = changed.execute(LISTED).fetchall()
    os.replace(beside, marts)
    assert after > before
    assert asked(signed_in, superset, LISTED) == after
    with duckdb.connect(str(marts)) as writer:  # nobody holds a lock on it
        assert writer.execute(LISTED).fetchall() == [(after,)]


def test_nobody_can_write_through_it(signed_in: Page, superset: Superset) -> None:
    assert "error" in str(answer(signed_in, superset, "delete from cycle_funnel")).lower()
    with duckdb.connect(str(bi_path(Settings(lake=superset.lake))), read_only=True) as marts:
        assert marts.execute("select count(*) > 0 from cycle_funnel").fetchall() == [(True,)]


def test_nobody_reads_other_files_through_it(signed_in: Page, superset: Superset) -> None:
    """The lists, which name families, lie beside the marts."""
    lists = next((superset.lake / "releases").glob("*/*/next_list/*/*.parquet"))
    said = str(answer(signed_in, superset, f"select count(*) from read_parquet('{lists}')"))
    assert "Cannot access file" in said
    assert int(duckdb.read_parquet(str(lists)).count("*").fetchall()[0][0]) > 0


def test_its_state_is_private(superset: Superset) -> None:
    assert stat.S_IMODE(superset.home.stat().st_mode) == 0o700
    for name in ("admin-password", "secret-key"):
        assert stat.S_IMODE((superset.home / name).stat().st_mode) == 0o600


def asked(page: Page, superset: Superset, query: str) -> int:
    """The one value that a query gives."""
    (row,) = answer(page, superset, query)["data"]
    return int(next(iter(row.values())))


def answer(page: Page, superset: Superset, query: str) -> dict[str, Any]:
    """What SQL Lab answers."""
    headers = {"Referer": superset.url}
    token = page.request.get(f"{superset.url}/api/v1/security/csrf_token/", headers=headers).json()["result"]
    found = page.request.get(f"{superset.url}/api/v1/database/", headers=headers).json()["result"]
    database = next(one["id"] for one in found if one["database_name"] == "Mutakhir")
    response = page.request.post(
        f"{superset.url}/api/v1/sqllab/execute/",
        headers={**headers, "X-CSRFToken": token},
        data={"database_id": database, "sql": query, "schema": "main", "runAsync": False},
    )
    return dict(response.json())
