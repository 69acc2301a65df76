"""What is shown of the floor and the peers in benchmarks/RESULTS.md: tables and a picture of rows that were kept."""

import statistics
from collections.abc import Mapping, Sequence
from typing import Any

import altair as alt
import pandas as pd

Row = dict[str, Any]
_GB = 1e9
NAMES = {
    "duckdb": "bare DuckDB",
    "polars": "Polars",
    "spark": "PySpark local[2]",
    "postgres": "PostgreSQL",
    "pandas": "pandas",
}


def floor_table(rows: Sequence[Row], cycles: Mapping[int, float]) -> list[str]:
    """Lines about the floor; ``cycles`` has the seconds of whole cycles by families."""
    if not rows:
        return []
    lines = [
        "## Floor",
        "`python -m benchmarks floor`: the bare core as one SQL script on DuckDB over the same deliveries, without"
        " ingest, gates, tests and orchestration.",
        "",
        "| families | seconds | processor seconds | memory | whole cycle, times the floor |",
        "|---|---|---|---|---|",
    ]
    for row in rows:
        families, seconds = row["families"], row["process_seconds"]
        if "failed" in row:
            lines.append(f"| {families:,} | {row['failed']} | | | |")
            continue
        ratio = f"{cycles[families] / seconds:.1f}" if families in cycles else ""
        lines.append(
            f"| {families:,} | {seconds:.1f} | {row['cpu_seconds']:.0f} | {row['peak_memory'] / _GB:.1f} GB | {ratio} |"
        )
    return [*lines, ""]


def peers_table(rows: Sequence[Row]) -> list[str]:
    """Lines about the peers: time, ratio to bare DuckDB and its spread, and why an engine stopped."""
    if not rows:
        return []
    lines = [
        "## Peers",
        "`python -m benchmarks peers`: the same core on several engines side by side, 2 cores and the same memory for"
        " each ([what the core is](peers/core.md)). Seconds are of the work, from the first delivered file to the last"
        " result; starting up (a JVM, a cluster) is not in them. Times DuckDB: the least, the median and the greatest"
        " of the repetitions, each against bare DuckDB in the same repetition.",
        "",
        "| families | engine | seconds | of these loading | times DuckDB | processor seconds | memory | disk |",
        "|---|---|---|---|---|---|---|---|",
    ]
    order = list(NAMES)
    for row in sorted(rows, key=lambda row: (row["families"], order.index(row["engine"]))):
        lines.append(f"| {row['families']:,} | {NAMES[row['engine']]} | {_measured(row)} |")
    lines += ["", "![time of the engines against families](peers.svg)", ""]
    for engine in order:
        told = [run for row in rows if row["engine"] == engine for run in row["runs"] if "version" in run]
        if told:
            settings = ", ".join(f"{name} {value}" for name, value in told[-1]["settings"].items())
            lines.append(f"- {NAMES[engine]} {told[-1]['version']}: {settings}")
    return [*lines, ""]


def _measured(row: Row) -> str:
    """The columns after the engine's name."""
    if "seconds" not in row:
        return f"{row.get('gave_up', 'not run')} | | | | | "
    if not row["equal"]:
        return "void: its results differ | | | | | "
    runs, ratio = row["runs"], row.get("ratio")
    loading = statistics.median(run["seconds"].get("load", 0) for run in runs)
    return (
        f"{row['seconds']['median']:.1f} | {format(loading, '.1f') if loading else ''} |"
        f" {'{min:.1f} - {median:.1f} - {max:.1f}'.format(**ratio) if ratio else ''} |"
        f" {statistics.median(run['cpu_seconds'] for run in runs):.0f} |"
        f" {max(run['peak_memory'] for run in runs) / _GB:.1f} GB |"
        f" {max(run['peak_disk'] for run in runs) / _GB:.1f} GB"
    )


def curves(rows: Sequence[Row]) -> alt.Chart:
    """Median seconds against families by engine, on two logarithmic axes."""
    valid = [row for row in rows if row.get("equal")]
    data = pd.DataFrame(
        {
            "families": [row["families"] for row in valid],
            "engine": [NAMES[row["engine"]] for row in valid],
            "seconds": [row["seconds"]["median"] for row in valid],
        }
    )
    scale, axis = alt.Scale(type="log"), alt.Axis(tickCount=5, format="~s")
    chart: alt.Chart = (
        alt.Chart(data, width=360, height=260)
        .mark_line(point=True)
        .encode(
            alt.X("families:Q", scale=scale, axis=axis, title="families"),
            alt.Y("seconds:Q", scale=scale, axis=axis, title="seconds"),
            alt.Color("engine:N", sort=list(NAMES.values())),
        )
    )
    return chart
