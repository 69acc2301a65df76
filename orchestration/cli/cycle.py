"""Commands of a cycle: run and publish it, what has arrived and what is released, verify the releases."""

from enum import StrEnum
from typing import Annotated

import typer
from rich.status import Status

from orchestration.cli.shell import CycleOption, app, console, errors, failed, known_cycle, readable_releases, refusals
from orchestration.released import current_release
from orchestration.report.paths import report_path
from orchestration.runs import execute
from orchestration.settings import Settings


class Start(StrEnum):
    """Where a run begins."""

    deliveries = "deliveries"
    gates = "gates"


class EngineName(StrEnum):
    """What computes the models."""

    duckdb = "duckdb"
    spark = "spark"


@app.command()
def run(
    cycle: CycleOption,
    start: Annotated[
        Start,
        typer.Option("--from", help="Begin with the deliveries, or judge the candidate again after a changed limit."),
    ] = Start.deliveries,
    engine: Annotated[
        EngineName | None,
        typer.Option(
            help="What computes the models; by default MUTAKHIR_ENGINE, else duckdb. Results are the same.",
            show_default=False,
        ),
    ] = None,
) -> None:
    """Run a cycle: ingest, build, candidate, gates. The candidate is written even when a gate blocks (exit 1)."""
    from orchestration.report import tables

    settings = Settings(engine=engine.value) if engine else Settings()
    only = ["gate_verdict", "cycle_report"] if start is Start.gates else None
    problems = execute(console, settings, "update_cycle", cycle, only=only)
    judged = "gate_verdict" in problems or not problems.keys() - {"cycle_report"}
    if judged and (manifest := tables.sealed_manifest(settings, cycle)):
        console.print(tables.gates(manifest))
        if "cycle_report" not in problems:
            console.print(f"Report: {report_path(settings, cycle)}", soft_wrap=True)
    if problems:
        raise failed(problems)
    console.print(f"Candidate: {settings.candidates / cycle}")
    console.print(f"Data docs: {settings.reports / cycle / 'data_docs' / 'index.html'}")
    console.print(f"Cycle {cycle} passed its gates. Next: mutakhir diff --cycle {cycle}, then sign and publish")


@app.command()
def fetch(cycle: CycleOption) -> None:
    """Copy the deliveries that count in a cycle from the store MUTAKHIR_LANDING_URL names; run does that by itself."""
    from orchestration.contracts.sources import SOURCES
    from orchestration.ingest.fetch import Fetched
    from orchestration.ingest.fetch import fetch as fetch_source
    from orchestration.store import StoreFailed

    settings = Settings()
    if not settings.landing_url:
        raise typer.BadParameter("MUTAKHIR_LANDING_URL names no store: deliveries arrive in the lake itself")
    unfit: dict[str, str] = {}
    for name, source in SOURCES.items():
        with console.status(name) as status, refusals(StoreFailed):

            def told(so_far: Fetched, name: str = name, status: Status = status) -> None:
                status.update(f"{name}: {so_far.files:,} files, {so_far.bytes / 1e9:.1f} GB")

            done = fetch_source(settings, cycle, source, told)
        console.print(
            f"{name}: deliveries there {done.deliveries:,}, files fetched {done.files:,} ({done.bytes / 1e6:,.1f} MB)"
        )
        for warning in done.warnings:
            console.print(f"  {warning}", markup=False, style="yellow", soft_wrap=True)
        if done.problems:
            unfit[name] = "; ".join(problem for problems in done.problems.values() for problem in problems)
    if unfit:
        raise failed(unfit)


@app.command()
def publish(
    cycle: CycleOption,
    reason: Annotated[str | None, typer.Option(help="Why a released cycle is released again (a correction).")] = None,
) -> None:
    """Publish a cycle's candidate: verdict and sign-offs again, then the release, current.json and the BI file."""
    settings = Settings()
    config = {"ops": {"release": {"config": {"reason": reason}}}}
    with readable_releases():
        before = current_release(settings, cycle)
    problems = execute(console, settings, "publish", cycle, config=config)
    if problems.keys() - {"release_report"}:
        raise failed(problems)
    released = current_release(settings, cycle)
    if before == released:
        console.print(f"The candidate of {cycle} is its current release already: nothing was changed.")
    console.print(f"Release: {released}")
    console.print(f"Marts for BI: {settings.bi / 'marts.duckdb'}")
    if settings.publish_url:
        console.print(f"In the store: {settings.publish_url}", soft_wrap=True)
    if problems:
        raise failed(problems)
    if released:
        console.print(f"Report: {report_path(settings, cycle, released.name)}", soft_wrap=True)


@app.command()
def status(
    cycle: Annotated[
        str | None, typer.Option("--cycle", metavar="YYYY-MM", help="Show this cycle's funnel, too.")
    ] = None,
) -> None:
    """Show what has arrived, what is a candidate, and what is released; with --cycle the table of the meeting."""
    from orchestration.report import tables

    settings = Settings()
    with readable_releases():
        console.print(tables.overview(settings))
        if cycle:
            funnel = tables.funnel(settings, known_cycle(cycle))
            if funnel is None:
                nothing = f"cycle {cycle} has no release and no candidate: mutakhir run --cycle {cycle}"
                raise failed({"status": nothing})
            console.print(funnel)


@app.command()
def verify(
    url: Annotated[
        str | None,
        typer.Option(metavar="URL", help="Only the releases in this store, e.g. s3://bucket/prefix."),
    ] = None,
) -> None:
    """Read every digest and link of every release again; exit 1 when anything is not as it was published.

    The lake's, and those in the store that MUTAKHIR_PUBLISH_URL names, if it does.
    """
    from orchestration.publish.verify import Problem
    from orchestration.publish.verify import verify as verify_lake
    from orchestration.publish.verify_store import verify_store
    from orchestration.store import StoreFailed

    settings = Settings()
    store = url or settings.publish_url
    found: dict[str, list[Problem]] = {}
    with console.status("reading every release"), refusals(StoreFailed):
        if not url:
            found[str(settings.releases)] = verify_lake(settings)
        if store:
            found[store] = verify_store(settings, store)
    for place, problems in found.items():
        for problem in problems:
            errors.print(f"[red]{problem.where}[/]: {problem.what}" + (f" ({store})" if place == store else ""))
        if not problems:
            console.print(f"Every release in {place} is as it was published.", soft_wrap=True)
    if any(found.values()):
        raise typer.Exit(1)
