"""`python -m benchmarks`: measure, keep the figures, show them."""

import shutil
import tempfile
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from benchmarks import results
from benchmarks.ladder import rung

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
def render() -> None:
    """Make RESULTS.md and its pictures from the newest figures again."""
    console.print(f"shown in {results.render()}")


if __name__ == "__main__":
    app()
