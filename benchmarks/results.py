"""Results as they are kept (benchmarks/results/*.json) and shown (benchmarks/RESULTS.md with its pictures)."""

import json
import os
import platform
import subprocess
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import Any

import altair as alt
import pandas as pd
import psutil

HERE = Path(__file__).parent
RESULTS = HERE / "results"
_MB, _GB = 1e6, 1e9


def machine() -> dict[str, Any]:
    """What it was measured on, and with."""
    model = [line for line in Path("/proc/cpuinfo").read_text().splitlines() if line.startswith("model name")]
    return {
        "processor": model[0].split(":")[1].strip() if model else platform.machine(),
        "cores": os.cpu_count(),
        "memory_gb": round(psutil.virtual_memory().total / 2**30),
        "system": f"{platform.system()} {platform.release()}",
        "load_before": round(os.getloadavg()[0], 1),
        "versions": {name: version(name) for name in ("dagster", "dbt-core", "dbt-duckdb", "duckdb", "mutakhir")},
        "python": platform.python_version(),
    }


def keep(kind: str, rows: list[dict[str, Any]], on: dict[str, Any]) -> Path:
    """Write a measurement with its machine, commit and time."""
    at = datetime.now(UTC)
    commit = subprocess.run(["git", "describe", "--always", "--dirty"], cwd=HERE, capture_output=True, text=True)  # noqa: S607
    RESULTS.mkdir(exist_ok=True)
    path = RESULTS / f"{at:%Y-%m-%d-%H%M}-{kind}.json"
    content = {
        "kind": kind,
        "at": at.isoformat(timespec="seconds"),
        "commit": commit.stdout.strip(),
        "machine": on,
        "rows": rows,
    }
    path.write_text(json.dumps(content, indent=1) + "\n", encoding="utf-8")
    return path


def render() -> Path:
    """Make RESULTS.md and its pictures of the newest ladder."""
    newest = sorted(RESULTS.glob("*-ladder.json"))[-1]
    found = json.loads(newest.read_text(encoding="utf-8"))
    rows = sorted(found["rows"], key=lambda row: (row["format"], row["families"]))
    _curves(rows).save(HERE / "ladder.svg")
    on = found["machine"]
    lines = [
        "# Measured",
        f"`python -m benchmarks ladder`, {found['at'][:10]}, commit {found['commit']}: {on['cores']} cores"
        f" ({on['processor']}), {on['memory_gb']} GB, load {on['load_before']} before the start;"
        f" Python {on['python']}, " + ", ".join(f"{name} {number}" for name, number in on["versions"].items()) + ".",
        "",
        "A whole cycle, ingest to gates, with every gate and test, as `mutakhir run` does it. Memory is that of all"
        " processes together; disk is what is used beside the deliveries.",
        "",
        "| families | deliveries | seconds | processor seconds | peak memory | peak disk | slowest models (s) |",
        "|---|---|---|---|---|---|---|",
    ]
    lines += [
        f"| {row['families']:,} | {row['format']}, {row['deliveries_bytes'] / _MB:,.0f} MB | {row['seconds']:.0f} |"
        f" {row['cpu_seconds']:.0f} | {row['peak_memory'] / _GB:.1f} GB |"
        f" {row['peak_disk_beside_deliveries'] / _GB:.1f} GB |"
        f" {', '.join(f'{name} {seconds:.0f}' for name, seconds in list(row['models'].items())[:4])} |"
        for row in rows
    ]
    lines += ["", "![time and memory against families](ladder.svg)", "", f"All figures: `results/{newest.name}`.", ""]
    path = HERE / "RESULTS.md"
    path.write_text("\n".join(lines), encoding="utf-8")
    return path


def _curves(rows: list[dict[str, Any]]) -> alt.HConcatChart:
    data = pd.DataFrame(
        {
            "families": [row["families"] for row in rows],
            "deliveries": [row["format"] for row in rows],
            "seconds": [row["seconds"] for row in rows],
            "memory": [row["peak_memory"] / _GB for row in rows],
        }
    )
    return alt.hconcat(_curve(data, "seconds", "seconds"), _curve(data, "memory", "peak memory, GB"))


def _curve(data: pd.DataFrame, measure: str, title: str) -> alt.Chart:
    scale, axis = alt.Scale(type="log"), alt.Axis(tickCount=5, format="~s")
    chart: alt.Chart = (
        alt.Chart(data, width=300, height=260)
        .mark_line(point=True)
        .encode(
            alt.X("families:Q", scale=scale, axis=axis, title="families"),
            alt.Y(f"{measure}:Q", scale=scale, axis=axis, title=title),
            alt.Color("deliveries:N"),
        )
    )
    return chart
