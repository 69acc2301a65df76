"""`python -m simulation.measured LAKE`: what the newest simulated cycle of a lake holds, beside the published figures.

Prints the table of docs/simulation.md. Every figure is one query over the delivered files; poverty, of which only the
ranking is delivered, is computed as the families are drawn.
"""

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import duckdb
import typer

from simulation import figures
from simulation.answers import newest
from simulation.deliveries import SENDERS
from simulation.pictures import measured_consumption

JOINED = "dtsen_individu JOIN dtsen_keluarga USING (id_keluarga)"
AGE = "date_diff('day', tanggal_lahir, cutoff()) / 365.25"


@dataclass(frozen=True)
class Figure:
    """A figure: its name, what is published, the query that gives the simulated one, and how that is written."""

    name: str
    published: str
    query: str
    written: str = "{:.2%}"


FIGURES = (
    Figure(
        "families of a province, furthest from its share of persons",
        "0 %",
        """SELECT max(abs(f.share - p.share) / p.share) FROM published p JOIN (SELECT kode_desa[1:2] AS code,
            count(*) / sum(count(*)) OVER () AS share FROM dtsen_keluarga GROUP BY 1) f USING (code)""",
    ),
    Figure(
        "persons in a family",
        "3.04",
        f"SELECT count(*) / count(DISTINCT id_keluarga) FROM {JOINED}",
        "{:.3f}",
    ),
    Figure(
        "- of deciles 1-4",
        "3.28 (derived)",
        f"SELECT count(*) / count(DISTINCT id_keluarga) FROM {JOINED} WHERE desil_nasional <= 4",
        "{:.3f}",
    ),
    Figure("persons of 0-14", "22.95 %", f"SELECT avg(({AGE} < 15)::INT) FROM dtsen_individu"),
    Figure("- of 15-64", "69.58 %", f"SELECT avg(({AGE} >= 15 AND {AGE} < 65)::INT) FROM dtsen_individu"),
    Figure("- of 65 and over", "7.46 %", f"SELECT avg(({AGE} >= 65)::INT) FROM dtsen_individu"),
    Figure("- of 60 and over", "10.48 %", f"SELECT avg(({AGE} >= 60)::INT) FROM dtsen_individu"),
    Figure("men", "50.46 %", "SELECT avg((jenis_kelamin = 'L')::INT) FROM dtsen_individu"),
    Figure("married", "48.2 %", "SELECT avg((status_kawin = 'KAWIN')::INT) FROM dtsen_individu"),
    Figure(
        "persons of a decile, furthest from a tenth",
        "10 %",
        f"""SELECT arg_max(share, abs(share - 0.1)) FROM (SELECT count(*) / sum(count(*)) OVER () AS share
            FROM {JOINED} WHERE desil_nasional IS NOT NULL GROUP BY desil_nasional)""",
    ),
    Figure(
        "deaths in the month, of persons",
        "0.03-0.05 %",
        """SELECT count(*) / (SELECT count(*) FROM dtsen_individu) FROM dukcapil_peristiwa
            WHERE jenis_peristiwa = 'KEMATIAN' AND tanggal_peristiwa > cutoff() - INTERVAL 1 MONTH""",
        "{:.3%}",
    ),
    Figure(
        "moves in the month, of persons",
        "0.19 %",
        """SELECT count(*) / (SELECT count(*) FROM dtsen_individu) FROM dukcapil_peristiwa
            WHERE jenis_peristiwa = 'PINDAH' AND tanggal_peristiwa > cutoff() - INTERVAL 1 MONTH""",
        "{:.3%}",
    ),
    Figure(
        "civil servants, of 95 M families",
        "over 6 M",
        """SELECT count(DISTINCT nik) / (SELECT count(*) FROM dtsen_keluarga) * 95 FROM register_pengecualian
            WHERE register = 'ASN'""",
        "{:.2f} M",
    ),
    Figure(
        "armed forces and police, the same",
        "0.88 M",
        """SELECT count(DISTINCT nik) / (SELECT count(*) FROM dtsen_keluarga) * 95 FROM register_pengecualian
            WHERE register = 'TNI_POLRI'""",
        "{:.2f} M",
    ),
    Figure(
        "listed families flagged for gambling",
        "2.0 % of recipients' NIK",
        """SELECT avg((id_keluarga IN (SELECT id_keluarga FROM dtsen_individu JOIN register_pengecualian
            ON nomor_induk_kependudukan = nik WHERE register = 'GAMBLING_FLAG'))::INT)
            FROM (SELECT DISTINCT id_keluarga FROM kemensos_penerima)""",
    ),
    Figure(
        "NIK of a district that the family does not live in",
        "unknown",
        f"""SELECT avg((nomor_induk_kependudukan[1:6]
        <> kode_desa[1:6])::INT) FROM {JOINED}""",
    ),
    Figure(
        "elderly who live alone, of families",
        "unknown",
        f"""SELECT avg(alone::INT) FROM (SELECT count(*) = 1 AND min({AGE}) >= 60 AS alone
            FROM dtsen_individu GROUP BY id_keluarga)""",
    ),
    Figure(
        "families of three generations",
        "unknown",
        """SELECT avg(three::INT) FROM (SELECT bool_or(status_hubungan_keluarga = 'CUCU') OR (bool_or(
            status_hubungan_keluarga = 'ORANG_TUA') AND bool_or(status_hubungan_keluarga = 'ANAK')) AS three
            FROM dtsen_individu GROUP BY id_keluarga)""",
    ),
    Figure("persons with one name", "unknown", "SELECT avg((nama NOT LIKE '% %')::INT) FROM dtsen_individu"),
)


def main(lake: Annotated[Path, typer.Argument(help="A lake in which a cycle was simulated.")]) -> None:
    """Print the table, in Markdown."""
    plan, kind = newest(lake)
    connection = duckdb.connect()
    connection.execute(f"CREATE MACRO cutoff() AS DATE '{plan.cycle.cutoff}'")
    for source in SENDERS:
        reader = "read_parquet" if kind == "parquet" else "read_csv"
        files = f"{lake}/landing/{plan.cycle.key}/{source}/**/*.{kind}"
        connection.execute(f"CREATE VIEW {source} AS SELECT * FROM {reader}('{files}')")
    total = sum(province.population for province in figures.provinces())
    connection.execute("CREATE TABLE published (code VARCHAR, share DOUBLE)")
    connection.executemany(
        "INSERT INTO published VALUES (?, ?)", [(p.code, p.population / total) for p in figures.provinces()]
    )
    typer.echo("| figure | published | simulated |\n|---|---|---|")
    for figure in FIGURES:
        row = connection.execute(figure.query).fetchone()
        assert row is not None
        typer.echo(f"| {figure.name} | {figure.published} | {figure.written.format(float(row[0]))} |")
    _, poor = measured_consumption(plan, 100, 45)
    typer.echo(f"| persons below the poverty line | {figures.POVERTY_RATE:.2%} | {poor:.2%} |")


if __name__ == "__main__":
    typer.run(main)
