"""`python -m simulation.pictures LAKE`: the pictures of docs/simulation.md, as SVG, from what a lake holds.

Ages from the newest simulated registry, welfare as it is drawn for that nation, and the funnel from the mart
cycle_funnel of every release. Draws bars and lines, and knows no more of charts than these need.
"""

import json
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Annotated

import duckdb
import numpy as np
import typer

from simulation import areas, figures
from simulation.answers import newest
from simulation.plan import Plan, Streams
from simulation.population import draw_families
from simulation.welfare import consumption, province_shifts

WIDTH, HEIGHT, LEFT, TOP, BOTTOM = 760, 400, 70, 50, 50
DARK, LIGHT, WARM, GREY, INK = "#1f6f8b", "#8fc1b5", "#e07a5f", "#c9ccd1", "#333333"
#: The parts of the funnel from the bottom: what of the listed families became, and its colour.
PARTS = {
    "kept": DARK,
    "confirmed": LIGHT,
    "pending + held": GREY,
    "removed": WARM,
}


def text(x: float, y: float, words: object, anchor: str = "middle", size: int = 12) -> str:
    """Words at a point."""
    return f'<text x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}" font-size="{size}">{words}</text>'


def bar(x: float, y: float, width: float, height: float, colour: str) -> str:
    """A filled rectangle."""
    return f'<rect x="{x:.1f}" y="{y:.1f}" width="{width:.1f}" height="{height:.1f}" fill="{colour}"/>'


def page(title: str, marks: Iterable[str], height: int = HEIGHT) -> str:
    """A whole picture."""
    head = (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height}" font-family="sans-serif" fill="{INK}">'
    )
    back = f'<rect width="{WIDTH}" height="{height}" fill="white"/>'
    return "\n".join([head, back, text(WIDTH / 2, 26, title, size=15), *marks, "</svg>"]) + "\n"


def pyramid(men: Sequence[float], women: Sequence[float], title: str) -> str:
    """Ages in groups of five years from 0: shares of all persons, men to the left."""
    most, middle, row = max(*men, *women), WIDTH / 2, (HEIGHT - TOP - BOTTOM) / len(men)
    half, marks = middle - LEFT - 25, []
    for group, (left, right) in enumerate(zip(men, women, strict=True)):
        y = HEIGHT - BOTTOM - row * (group + 1)
        marks += [bar(middle - 25 - half * left / most, y + 1, half * left / most, row - 2, DARK)]
        marks += [bar(middle + 25, y + 1, half * right / most, row - 2, WARM)]
        marks += [
            text(
                middle,
                y + row - 4,
                f"{group * 5}-{group * 5 + 4}" if group < len(men) - 1 else f"{group * 5}+",
                size=10,
            )
        ]
    y = HEIGHT - BOTTOM + 18
    for share in (0.01, 0.02, 0.03, 0.04):
        if share <= most:
            marks += [text(middle + side * (25 + half * share / most), y, f"{share:.0%}") for side in (-1, 1)]
    marks += [text(LEFT, TOP + 10, "men", "start"), text(WIDTH - LEFT, TOP + 10, "women", "end")]
    return page(title, marks)


def histogram(shares: Sequence[float], step: float, line: float, title: str) -> str:
    """Shares of persons by consumption in steps of so many Rp thousand, with the poverty line."""
    wide, high = (WIDTH - LEFT - 30) / len(shares), HEIGHT - TOP - BOTTOM
    marks = []
    for place, share in enumerate(shares):
        colour = WARM if (place + 1) * step <= line else DARK
        height = high * share / max(shares)
        marks.append(bar(LEFT + wide * place, HEIGHT - BOTTOM - height, wide - 1, height, colour))
    for place in range(0, len(shares) + 1, 5):
        marks.append(text(LEFT + wide * place, HEIGHT - BOTTOM + 18, f"{place * step:,.0f}"))
    x = LEFT + wide * line / step
    marks.append(
        f'<line x1="{x:.1f}" x2="{x:.1f}" y1="{TOP}" y2="{HEIGHT - BOTTOM}" stroke="{INK}" stroke-dasharray="4"/>'
    )
    marks.append(text(x + 6, TOP - 4, f"poverty line {line:,.0f}", "start"))
    marks.append(text(WIDTH / 2, HEIGHT - 10, "Rp thousand a head and month, as measured; the last bar is open"))
    return page(title, marks)


