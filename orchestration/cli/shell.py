"""What all commands share: the app, the consoles, the option --cycle, and how a refusal ends a command.

Holds no command.
"""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Annotated

import typer
from rich.console import Console

from orchestration.collector import collect_rarely
from orchestration.cycles import cycle_keys, parse_cycle
from orchestration.released import ReleaseIndexDamaged
from orchestration.settings import Settings, private_by_default

app = typer.Typer(
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    help="Runs the monthly update cycle of a social-assistance registry: deliveries, decisions, gates, releases.",
    epilog="Exit codes: 0 done, 1 the work or a gate failed, 2 wrong usage. The lake is $MUTAKHIR_LAKE (./lake).",
)
_WIDTH = None if sys.stdout.isatty() else 140  # a pipe has no width; the tables want one
console = Console(highlight=False, width=_WIDTH)
errors = Console(stderr=True, highlight=False, width=_WIDTH)


@app.callback()
def _begin() -> None:
    collect_rarely()
    private_by_default()


def known_cycle(value: str) -> str:
    """The month that an option names; wrong usage when it is none, or outside the settings' range."""
    settings = Settings()
    try:
        key = parse_cycle(value).key
    except ValueError as error:
        raise typer.BadParameter(str(error)) from error
    if key not in cycle_keys(settings.first_cycle, settings.last_cycle):
        raise typer.BadParameter(f"{key} is outside {settings.first_cycle} to {settings.last_cycle}")
    return key


CycleOption = Annotated[
    str, typer.Option("--cycle", metavar="YYYY-MM", callback=known_cycle, help="The month, e.g. 2025-11.")
]


@contextmanager
def refusals(*kinds: type[Exception]) -> Iterator[None]:
    """What a stage refuses ends the command with its sentence."""
    try:
        yield
    except kinds as refused:
        raise failed({"refused": str(refused)}) from None


@contextmanager
def readable_releases() -> Iterator[None]:
    """An index of releases that is damaged ends the command with a sentence."""
    try:
        yield
    except ReleaseIndexDamaged as damaged:
        raise failed({"releases": str(damaged)}) from None


def failed(problems: dict[str, str]) -> typer.Exit:
    """Print what failed, by step, and return the exit to raise."""
    for step, message in problems.items():
        errors.print(f"{step}: {message}", soft_wrap=True, markup=False, style="red")
    return typer.Exit(1)
