"""The cycle report as one HTML file that asks nothing of any network: templates/ filled in, once in each language.

What it shows is content.py, words are language.py. Every figure carries its value (``data-value``) and where it comes
from (``data-of``, ``data-column``, ``data-programme``, ``data-area`` ...), so that a machine can compare them.
"""

import base64
import hashlib
import os
import tempfile
from collections.abc import Mapping
from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from orchestration.report.attention import CAP, DAMPING, LEAST
from orchestration.report.content import NATION, Content, gather
from orchestration.report.editions import edition
from orchestration.report.figures import OPEN, REMOVED, Figures
from orchestration.report.flow import NEXT, flow, total
from orchestration.report.language import CODES, Language
from orchestration.report.paths import report_path
from orchestration.report.tiles import COLUMNS, ROWS
from orchestration.settings import Settings, private_dir

TEMPLATES = Path(__file__).parent / "templates"
SECTIONS = (
    "summary", "funnel", "changes", "reasons", "criteria", "rounds", "coverage", "provinces", "regencies", "gates",
    "quality", "amounts", "accuracy", "signoffs", "digests",
)  # fmt: skip
"""Parts of the page, in order: each has a template, a title among the words, and an anchor of this name."""


def write_report(settings: Settings, cycle: str, release: str | None = None) -> Path:
    """Make the report of the cycle's candidate, or of one of its releases, and return its path.

    The file of before stays whole until the new one takes its name. Raises NothingToReport, PublishRefused,
    ReleaseIndexDamaged.
    """
    path = report_path(settings, cycle, release)
    found = gather(settings, edition(settings, cycle, release))
    folder = private_dir(path.parent)
    for leftover in folder.glob(f".{path.name}.*"):
        leftover.unlink()
    page = render(found, _links(settings, found, folder))
    handle, name = tempfile.mkstemp(dir=folder, prefix=f".{path.name}.")
    with os.fdopen(handle, "w", encoding="utf-8") as file:
        file.write(page)
        file.flush()
        os.fsync(file.fileno())
    os.replace(name, path)
    return path


def _links(settings: Settings, found: Content, folder: Path) -> dict[str, str]:
    """Other pages that are there at this moment, by paths relative to the report's."""
    links = {}
    if found.edition.manifest.release is None and (folder / "data_docs" / "index.html").is_file():
        links["data_docs"] = "data_docs/index.html"
    if found.difference and (before := found.difference.against):
        page = report_path(settings, before.cycle, before.release)
        if page.is_file():
            links["previous"] = os.path.relpath(page, folder)
    return links


def render(found: Content, links: Mapping[str, str]) -> str:
    """The whole page."""
    environment = Environment(
        loader=FileSystemLoader(TEMPLATES),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    script = (TEMPLATES / "report.js").read_text(encoding="utf-8")
    return environment.get_template("page.html.j2").render(
        languages=[Language(code) for code in CODES],
        sections=SECTIONS,
        found=found,
        links=links,
        figures=Figures(found),
        style=(TEMPLATES / "report.css").read_text(encoding="utf-8"),
        script=script,
        script_digest=base64.b64encode(hashlib.sha256(script.encode()).digest()).decode(),
        total=total,
        flow=flow,
        NATION=NATION,
        NEXT=NEXT,
        REMOVED=REMOVED,
        OPEN=OPEN,
        GRID=(COLUMNS, ROWS),
        DAMPING=DAMPING,
        LEAST=LEAST,
        CAP=CAP,
    )
