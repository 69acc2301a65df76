"""Commands of what leaves the house: regency packages, work lists that come back, the public extract, PostgreSQL."""

from pathlib import Path
from typing import Annotated

import typer

from orchestration.cli.shell import CycleOption, app, console, failed, known_cycle, readable_releases, refusals
from orchestration.settings import Settings

exports = typer.Typer(no_args_is_help=True, help="Load the marts into another database.")
app.add_typer(exports, name="export")


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
    with readable_releases(), refusals(NotDistributed, KeysUnfit, CycleLocked, TrailDamaged):
        result = make_packages(settings, cycle, regency or ())
    for made in result.made:
        counts = ", ".join(f"{table.replace('_', ' ')} {count:,}" for table, count in made.rows.items())
        console.print(f"{made.regency} {regency_name(made.regency)}: {counts}")
    console.print(f"Packages made: {len(result.made)}, in {result.folder}")
    if result.of_no_regency:
        console.print(f"In no package, because their area is not known: {result.of_no_regency:,} decisions")
    if result.without_key:
        raise failed({f"not made, no key in {settings.regency_keys}": ", ".join(result.without_key)})


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
    with refusals(WrongFile, UnreadableFile, TrailDamaged):
        done = receive_file(settings, file, known_cycle(cycle) if cycle else None)
    console.print(
        f"Work list of {done.regency}, cycle {done.package_cycle}, release {done.release}:"
        f" accepted {done.accepted:,}, refused {len(done.refused):,}"
    )
    if done.batch:
        console.print(f"{'Delivered before, nothing was changed' if done.again else 'Delivered'}: {done.batch}")
    console.print(f"Report for the office: {done.report}")
    if done.refused:
        raise failed({"receive": f"rows were refused ({len(done.refused):,}); the report says which and why"})


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

    with readable_releases(), refusals(NotDistributed, Undecided, TrailDamaged):
        done = make_extract(Settings(), cycle, to)
    console.print(f"{len(done.rows)} marts in {done.folder}" + (": nothing was changed" if done.again else ""))


@exports.command()
def postgres(
    url: Annotated[
        str | None,
        typer.Option(
            metavar="URL",
            help="postgresql://user@host:5432/database. Default: MUTAKHIR_POSTGRES_URL. A password is better in that"
            " or in ~/.pgpass: others on the machine see what a command is called with.",
        ),
    ] = None,
    schema: Annotated[
        str | None, typer.Option(metavar="NAME", help="Mutakhir's own schema there. Default: MUTAKHIR_POSTGRES_SCHEMA.")
    ] = None,
    cycle: Annotated[
        str | None,
        typer.Option("--cycle", metavar="YYYY-MM", help="Only this cycle's release. Default: all that differ."),
    ] = None,
) -> None:
    """Load the marts of every current release into a schema of PostgreSQL, in one transaction.

    Who reads sees what was there before or what is there after. The role mutakhir_reader may read them: grant it to
    those who may.
    """
    from orchestration.audit import TrailDamaged
    from orchestration.distribution.families import NotDistributed
    from orchestration.distribution.postgres import export, is_schema_name

    settings = Settings()
    name = schema or settings.postgres_schema
    address = url or (settings.postgres_url.get_secret_value() if settings.postgres_url else None)
    if not address:
        raise typer.BadParameter("name the database by --url, or set MUTAKHIR_POSTGRES_URL")
    if not is_schema_name(name):
        raise typer.BadParameter(
            "--schema takes lower-case letters, digits and underscores, and nothing beginning with pg_"
        )
    with readable_releases(), refusals(NotDistributed, TrailDamaged), console.status("loading"):
        done = export(settings, address, name, known_cycle(cycle) if cycle else None)
    for key, release in done.loaded.items():
        console.print(f"Loaded: {key} {release}")
    for key in done.removed:
        console.print(f"Taken out, it has no release any more: {key}")
    rows = f"{sum(done.rows.values()):,} rows of {len(done.rows)} marts"
    console.print(f"Schema {name}: {rows if done.loaded or done.removed else 'nothing was changed'}")
