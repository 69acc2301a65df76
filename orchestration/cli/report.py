"""The command that makes a cycle report again."""

from typing import Annotated

import typer

from orchestration.cli.shell import CycleOption, app, console, readable_releases, refusals
from orchestration.settings import Settings


@app.command()
def report(
    cycle: CycleOption,
    release: Annotated[
        str | None, typer.Option(metavar="rNN", help="Of this release, e.g. r01. Default: of the candidate.")
    ] = None,
) -> None:
    """Make the cycle report again, one HTML file in Indonesian and English, and print where it is.

    `run` and `publish` make it by themselves. That of a candidate shows the signatures at hand: make it again after
    signing.
    """
    from orchestration.publish.sealed import PublishRefused
    from orchestration.report.editions import NothingToReport
    from orchestration.report.page import write_report

    with readable_releases(), refusals(NothingToReport, PublishRefused):
        path = write_report(Settings(), cycle, release)
    console.print(str(path), soft_wrap=True)
