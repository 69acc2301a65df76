"""A real Superset, started as people start it, over a lake with a release; and a page that is signed in to it."""

import os
import signal
import socket
import subprocess
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from urllib.error import URLError
from urllib.request import urlopen

import pytest
from playwright.sync_api import Page, sync_playwright

from orchestration.settings import PROJECT_ROOT
from tests.browser.conftest import CHROMIUM
from tests.pipeline.platform import Platform

START_SECONDS = 240


@dataclass(frozen=True)
class Superset:
    """Where it answers, and its private folder."""

    url: str
    home: Path
    lake: Path

    @property
    def password(self) -> str:
        return (self.home / "admin-password").read_text().strip()


@pytest.fixture(scope="session")
def superset(platform: Platform, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Superset]:
    home, lake = tmp_path_factory.mktemp("superset") / "home", platform.settings.lake
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    with (home.parent / "said").open("wb") as said:
        server = subprocess.Popen(
            ["make", "dashboards", f"SUPERSET_HOME={home}", f"DASHBOARDS_PORT={port}"],
            cwd=PROJECT_ROOT,
            env={**os.environ, "MUTAKHIR_LAKE": str(lake)},
            stdout=said,
            stderr=said,
            start_new_session=True,
        )
    try:
        _wait(f"http://127.0.0.1:{port}/health", server, home.parent / "said")
        yield Superset(f"http://127.0.0.1:{port}", home, lake)
    finally:
        os.killpg(server.pid, signal.SIGTERM)
        server.wait(30)


def _wait(url: str, server: subprocess.Popen[bytes], said: Path) -> None:
    until = time.monotonic() + START_SECONDS
    while time.monotonic() < until:
        assert server.poll() is None, said.read_text()
        try:
            with urlopen(url, timeout=5):
                return
        except (URLError, OSError):
            time.sleep(1)
    raise AssertionError(f"Superset did not answer: {said.read_text()}")


@pytest.fixture(scope="session")
def signed_in(superset: Superset) -> Iterator[Page]:
    """A page of a person who is signed in."""
    assert CHROMIUM, "Chromium is not installed: make test-dashboards installs it"
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox", "--disable-gpu"])
        page = browser.new_page(viewport={"width": 1600, "height": 1100})
        page.set_default_timeout(120_000)
        page.goto(f"{superset.url}/login/")
        page.locator("#username").fill("admin")
        page.locator("#password").fill(superset.password)
        page.locator("button[type=submit], [data-test=login-button]").first.click()
        page.wait_for_url("**/welcome/**")
        yield page
        browser.close()
