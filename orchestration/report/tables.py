"""The short tables that a shell shows: gates of a candidate, the funnel of a cycle, what is released.

Reads manifests and marts; judges and computes nothing.
"""

from typing import Any

from rich.table import Table

from orchestration.candidate.manifest import GateResult, Manifest, ManifestDamaged, read_manifest
from orchestration.candidate.write import candidate_folder
from orchestration.cycles import parse_cycle
from orchestration.engine import engine, literal
from orchestration.ingest.delivery import deliveries_ready
from orchestration.released import current_release, read_index
from orchestration.settings import Settings
from orchestration.store import StoreFailed

_FUNNEL = {
    "listed": "listed",
    "active": "  active (regular)",
    "nominated": "  nominated",
    "kept": "kept",
    "confirmed": "confirmed (eligible)",
    "pending": "pending (in verification)",
    "held": "held",
    "held_nominated": "  of the nominated",
    "removed_active": "removed, active",
    "removed_nominated": "removed, nominated (not eligible)",
    "not_in_force": "carried over, not in force",
    "replaced_regency": "replaced in the regency",
    "replaced_province": "replaced in the province",
    "replaced_national": "replaced in the nation",
    "unfilled": "places unfilled",
    "waiting": "waiting",
    "quota": "quota",
    "next_list_families": "next list",
}


def sealed_manifest(settings: Settings, cycle: str) -> Manifest | None:
    """The manifest of the cycle's candidate; None when there is none, or it is not sealed."""
    try:
        return read_manifest(candidate_folder(settings, cycle))[0]
    except (FileNotFoundError, ManifestDamaged):
        return None


def gates(manifest: Manifest) -> Table | str:
    """Gates that failed, blocking ones first: value, limit, and what to do; a line that says so when none did."""
    failed = sorted(
        (result for result in manifest.gate_results if not result.passed), key=lambda result: result.severity
    )
    passed = len(manifest.gate_results) - len(failed)
    if not failed:
        return f"Gates of {manifest.cycle}: all {passed} passed."
    table = Table(title=f"Gates of {manifest.cycle}: {passed} passed, {len(failed)} failed", title_justify="left")
    for column in ("gate", "blocks", "value", "limit", "what, where, what to do"):
        table.add_column(column, overflow="fold")
    for result in failed:
        blocks = "[red]yes[/]" if result.severity == "block" else "no"
        table.add_row(result.gate, blocks, _number(result.value), _limit(result), result.detail)
    return table


def _number(value: float | None) -> str:
    return "none" if value is None else f"{value:.6g}"


def _limit(result: GateResult) -> str:
    bounds = [
        f">= {result.lower:.6g}" if result.lower is not None else "",
        f"<= {result.upper:.6g}" if result.upper is not None else "",
    ]
    return ", ".join(filter(None, bounds))


def funnel(settings: Settings, cycle: str) -> Table | None:
    """The table of the meeting, by programme for the nation, of the current release, else of the candidate."""
    release = current_release(settings, cycle)
    folder = release or candidate_folder(settings, cycle)
    mart = folder / "marts" / "cycle_funnel.parquet"
    if not mart.exists():
        return None
    with engine(settings) as connection:
        cursor = connection.execute(
            f"SELECT * FROM read_parquet({literal(mart)}) WHERE area_level = 'nation' ORDER BY programme"
        )
        names = [column[0] for column in cursor.description or []]
        rows: list[dict[str, Any]] = [dict(zip(names, row, strict=True)) for row in cursor.fetchall()]
    source = f"release {folder.name}" if release else "candidate, not released"
    table = Table(title=f"Families in cycle {cycle} ({source})", title_justify="left")
    table.add_column("")
    for row in rows:
        table.add_column(row["programme"], justify="right")
    for measure, label in _FUNNEL.items():
        table.add_row(label, *(f"{row[measure]:,}" for row in rows))
    return table


def overview(settings: Settings) -> Table:
    """One row per cycle that something is known of: deliveries, candidate, release."""
    index = read_index(settings)
    cycles = {
        path.name
        for folder in (settings.landing, settings.candidates, settings.releases)
        if folder.is_dir()
        for path in folder.iterdir()
    }
    table = Table(title=f"Lake {settings.lake}", title_justify="left")
    for column in ("cycle", "deliveries", "candidate", "release"):
        table.add_column(column, overflow="fold")
    for cycle in sorted(filter(_is_cycle, cycles)):
        try:
            missing, _ = deliveries_ready(settings, cycle)
        except StoreFailed as failed:
            table.caption = f"Deliveries are those fetched before: {failed}"
            settings = Settings(**{**settings.model_dump(), "landing_url": ""})
            missing, _ = deliveries_ready(settings, cycle)
        current = index.cycles.get(cycle) if index else None
        table.add_row(
            cycle,
            f"missing: {', '.join(missing)}" if missing else "complete",
            _candidate_state(settings, cycle),
            (current.release + (" (newest)" if index and index.newest == cycle else "")) if current else "",
        )
    return table


def _is_cycle(name: str) -> bool:
    try:
        parse_cycle(name)
    except ValueError:
        return False
    return True


def _candidate_state(settings: Settings, cycle: str) -> str:
    if not candidate_folder(settings, cycle).is_dir():
        return ""
    manifest = sealed_manifest(settings, cycle)
    if manifest is None:
        return "not sealed"
    return "passed its gates" if manifest.passed else "blocked by its gates"
