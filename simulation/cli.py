"""The command `mutakhir-simulate`: reads its options, calls nation.simulate, prints what was written."""

import time
from dataclasses import replace
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn, TimeElapsedColumn
from rich.table import Table

from simulation.answers import following
from simulation.clock import Month
from simulation.defects.catalogue import DEFECTS, GUARDS, NEEDS, asked
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
    families: Annotated[
        int | None, typer.Option(min=100, max=100_000_000, help="Families of the nation in November 2025.")
    ] = None,
    cycle: Annotated[str | None, typer.Option(help="Month to deliver for, YYYY-MM, 2025-01 to 2035-12.")] = None,
    next_: Annotated[bool, typer.Option("--next", help="The month after the newest simulated in the lake.")] = False,
    seed: Annotated[int | None, typer.Option(min=0, help="Another seed is another nation; 1 unless said.")] = None,
    defect: Annotated[
        list[str] | None, typer.Option(metavar="NAME[=SHARE]", help="A defect to make; may be given several times.")
    ] = None,
    list_defects: Annotated[bool, typer.Option("--list-defects", help="Print the defects and end.")] = False,
    scenario: Annotated[Scenario, typer.Option(help="The story behind the lists.")] = Scenario.NOVEMBER_2025,
    format: Annotated[
        Format | None, typer.Option(help="Format of the data files; parquet unless said.", show_default=False)
    ] = None,
    clean: Annotated[bool, typer.Option("--clean", help="Leave out the anomalies that every delivery has.")] = False,
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

      mutakhir-simulate --next --defect families_unmatched --defect orphans=0.02
    """
    console = Console()
    if list_defects:
        _print_defects(console)
        return
    lake = lake.expanduser().absolute()
    plan, kind = _plan(lake, families, cycle, next_, seed, format, clean, defect or [])
    began = time.monotonic()
    try:
        with _bar(console) as bar:
            task = bar.add_task("ranking", total=plan.families)
            result = simulate(
                plan,
                lake,
                kind,
                lambda phase, done, total: bar.update(task, description=phase, completed=done, total=total),
            )
    except (ForeignDelivery, OSError, ValueError) as error:
        console.print(f"[red]not written:[/red] {error}", highlight=False)
        raise typer.Exit(1) from error
    table = Table(title=f"{plan.cycle.key}, {scenario.value}, seed {plan.seed}" + (", clean" if plan.clean else ""))
    table.add_column("source")
    table.add_column("rows", justify="right")
    for source in SENDERS:
        table.add_row(source, f"{result.rows[source]:,}")
    console.print(table)
    origin = f"the next lists of release {result.carried_from}" if result.carried_from else "drawn"
    console.print(f"lists: {origin}", highlight=False)
    for answer in result.answers[: len(plan.defects)]:
        gates = f"; trips {', '.join(answer.trips)}" if answer.trips else ""
        console.print(f"defect {answer.name}: {answer.spoilt:,} {answer.of}{gates}", highlight=False, soft_wrap=True)
    seconds = time.monotonic() - began
    console.print(f"written to {lake / 'landing' / plan.cycle.key} in {seconds:.1f} s", highlight=False, soft_wrap=True)


def _plan(
    lake: Path,
    families: int | None,
    cycle: str | None,
    next_: bool,
    seed: int | None,
    format: Format | None,
    clean: bool,
    defects: list[str],
) -> tuple[Plan, str]:
    """The plan and the format that the options ask for; wrong usage ends the command with 2."""
    try:
        wanted = tuple(asked(text) for text in defects)
    except ValueError as error:
        raise typer.BadParameter(str(error), param_hint="--defect") from error
    if next_:
        if families is not None or cycle is not None or seed is not None:
            raise typer.BadParameter("families, cycle and seed are those of the lake", param_hint="--next")
        try:
            plan, kind = following(lake)
        except (OSError, ValueError) as error:
            raise typer.BadParameter(str(error), param_hint="--next") from error
        plan = replace(plan, clean=plan.clean or clean, defects=wanted)
    elif families is None or cycle is None:
        raise typer.BadParameter("give both, or --next", param_hint="--families, --cycle")
    else:
        try:
            plan = Plan(families, Month.parse(cycle), 1 if seed is None else seed, clean, wanted)
        except ValueError as error:
            raise typer.BadParameter(str(error), param_hint="--cycle") from error
        kind = Format.PARQUET.value
    kind = format.value if format else kind
    textual = [name for name, _ in wanted if DEFECTS[name].needs == "csv"]
    if textual and kind != "csv":
        raise typer.BadParameter(f"{', '.join(textual)}: only in CSV files, with --format csv", param_hint="--defect")
    return plan, kind


def _print_defects(console: Console) -> None:
    table = Table("name", "what it does", "share", "of", "trips", "needs", show_lines=False)
    for name, defect in DEFECTS.items():
        share = f"{defect.share:.3g}"
        table.add_row(name, defect.what, share, defect.of, ", ".join(defect.trips) or "-", NEEDS[defect.needs])
    console.print(table)
    console.print(f"No delivery trips {', '.join(GUARDS)}: they guard the platform's own models.", highlight=False)


def _bar(console: Console) -> Progress:
    return Progress(
        TextColumn("{task.description}"),
        BarColumn(),
        TaskProgressColumn(),
        TimeElapsedColumn(),
        console=console,
        transient=True,
    )
