"""`python -m benchmarks`: measure, keep the figures, show them."""

import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from benchmarks import results
from benchmarks.ladder import rung, simulated
from benchmarks.peers import comparison

app = typer.Typer(no_args_is_help=True, add_completion=False, help="Speed and memory, measured on this machine.")
console = Console(highlight=False)


class Form(StrEnum):
    """How deliveries come."""

    parquet = "parquet"
    csv = "csv"


@app.command()
def ladder(
    families: Annotated[list[int], typer.Argument(help="Sizes of the nation, e.g. 20000 1000000 10000000.")],
    form: Annotated[Form, typer.Option("--format", help="How deliveries come.")] = Form.parquet,
    memory_limit: Annotated[str, typer.Option(help="Memory of the engine; it spills beyond.")] = "8GB",
    folder: Annotated[Path | None, typer.Option(help="Where lakes are made and removed; needs the room.")] = None,
    keep_lake: Annotated[bool, typer.Option(help="Leave the last lake for a look.")] = False,
) -> None:
    """Run whole cycles of growing nations, keep the figures and render RESULTS.md."""
    on, rows = results.machine(), []
    where = folder or Path(tempfile.mkdtemp(prefix="mutakhir-ladder-"))
    for number in families:
        console.print(f"{number:,} families, {form}")
        row = rung(where, number, form.value, memory_limit)
        rows.append(row)
        console.print(
            f"  {row['seconds']:.0f} s ({row['cpu_seconds']:.0f} s of processors),"
            f" {row['peak_memory'] / 1e9:.1f} GB memory, {row['peak_disk_beside_deliveries'] / 1e9:.1f} GB disk"
        )
    if not keep_lake:
        shutil.rmtree(where, ignore_errors=True)
    console.print(f"kept in {results.keep('ladder', rows, on)}")
    console.print(f"shown in {results.render()}")


@app.command()
def peers(
    families: Annotated[list[int], typer.Argument(help="Sizes of the nation, e.g. 300000 1000000 3000000 10000000.")],
    engine: Annotated[
        list[str] | None, typer.Option(help=f"Engines to run, all unless said: {', '.join(comparison.ENGINES)}.")
    ] = None,
    repetitions: Annotated[int, typer.Option(min=1, help="How often each engine runs.")] = 3,
    timeout: Annotated[
        float, typer.Option(help="Seconds after which an engine is stopped, and not tried again.")
    ] = 1800,
    memory: Annotated[float, typer.Option(help="Gigabytes that all processes of an engine may hold.")] = 8,
    folder: Annotated[Path | None, typer.Option(help="Where lakes are made and removed; needs the room.")] = None,
) -> None:
    """Run the same core work on several engines side by side, compare the results, keep and show the figures.

    Exit code 1 where results differ: then the figures are void.
    """
    engines = engine or list(comparison.ENGINES)
    if unknown := set(engines) - set(comparison.ENGINES):
        raise typer.BadParameter(f"no such engine: {', '.join(sorted(unknown))}")
    on = results.machine()
    with _working_folder(folder, "peers") as where:
        try:
            rows = comparison.compare(families, engines, repetitions, timeout, memory, where, console.print)
        except comparison.NoPeers as error:
            raise typer.BadParameter(str(error)) from error
    console.print(f"kept in {results.keep('peers', rows, on)}")
    console.print(f"shown in {results.render()}")
    if differing := [f"{row['engine']} at {row['families']:,}" for row in rows if row.get("equal") is False]:
        console.print(f"[red]void:[/red] results differ from the first engine's: {', '.join(differing)}")
        raise typer.Exit(1)


@app.command()
def floor(
    families: Annotated[list[int], typer.Argument(help="Sizes of the nation, e.g. 1000000 10000000.")],
    memory: Annotated[float, typer.Option(help="Gigabytes; the engine is told three quarters, and spills beyond.")] = 8,
    folder: Annotated[Path | None, typer.Option(help="Where lakes are made and removed; needs the room.")] = None,
) -> None:
    """Run the bare core on DuckDB once: what no whole cycle can be faster than. Keep the figures and show them."""
    on, rows = results.machine(), []
    with _working_folder(folder, "floor") as where:
        for number in families:
            landing = simulated(where, number)
            run = comparison.run_engine("duckdb", landing, where / "engine", memory, float("inf"), stop=False)
            rows.append({"families": number, "memory_gb": memory, **run})
            console.print(f"{number:,} families: {run.get('failed') or format(run['process_seconds'], '.1f') + ' s'}")
    console.print(f"kept in {results.keep('floor', rows, on)}")
    console.print(f"shown in {results.render()}")
    if any("failed" in row for row in rows):
        raise typer.Exit(1)


@contextmanager
def _working_folder(folder: Path | None, name: str) -> Iterator[Path]:
    """A folder of the benchmark's own, under ``folder`` if that is given, removed at the end."""
    if folder:
        folder.mkdir(parents=True, exist_ok=True)
    where = Path(tempfile.mkdtemp(prefix=f"mutakhir-{name}-", dir=folder))
    try:
        yield where
    finally:
        shutil.rmtree(where, ignore_errors=True)


@app.command()
def render() -> None:
    """Make RESULTS.md and its pictures from the newest figures again."""
    console.print(f"shown in {results.render()}")


if __name__ == "__main__":
    app()
