"""Commands of those who sign: keys, what a candidate changes, signatures, releases, going back to an earlier one."""

from datetime import date, timedelta
from pathlib import Path
from typing import Annotated

import typer

from orchestration.cli.shell import CycleOption, app, console, failed, readable_releases, refusals
from orchestration.settings import Settings


@app.command()
def releases() -> None:
    """List every release: when it was made, why, who signed it, which is current."""
    from orchestration.report import signing

    with readable_releases():
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
    with readable_releases(), refusals(PublishRefused):
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
    with refusals(KeyUnusable, approvers.ApproversInvalid):
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

    with refusals(ApproversInvalid):
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
    with readable_releases(), refusals(PublishRefused, ApproversInvalid, KeyUnusable, SigningRefused):
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
    """Make an earlier release of a cycle current again; it is an act that must be signed: `sign --rollback rNN`.

    Where MUTAKHIR_POSTGRES_URL is set, its marts go back, too. The release is current, whatever PostgreSQL says.
    """
    from orchestration.audit import TrailDamaged
    from orchestration.distribution.families import NotDistributed
    from orchestration.publish.approvers import ApproversInvalid
    from orchestration.publish.rollback import rollback as roll_back
    from orchestration.publish.sealed import PublishRefused

    settings = Settings()
    with readable_releases(), refusals(PublishRefused, ApproversInvalid):
        current = roll_back(settings, cycle, to, reason)
        console.print(f"Current release of {cycle}: {current.release}; what came after it stays, and is not current.")
    if settings.postgres_url:
        from orchestration.distribution.postgres import export

        try:
            with readable_releases():
                export(settings, settings.postgres_url.get_secret_value(), settings.postgres_schema)
        except (NotDistributed, TrailDamaged) as refused:
            still = f"PostgreSQL still shows what was taken back: {refused}. Then: mutakhir export postgres"
            raise failed({"gone back, but": still}) from None
        console.print(f"Schema {settings.postgres_schema} of PostgreSQL shows it, too.")


def _passphrase(file: Path | None, *, confirm: bool = False) -> str:
    if file:
        return (file.read_text(encoding="utf-8").splitlines() or [""])[0]
    return str(typer.prompt("Passphrase", hide_input=True, confirmation_prompt=confirm, err=True))
