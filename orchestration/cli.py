"""`mutakhir`: thin commands over the same jobs, recorded in the same Dagster instance.

Decides nothing itself: what a command does stands in the jobs' assets and in the plain modules.
"""

import sys
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date, datetime, timedelta
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from orchestration.cycles import cycle_keys, parse_cycle
from orchestration.released import ReleaseIndexDamaged, current_release
from orchestration.report import tables
from orchestration.runs import execute
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
    private_by_default()


class Start(StrEnum):
    """Where a run begins."""

    deliveries = "deliveries"
    gates = "gates"


def _cycle(value: str) -> str:
    settings = Settings()
    try:
        key = parse_cycle(value).key
    except ValueError as error:
        raise typer.BadParameter(str(error)) from error
    if key not in cycle_keys(settings.first_cycle, settings.last_cycle):
        raise typer.BadParameter(f"{key} is outside {settings.first_cycle} to {settings.last_cycle}")
    return key


CycleOption = Annotated[
    str, typer.Option("--cycle", metavar="YYYY-MM", callback=_cycle, help="The month, e.g. 2025-11.")
]


@app.command()
def run(
    cycle: CycleOption,
    start: Annotated[
        Start,
        typer.Option("--from", help="Begin with the deliveries, or judge the candidate again after a changed limit."),
    ] = Start.deliveries,
) -> None:
    """Run a cycle: ingest, build, candidate, gates. The candidate is written even when a gate blocks (exit 1)."""
    settings = Settings()
    problems = execute(
        console, settings, "update_cycle", cycle, only=["gate_verdict"] if start is Start.gates else None
    )
    judged = not problems or "gate_verdict" in problems
    if judged and (manifest := tables.sealed_manifest(settings, cycle)):
        console.print(tables.gates(manifest))
    if problems:
        raise _failed(problems)
    console.print(f"Candidate: {settings.candidates / cycle}")
    console.print(f"Data docs: {settings.reports / cycle / 'data_docs' / 'index.html'}")
    console.print(f"Cycle {cycle} passed its gates. Next: mutakhir diff --cycle {cycle}, then sign and publish")


@app.command()
def publish(
    cycle: CycleOption,
    reason: Annotated[str | None, typer.Option(help="Why a released cycle is released again (a correction).")] = None,
) -> None:
    """Publish a cycle's candidate: verdict and sign-offs again, then the release, current.json and the BI file."""
    settings = Settings()
    config = {"ops": {"release": {"config": {"reason": reason}}}}
    with _readable_releases():
        before = current_release(settings, cycle)
    if problems := execute(console, settings, "publish", cycle, config=config):
        raise _failed(problems)
    if before == current_release(settings, cycle):
        console.print(f"The candidate of {cycle} is its current release already: nothing was changed.")
    console.print(f"Release: {current_release(settings, cycle)}")
    console.print(f"Marts for BI: {settings.bi / 'marts.duckdb'}")


@app.command()
def status(
    cycle: Annotated[
        str | None, typer.Option("--cycle", metavar="YYYY-MM", help="Show this cycle's funnel, too.")
    ] = None,
) -> None:
    """Show what has arrived, what is a candidate, and what is released; with --cycle the table of the meeting."""
    settings = Settings()
    with _readable_releases():
        console.print(tables.overview(settings))
        if cycle:
            funnel = tables.funnel(settings, _cycle(cycle))
            if funnel is None:
                nothing = f"cycle {cycle} has no release and no candidate: mutakhir run --cycle {cycle}"
                raise _failed({"status": nothing})
            console.print(funnel)


@app.command()
def verify() -> None:
    """Read every digest and link of every release again; exit 1 when anything is not as it was published."""
    from orchestration.publish.verify import verify as verify_releases

    settings = Settings()
    with console.status("reading every release"):
        problems = verify_releases(settings)
    for problem in problems:
        errors.print(f"[red]{problem.where}[/]: {problem.what}")
    if problems:
        raise typer.Exit(1)
    console.print(f"Every release in {settings.releases} is as it was published.")


