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

from benchmarks.peers import report

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
    """Make RESULTS.md and its pictures: of every rung of the ladder, every floor, every peer the newest measurement."""
    rows = _newest("ladder", "format")
    _curves(rows).save(HERE / "ladder.svg")
    lines = [
        "# Measured",
        "`python -m benchmarks ladder`: a whole cycle, ingest to gates, with every gate and test, by `mutakhir run`."
        " Memory is that of all processes together, disk what is used beside the deliveries, at the most.",
        "",
        "| families | deliveries | seconds | processor seconds | memory | disk | spilled | read | written |"
        " slowest models (s) | measured |",
        "|---|---|---|---|---|---|---|---|---|---|---|",
    ]
    lines += [
        f"| {row['families']:,} | {row['format']}, {row['deliveries_bytes'] / _MB:,.0f} MB | {row['seconds']:.0f} |"
        f" {row['cpu_seconds']:.0f} | {row['peak_memory'] / _GB:.1f} GB |"
        f" {row['peak_disk_beside_deliveries'] / _GB:.1f} GB |"
        f" {' | '.join(_gigabytes(row, name) for name in ('peak_spilled', 'read_bytes', 'written_bytes'))} |"
        f" {', '.join(f'{name} {seconds:.0f}' for name, seconds in list(row['models'].items())[:4])} |"
        f" {row['of']['at'][:10]}, {row['of']['commit']}, load before {row['of']['machine']['load_before']} |"
        for row in rows
    ]
    lines += ["", "![time and memory against families](ladder.svg)", ""]
    machines = {row["file"]: row["of"]["machine"] for row in rows}
    floors, compared = _newest("floor"), _newest("peers")
    lines += report.floor_table(floors, {row["families"]: row["seconds"] for row in rows if row["format"] == "parquet"})
    lines += report.peers_table(compared)
    if compared:
        report.curves(compared).save(HERE / "peers.svg")
    machines |= {row["file"]: row["of"]["machine"] for row in (*floors, *compared)}
    lines += ["## Measured on"]
    for name, on in sorted(machines.items()):
        versions = ", ".join(f"{package} {number}" for package, number in on["versions"].items())
        lines.append(
            f"- `results/{name}`: {on['cores']} cores ({on['processor']}), {on['memory_gb']} GB, Python {on['python']},"
            f" {versions}"
        )
    path = HERE / "RESULTS.md"
    path.write_text("\n".join([*lines, ""]), encoding="utf-8")
    return path


def _gigabytes(row: dict[str, Any], name: str) -> str:
    """A size, where it was measured."""
    return f"{row[name] / _GB:.1f} GB" if name in row else ""


def _newest(kind: str, key: str = "engine") -> list[dict[str, Any]]:
    """The rows of a kind of measurement, of every size and ``key`` the newest, with their file and its content."""
    newest: dict[tuple[str, int], dict[str, Any]] = {}
    for path in sorted(RESULTS.glob(f"*-{kind}.json")):
        found = json.loads(path.read_text(encoding="utf-8"))
        for row in found["rows"]:
            newest[row.get(key, ""), row["families"]] = {**row, "file": path.name, "of": found}
    return [newest[of] for of in sorted(newest)]


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
