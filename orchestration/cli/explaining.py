"""The command of those who must answer a family: why was it decided so, and the letter that says it."""

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from orchestration.cli.shell import app, console, errors, failed, known_cycle, readable_releases, refusals
from orchestration.explain.question import PURPOSES, Purpose
from orchestration.settings import Settings


class Spoken(StrEnum):
    """Languages of the answer."""

    en = "en"
    id = "id"


@app.command(epilog=" · ".join(f"{name}: {meaning}" for name, meaning in PURPOSES.items()))
def explain(
    family_id: Annotated[str, typer.Argument(metavar="FAMILY_ID", help="The family's id, as on the lists.")],
    purpose: Annotated[Purpose, typer.Option(help="Why it is looked up; kept in the audit trail. See below.")],
    note: Annotated[
        str, typer.Option(help="In words: file or ticket. Kept in the audit trail: no id of a family or person.")
    ] = "",
    cycle: Annotated[
        str | None, typer.Option("--cycle", metavar="YYYY-MM", help="Only this cycle. Default: every released one.")
    ] = None,
    programme: Annotated[str | None, typer.Option(help="Only this programme, e.g. PKH. Default: all.")] = None,
    candidate: Annotated[
        bool, typer.Option("--candidate", help="Ask the cycle's candidate, which is not released; with --cycle.")
    ] = False,
    unmask: Annotated[
        bool, typer.Option("--unmask", help="Show names and NIK in clear; the audit trail says that it was done.")
    ] = False,
    letter: Annotated[
        Path | None,
        typer.Option(dir_okay=False, help="Write the letter to the family (Indonesian, HTML to print) to this file."),
    ] = None,
    language: Annotated[Spoken, typer.Option(help="Of the answer: English or Indonesian.")] = Spoken.en,
    as_json: Annotated[bool, typer.Option("--json", help="The whole answer for machines, in both languages.")] = False,
) -> None:
    """Say why a family was decided on as it was: every criterion, its evidence, what would change it.

    The look-up is written to the audit trail before anything is shown. Exit code 1: no release knows the family.
    """
    from datetime import date

    from orchestration.audit import TrailDamaged
    from orchestration.explain.ask import explain as look_up
    from orchestration.explain.counter import explanation
    from orchestration.explain.letter import NoLetter, write_letter
    from orchestration.explain.letter import letter as written
    from orchestration.explain.lookup import NotExplained
    from orchestration.explain.question import WrongQuestion, asked

    settings = Settings()
    try:
        question = asked(
            family_id,
            purpose,
            note,
            cycle=known_cycle(cycle) if cycle else None,
            programme=programme,
            candidate=candidate,
            unmask=unmask,
            letter=letter is not None,
        )
        with readable_releases(), refusals(NotExplained, TrailDamaged):
            answer = look_up(settings, question)
    except WrongQuestion as wrong:
        raise typer.BadParameter(str(wrong)) from None
    if as_json:
        typer.echo(answer.model_dump_json(indent=2))
    if not answer.found:
        where = ", ".join(answer.looked_in) or f"nothing: there is no such release in {settings.releases}"
        raise failed({"not found": f"no decision, waiting list or build knows this family. Looked in: {where}"})
    if not as_json:
        console.print(explanation(answer, language.value))
    if letter:
        with refusals(NoLetter):
            write_letter(letter, written(answer, date.today()))
        errors.print(f"Letter: {letter}", markup=False)