@app.command()
def releases() -> None:
    """List every release: when it was made, why, who signed it, which is current."""
    from orchestration.report import signing

    with _readable_releases():
        console.print(signing.releases(Settings()))


@app.command()
def diff(
    cycle: CycleOption,
    province: Annotated[
        str | None, typer.Option(metavar="CODE", help="Show the regencies of this province (two digits).")
    ] = None,
) -> None:
    """Show what a candidate changes against the release before: by programme, by decision, by area."""
    from orchestration.publish.release import changes
    from orchestration.publish.sealed import PublishRefused
    from orchestration.report import signing

    settings = Settings()
    with _readable_releases(), _refusals(PublishRefused):
        for table in signing.differences(changes(settings, cycle, province), cycle):
            console.print(table)


keys = typer.Typer(no_args_is_help=True, help="Make signing keys, and see who may sign.")
app.add_typer(keys, name="keys")
PassphraseFile = Annotated[
    Path | None,
    typer.Option(
        envvar="MUTAKHIR_PASSPHRASE_FILE", exists=True, dir_okay=False,
        help="File whose first line is the passphrase; without it, it is asked for.",
    ),
]  # fmt: skip
RoleOption = Annotated[str, typer.Option(help="The role to sign in, e.g. kemensos or bps.")]


@keys.command("new")
def keys_new(
    person: Annotated[str, typer.Option(help="Whose key it is, by name.")],
    role: RoleOption,
    out: Annotated[Path | None, typer.Option(help="The private key's file; default $MUTAKHIR_KEYS/<role>.pem.")] = None,
    days: Annotated[int, typer.Option(min=1, help="How many days the key is valid, from today on.")] = 365,
    passphrase_file: PassphraseFile = None,
    add: Annotated[bool, typer.Option("--add", help="Add the entry to the file of approvers, too.")] = False,
) -> None:
    """Make a key pair: the private key in a file encrypted with a passphrase, the public key as an approver's entry."""
    from orchestration.publish import approvers
    from orchestration.publish.keys import KeyUnusable, new_key

    settings = Settings()
    path = out or settings.keys / f"{role}.pem"
    with _refusals(KeyUnusable, approvers.ApproversInvalid):
        if add:
            approvers.read_approvers(settings.approvers)  # before a key is made that could not be added
        public_key = new_key(path, _passphrase(passphrase_file, confirm=True))
        until = date.today() + timedelta(days=days - 1)
        entry = approvers.entry_text(person, role, public_key, date.today(), until)
        console.print(f"Private key: {path} (encrypted; keep it and its passphrase apart)")
        if add:
            approvers.add_entry(settings.approvers, entry)
            console.print(f"Added to {settings.approvers}: {person}, {role}, key {approvers.key_id(public_key)}")
        else:
            console.print(f"Add this to {settings.approvers}, and have the change reviewed:\n")
            console.print(entry, markup=False, soft_wrap=True)


@keys.command("list")
def keys_list() -> None:
    """Show who may sign, in which roles, until when, and what a release needs."""
    from orchestration.publish.approvers import ApproversInvalid, read_approvers
    from orchestration.report import signing

    with _refusals(ApproversInvalid):
        console.print(signing.approvers(read_approvers(Settings().approvers), date.today()))


