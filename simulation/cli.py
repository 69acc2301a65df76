"""The command `mutakhir-simulate`: reads its options, calls nation.simulate, prints what was written."""

import time
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn, TimeElapsedColumn
from rich.table import Table

from simulation.clock import Month
from simulation.deliveries import SENDERS, ForeignDelivery
from simulation.nation import simulate
from simulation.plan import Plan

app = typer.Typer(add_completion=False, rich_markup_mode="rich")


class Scenario(StrEnum):
    """The stories that can be simulated."""

    NOVEMBER_2025 = "november-2025"


class Format(StrEnum):
    """File formats of the landing contract."""

    PARQUET = "parquet"
    CSV = "csv"


@app.command()
def main(
    families: Annotated[int, typer.Option(min=100, max=100_000_000, help="Families of the nation in November 2025.")],
    cycle: Annotated[str, typer.Option(help="Month to deliver for, YYYY-MM, 2025-01 to 2035-12.")],
    seed: Annotated[int, typer.Option(min=0, help="Another seed is another nation.")] = 1,
    scenario: Annotated[Scenario, typer.Option(help="The story behind the lists.")] = Scenario.NOVEMBER_2025,
    format: Annotated[Format, typer.Option(help="Format of the data files.")] = Format.PARQUET,
    clean: Annotated[bool, typer.Option("--clean", help="Leave out all anomalies of data.")] = False,
    lake: Annotated[Path, typer.Option(envvar="MUTAKHIR_LAKE", help="Root of the lake.")] = Path("lake"),
) -> None:
    """Write a month's deliveries of all ten sources, as the agencies would.

    The families do not exist. The same families, cycle and seed give the same
    files and replace what an earlier call wrote; deliveries of anybody else are
    never touched. In the next cycle it is the same nation, a month older; if the
    cycle before was published in this lake, the lists are its next lists.

    [bold]Examples[/bold]

      mutakhir-simulate --families 20000 --cycle 2025-11

      mutakhir-simulate --families 1000000 --cycle 2025-12 --seed 7

      mutakhir-simulate --families 2000 --cycle 2025-11 --format csv --clean
    """
    console = Console()
    try:
        plan = Plan(families, Month.parse(cycle), seed, clean)
    except ValueError as error:
        raise typer.BadParameter(str(error), param_hint="--cycle") from error
    began = time.monotonic()
    try:
        with _bar(console) as bar:
            task = bar.add_task("ranking", total=families)
            result = simulate(
                plan,
                lake.expanduser().absolute(),
                format.value,
                lambda phase, done, total: bar.update(task, description=phase, completed=done, total=total),
            )
    except (ForeignDelivery, OSError, ValueError) as error:
        console.print(f"[red]not written:[/red] {error}", highlight=False)
        raise typer.Exit(1) from error
    table = Table(title=f"{plan.cycle.key}, {scenario.value}, seed {seed}" + (", clean" if clean else ""))
    table.add_column("source")
    table.add_column("rows", justify="right")
    for source in SENDERS:
        table.add_row(source, f"{result.rows[source]:,}")
    console.print(table)
    origin = f"the next lists of release {result.carried_from}" if result.carried_from else "drawn"
    console.print(f"lists: {origin}", highlight=False)
    seconds = time.monotonic() - began
    console.print(f"written to {lake / 'landing' / plan.cycle.key} in {seconds:.1f} s", highlight=False, soft_wrap=True)


def _bar(console: Console) -> Progress:
    return Progress(
        TextColumn("{task.description}"),
        BarColumn(),
        TaskProgressColumn(),
        TimeElapsedColumn(),
        console=console,
        transient=True,
    )
