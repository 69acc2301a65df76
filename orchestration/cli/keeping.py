"""Commands of those who watch over the lake: the audit trail, and what is past its term."""

from collections import deque
from datetime import date, datetime
from typing import Annotated

import typer

from orchestration.cli.shell import app, console, failed, readable_releases, refusals
from orchestration.settings import Settings

trail = typer.Typer(no_args_is_help=True, help="Read the audit trail, or prove that it is as it was written.")
app.add_typer(trail, name="audit")


@trail.command("show")
def audit_show(
    cycle: Annotated[str | None, typer.Option("--cycle", metavar="YYYY-MM", help="Only of this cycle.")] = None,
    action: Annotated[str | None, typer.Option(help="Only of this kind: ingest, verdict, sign, release ...")] = None,
    family: Annotated[
        str | None, typer.Option(metavar="FAMILY_ID", help="Only look-ups of this family (mutakhir explain).")
    ] = None,
    last: Annotated[int, typer.Option(min=1, help="How many of the newest entries.")] = 50,
    as_json: Annotated[bool, typer.Option("--json", help="The entries as they are, a line each.")] = False,
) -> None:
    """Show who did what and when, the newest last."""
    from orchestration.audit import TrailDamaged, entries
    from orchestration.explain.question import family_digest
    from orchestration.report import signing

    settings = Settings()
    digest = family_digest(settings, family) if family else None
    with refusals(TrailDamaged):
        chosen = deque(
            (
                entry
                for entry in entries(settings)
                if cycle in (None, entry.cycle)
                and action in (None, entry.action)
                and digest in (None, entry.details.get("family"))
            ),
            maxlen=last,
        )
        if as_json:
            for entry in chosen:
                typer.echo(entry.model_dump_json())
        else:
            console.print(signing.trail(chosen))


@trail.command("verify")
def audit_verify() -> None:
    """Prove that no entry was changed, removed, moved or cut off; exit 1 otherwise."""
    from orchestration.audit import head, trail_path
    from orchestration.publish.verify import trail_problems

    settings = Settings()
    if problems := trail_problems(settings):
        raise failed({f"{trail_path(settings)} {number}": problem for number, problem in enumerate(problems, 1)})
    newest = head(settings)
    console.print(f"The chain holds. Newest entry: {newest}" if newest else "Nothing was recorded yet.")


@app.command()
def retain(
    apply: Annotated[bool, typer.Option("--apply", help="Remove it. Without, nothing is changed.")] = False,
    today: Annotated[
        datetime | None, typer.Option(formats=["%Y-%m-%d"], help="Reckon from this day; with --apply not a later one.")
    ] = None,
) -> None:
    """Show what is past its term by config/retention.toml, and what of it is still needed; remove it with --apply."""
    from orchestration.audit import TrailDamaged
    from orchestration.retention import tables as shown
    from orchestration.retention.remove import cut_off, preview
    from orchestration.retention.remove import retain as remove
    from orchestration.retention.terms import RetentionRefused, read_terms

    day = today.date() if today else date.today()
    if apply and day > date.today():
        raise typer.BadParameter("a day to come can be looked at, not applied", param_hint="--today")
    settings = Settings()
    with readable_releases(), refusals(RetentionRefused, TrailDamaged):
        terms = read_terms(settings.retention)
        plan, begun = preview(settings, terms, day), len(cut_off(settings))
        if plan.stays:
            console.print(shown.stays(plan))
        if plan.goes:
            console.print(shown.goes(plan))
        done = remove(settings, terms, day) if apply else None
    if done and (done.plan.goes or done.finished):
        left = f", and what an earlier call had begun with ({done.finished})" if done.finished else ""
        console.print(f"Removed: {len(done.plan.goes)} of the above{left}. It stands in the audit trail.")
    elif not plan.goes and not begun:
        console.print("Nothing has to go: nothing was changed.")
    else:
        left = f" and finish what an earlier call had begun with ({begun})" if begun else ""
        console.print(f"Nothing was changed. To remove it{left}: mutakhir retain --apply")