@app.command()
def sign(
    cycle: CycleOption,
    role: RoleOption,
    key: Annotated[Path | None, typer.Option(help="The private key's file; default $MUTAKHIR_KEYS/<role>.pem.")] = None,
    passphrase_file: PassphraseFile = None,
    rollback_to: Annotated[
        str | None, typer.Option("--rollback", metavar="rNN", help="Sign going back to this release of the cycle.")
    ] = None,
) -> None:
    """Sign a cycle's candidate, or going back to an earlier release. Look at `diff` and the gates first."""
    from orchestration.publish.approvers import ApproversInvalid, read_approvers
    from orchestration.publish.keys import KeyUnusable, load_key
    from orchestration.publish.rollback import rollback_act
    from orchestration.publish.sealed import PublishRefused, signable_statement
    from orchestration.publish.signoff import SigningRefused, approval
    from orchestration.publish.signoff import sign as sign_document

    settings = Settings()
    with _readable_releases(), _refusals(PublishRefused, ApproversInvalid, KeyUnusable, SigningRefused):
        approvers = read_approvers(settings.approvers)
        document = rollback_act(settings, cycle, rollback_to) if rollback_to else signable_statement(settings, cycle)
        private = load_key(key or settings.keys / f"{role}.pem", _passphrase(passphrase_file))
        signoff, path = sign_document(settings, approvers, cycle, document, role, private)
        console.print(f"Signed as {signoff.role} by {signoff.person}: {signoff.document_sha256} ({path})")
        missing = approval(settings, approvers, cycle, document).missing
        act = (
            f"rollback --cycle {cycle} --to {rollback_to} --reason TEXT" if rollback_to else f"publish --cycle {cycle}"
        )
        console.print(f"Still missing: {'; '.join(missing)}" if missing else f"All signed. Next: mutakhir {act}")


@app.command()
def rollback(
    cycle: CycleOption,
    to: Annotated[str, typer.Option(metavar="rNN", help="The release that becomes current again.")],
    reason: Annotated[str, typer.Option(help="Why; it is kept in the audit trail.")],
) -> None:
    """Make an earlier release of a cycle current again; it is an act that must be signed: `sign --rollback rNN`."""
    from orchestration.publish.approvers import ApproversInvalid
    from orchestration.publish.rollback import rollback as roll_back
    from orchestration.publish.sealed import PublishRefused

    with _readable_releases(), _refusals(PublishRefused, ApproversInvalid):
        current = roll_back(Settings(), cycle, to, reason)
        console.print(f"Current release of {cycle}: {current.release}; what came after it stays, and is not current.")


trail = typer.Typer(no_args_is_help=True, help="Read the audit trail, or prove that it is as it was written.")
app.add_typer(trail, name="audit")


