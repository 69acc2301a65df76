"""Dagster's page over a blocked run, in headless Chromium: the asset graph, checks and the failed gate; all offline."""

import re
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from orchestration.settings import PROJECT_ROOT
from tests.golden import loader
from tests.pipeline.platform import Platform, failures

pytestmark = pytest.mark.browser

SECONDS = 120
FLOW = ("landing", "ingest", "staging", "households", "eligibility", "lists", "marts", "candidate", "gates", "publish")


@pytest.fixture(scope="module")
def address(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Where Dagster serves the instance of a run that its gates have blocked."""
    platform = Platform(tmp_path_factory.mktemp("page"))
    loader.load().write(platform.settings.lake)
    assert failures(platform.execute("update_cycle", loader.CYCLE)).keys() == {"gate_verdict"}
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    command = [str(Path(sys.executable).with_name("dagster-webserver")), "--workspace", "workspace.yaml"]
    server = subprocess.Popen(
        [*command, "--host", "127.0.0.1", "--port", str(port)],
        cwd=PROJECT_ROOT,
        env=platform.environment,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        _wait_for(port)
        yield f"http://127.0.0.1:{port}"
    finally:
        server.terminate()
        server.wait(SECONDS)


@pytest.fixture
def page(browser: Browser) -> Iterator[Page]:
    """A page that may ask this machine alone, and in which nothing goes wrong."""
    asked: set[str] = set()
    wrong: list[str] = []
    page = browser.new_page(viewport={"width": 1700, "height": 1000})
    page.set_default_timeout(SECONDS * 1000)
    expect.set_options(timeout=30_000)  # 5 s is what Dagster's page needs to load its definitions on a busy machine
    page.on("request", lambda request: asked.add(request.url.split("/")[2].split(":")[0]))
    page.on("console", lambda message: wrong.append(message.text) if message.type == "error" else None)
    yield page
    page.close()
    assert asked <= {"127.0.0.1", ""}
    assert not wrong


def test_the_asset_graph_reads_like_the_flow(address: str, page: Page) -> None:
    page.goto(f"{address}/asset-groups")
    for group in FLOW:
        expect(page.get_by_text(group, exact=True).first).to_be_visible()


def test_a_failed_gate_says_what_where_and_what_to_do(address: str, page: Page) -> None:
    page.goto(f"{address}/assets/gate_verdict?view=checks&checkDetail=rejected_share_dtsen_keluarga")
    expect(page.get_by_text("Checks (39)")).to_be_visible()
    expect(page.get_by_text(re.compile("above the upper limit of 2 %, worst in"))).to_be_visible()
    expect(page.get_by_text(re.compile("ask the sender for a corrected delivery"))).to_be_visible()


def test_the_values_of_the_gates_are_plotted_and_the_run_names_its_reports(address: str, page: Page) -> None:
    page.goto(f"{address}/assets/gate_verdict?view=overview")
    page.get_by_text("Plots", exact=True).first.click()
    expect(page.get_by_text("gate/removal_rate", exact=True).first).to_be_visible()
    expect(page.locator("canvas").first).to_be_visible()
    page.goto(f"{address}/assets/gate_verdict?view=events")
    for entry in ("manifest", "data_docs", "reports"):
        expect(page.get_by_text(entry, exact=True).first).to_be_visible()


def test_a_model_shows_its_meaning_its_rows_and_its_tests(address: str, page: Page) -> None:
    page.goto(f"{address}/assets/lists/listed_decisions?view=overview")
    expect(page.get_by_text("one row per programme and listed family").first).to_be_visible()
    expect(page.get_by_text("Row count")).to_be_visible()
    expect(page.get_by_text("data-engineering").first).to_be_visible()


def test_the_run_that_was_blocked_is_a_failure(address: str, page: Page) -> None:
    page.goto(f"{address}/runs")
    expect(page.get_by_text("update_cycle").first).to_be_visible()
    expect(page.get_by_text("Failure").first).to_be_visible()


def _wait_for(port: int) -> None:
    until = time.monotonic() + SECONDS
    while time.monotonic() < until:
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.5)
    raise TimeoutError(f"Dagster did not listen on {port} within {SECONDS} s")