def funnels(programmes: dict[str, dict[str, dict[str, int]]], title: str) -> str:
    """By programme and cycle, the families listed, in PARTS; one row of bars a programme, each to its own scale."""
    cycles = sorted({cycle for by_cycle in programmes.values() for cycle in by_cycle})
    tall, wide = 150, (WIDTH - LEFT - 20) / max(len(cycles), 1)
    marks = []
    for row, (programme, by_cycle) in enumerate(programmes.items()):
        ground, most = TOP + 40 + (row + 1) * tall, max(sum(parts.values()) for parts in by_cycle.values())
        marks.append(text(LEFT, ground - tall + 16, f"{programme}, {most:,} families at most", "start"))
        for place, cycle in enumerate(cycles):
            y = float(ground)
            for part, colour in PARTS.items():
                height = (tall - 40) * by_cycle.get(cycle, {}).get(part, 0) / most
                y -= height
                marks.append(bar(LEFT + wide * place, y, wide - 3, height, colour))
    bottom = TOP + 40 + len(programmes) * tall
    for place, cycle in enumerate(cycles):
        if place % max(1, len(cycles) // 9) == 0:
            marks.append(text(LEFT + wide * (place + 0.5), bottom + 16, cycle, size=10))
    for place, (part, colour) in enumerate(PARTS.items()):
        marks += [
            bar(LEFT + 150 * place, TOP - 4, 12, 12, colour),
            text(LEFT + 150 * place + 18, TOP + 6, part, "start"),
        ]
    return page(title, marks, bottom + 30)


def ages(lake: Path, plan: Plan) -> tuple[list[float], list[float]]:
    """Shares of men and women in groups of five years of age, the last from 85 on."""
    found = duckdb.sql(
        f"""SELECT jenis_kelamin,
            least(date_diff('year', tanggal_lahir, DATE '{plan.cycle.cutoff}') // 5, 17) AS age_group,
            count(*) / sum(count(*)) OVER () AS share
        FROM read_parquet('{lake}/landing/{plan.cycle.key}/dtsen_individu/*.parquet') GROUP BY ALL"""
    ).fetchall()
    shares = {(sex, int(group)): float(share) for sex, group, share in found}
    men, women = ([shares.get((sex, group), 0.0) for group in range(18)] for sex in "LP")
    return men, women


def measured_consumption(plan: Plan, step: float, bars: int) -> tuple[list[float], float]:
    """Shares of persons by consumption in steps of Rp thousand, and the share below the poverty line."""
    places, shifts = areas.load(plan.seed), province_shifts()
    counts, poor = np.zeros(bars), 0
    for block in plan.blocks():
        families = draw_families(Streams(plan.seed, block), places[block.province], shifts[block.province], plan.cycle)
        spent = consumption(families.measured) / 1000
        counts += np.bincount(np.minimum(spent // step, bars - 1).astype(int), families.size, bars)
        poor += int(families.size[spent * 1000 < figures.POVERTY_LINE].sum())
    return [float(share) for share in counts / counts.sum()], poor / float(counts.sum())


def released_funnels(lake: Path) -> dict[str, dict[str, dict[str, int]]]:
    """From the mart of each cycle's current release: programme, cycle and part to families, of programmes in force."""
    index = json.loads((lake / "releases" / "current.json").read_text("utf-8"))["cycles"]
    files = [f"{lake}/releases/{cycle}/{entry['release']}/marts/cycle_funnel.parquet" for cycle, entry in index.items()]
    rows = duckdb.execute(
        """SELECT programme, cycle, kept, confirmed, pending + held, removed_active + removed_nominated
        FROM read_parquet($files) WHERE area_level = 'nation' AND in_force ORDER BY 1, 2""",
        {"files": files},
    ).fetchall()
    found: dict[str, dict[str, dict[str, int]]] = {}
    for programme, cycle, *parts in rows:
        found.setdefault(programme, {})[cycle] = dict(zip(PARTS, map(int, parts), strict=True))
    return found


def main(
    lake: Annotated[Path, typer.Argument(help="A lake in which cycles were simulated and released.")],
    to: Annotated[Path, typer.Option(help="Folder of the pictures.")] = Path("docs/pictures"),
    released: Annotated[Path | None, typer.Option(help="The lake with the releases, if it is another.")] = None,
) -> None:
    """Write age-pyramid.svg, welfare.svg and funnel.svg."""
    plan, _ = newest(lake)
    shares, poor = measured_consumption(plan, 100, 45)
    nation = f"{plan.families:,} families, {plan.cycle.key}"
    drawn = {
        "age-pyramid.svg": pyramid(*ages(lake, plan), f"Persons by age, {nation}"),
        "welfare.svg": histogram(
            shares, 100, figures.POVERTY_LINE / 1000, f"Persons by consumption, {nation}: {poor:.2%} below the line"
        ),
        "funnel.svg": funnels(released_funnels(released or lake), "Listed families by decision, cycle by cycle"),
    }
    to.mkdir(parents=True, exist_ok=True)
    for name, picture in drawn.items():
        (to / name).write_text(picture, "utf-8")
        typer.echo(f"{to / name}: {len(picture) / 1000:.0f} kB")


if __name__ == "__main__":
    typer.run(main)