@trail.command("show")
def audit_show(
    cycle: Annotated[str | None, typer.Option("--cycle", metavar="YYYY-MM", help="Only of this cycle.")] = None,
    action: Annotated[str | None, typer.Option(help="Only of this kind: ingest, verdict, sign, release ...")] = None,
    last: Annotated[int, typer.Option(min=1, help="How many of the newest entries.")] = 50,
    as_json: Annotated[bool, typer.Option("--json", help="The entries as they are, a line each.")] = False,
) -> None:
    """Show who did what and when, the newest last."""
    from orchestration.audit import TrailDamaged, entries
    from orchestration.report import signing

    with _refusals(TrailDamaged):
        chosen = deque(
            (entry for entry in entries(Settings()) if cycle in (None, entry.cycle) and action in (None, entry.action)),
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
        raise _failed({f"{trail_path(settings)} {number}": problem for number, problem in enumerate(problems, 1)})
    newest = head(settings)
    console.print(f"The chain holds. Newest entry: {newest}" if newest else "Nothing was recorded yet.")


@app.command()
def packages(
    cycle: CycleOption,
    regency: Annotated[
        list[str] | None,
        typer.Option(metavar="CODE", help="Only this regency, by its four digits; can be given again. Default: all."),
    ] = None,
) -> None:
    """Make the regency packages of the cycle's release: lists and a work list to fill in, encrypted (age).

    Each is encrypted to the keys of its regency in config/regency_keys.toml; a regency without one is named, and the
    command ends with 1.
    """
    from orchestration.audit import TrailDamaged
    from orchestration.contracts.code_lists import regencies
    from orchestration.distribution.families import NotDistributed
    from orchestration.distribution.keys import KeysUnfit, regency_name
    from orchestration.distribution.packages import make_packages
    from orchestration.locks import CycleLocked

    settings = Settings()
    if unknown := sorted(set(regency or ()) - set(regencies())):
        raise typer.BadParameter(f"{', '.join(unknown)} is no regency; write four digits, e.g. 3273")
    with _readable_releases(), _refusals(NotDistributed, KeysUnfit, CycleLocked, TrailDamaged):
        result = make_packages(settings, cycle, regency or ())
    for made in result.made:
        counts = ", ".join(f"{table.replace('_', ' ')} {count:,}" for table, count in made.rows.items())
        console.print(f"{made.regency} {regency_name(made.regency)}: {counts}")
    console.print(f"Packages made: {len(result.made)}, in {result.folder}")
    if result.of_no_regency:
        console.print(f"In no package, because their area is not known: {result.of_no_regency:,} decisions")
    if result.without_key:
        raise _failed({f"not made, no key in {settings.regency_keys}": ", ".join(result.without_key)})


@app.command()
def receive(
    file: Annotated[Path, typer.Argument(exists=True, dir_okay=False, help="The workbook as the office sent it back.")],
    cycle: Annotated[
        str | None,
        typer.Option("--cycle", metavar="YYYY-MM", help="Deliver in this month. Default: the one after the package's."),
    ] = None,
) -> None:
    """Receive a filled-in work list: good rows become a delivery of verifikasi_lapangan.

    Refused rows are listed in FILE.report.xlsx, for the office, and the command ends with 1.
    """
    from orchestration.audit import TrailDamaged
    from orchestration.distribution.receive import receive as receive_file
    from orchestration.distribution.returned import WrongFile
    from orchestration.ingest.files import UnreadableFile

    settings = Settings()
    with _refusals(WrongFile, UnreadableFile, TrailDamaged):
        done = receive_file(settings, file, _cycle(cycle) if cycle else None)
    console.print(
        f"Work list of {done.regency}, cycle {done.package_cycle}, release {done.release}:"
        f" accepted {done.accepted:,}, refused {len(done.refused):,}"
    )
    if done.batch:
        console.print(f"{'Delivered before, nothing was changed' if done.again else 'Delivered'}: {done.batch}")
    console.print(f"Report for the office: {done.report}")
    if done.refused:
        raise _failed({"receive": f"rows were refused ({len(done.refused):,}); the report says which and why"})


@app.command()
def extract(
    cycle: CycleOption,
    to: Annotated[
        Path | None,
        typer.Option(file_okay=False, help="Write here, a new or empty folder. Default: extracts/ in the lake."),
    ] = None,
) -> None:
    """Write the public extract: the marts of the cycle's release, rounded to 5, as CSV and Parquet."""
    from orchestration.audit import TrailDamaged
    from orchestration.distribution.extract import make_extract
    from orchestration.distribution.families import NotDistributed
    from orchestration.distribution.published import Undecided

    with _readable_releases(), _refusals(NotDistributed, Undecided, TrailDamaged):
        done = make_extract(Settings(), cycle, to)
    console.print(f"{len(done.rows)} marts in {done.folder}" + (": nothing was changed" if done.again else ""))


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
    with _readable_releases(), _refusals(RetentionRefused, TrailDamaged):
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


def _passphrase(file: Path | None, *, confirm: bool = False) -> str:
    if file:
        return (file.read_text(encoding="utf-8").splitlines() or [""])[0]
    return str(typer.prompt("Passphrase", hide_input=True, confirmation_prompt=confirm, err=True))


@contextmanager
def _refusals(*kinds: type[Exception]) -> Iterator[None]:
    """What a stage refuses ends the command with its sentence."""
    try:
        yield
    except kinds as refused:
        raise _failed({"refused": str(refused)}) from None


@contextmanager
def _readable_releases() -> Iterator[None]:
    """An index of releases that is damaged ends the command with a sentence."""
    try:
        yield
    except ReleaseIndexDamaged as damaged:
        raise _failed({"releases": str(damaged)}) from None


def _failed(problems: dict[str, str]) -> typer.Exit:
    for step, message in problems.items():
        errors.print(f"{step}: {message}", soft_wrap=True, markup=False, style="red")
    return typer.Exit(1)


if __name__ == "__main__":
    app()
