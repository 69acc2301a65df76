"""Great Expectations over the small evidence tables: is this cycle plausible against the limits?

The only module that imports Great Expectations, and only inside the function that runs it (the import takes seconds).
Sees aggregates alone; its data docs are one page that asks no other host for anything.
"""

import os
import warnings
from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd

from orchestration.gates.verdict import GateLimit
from orchestration.settings import private_dir

TEMPLATES = Path(__file__).parent / "templates"
PLACES_NAMED = 10
WIDE = {"gate_values": ("gate", "value", ""), "evidence_sources": ("source", "rejected_share", "rejected_share_")}
"""Evidence tables with one row per gate: key, value, and what the gate's name has before the key."""


@dataclass(frozen=True)
class SuiteOutcome:
    """What the expectations of one gate said.

    Attributes:
        success: every expectation of the gate was met; False as well when one could not be evaluated.
        value: the observed value furthest from its limits; None when there is none.
        worst: places of the values outside the limits, furthest first, or else of the furthest; of a long table only.
        error: why an expectation could not be evaluated: the engine failed, which says nothing of the data.
    """

    gate: str
    success: bool
    value: float | None
    worst: str = ""
    error: str = ""


@dataclass(frozen=True)
class _Question:
    """One gate, and the column of an evidence table that its limit is put to; ``key`` names rows of a long table."""

    limit: GateLimit
    table: str
    column: str
    key: str = ""


def run_suites(frames: Mapping[str, pd.DataFrame], limits: Iterable[GateLimit], docs: Path) -> list[SuiteOutcome]:
    """Put every limit that Great Expectations judges to its evidence table, and write the data docs.

    Args:
        frames: tables of the schema gates by name: gate_values, evidence_sources, evidence_regencies, evidence_deciles.
        limits: the limits in force; those without ``gx`` among their tools are passed over.
        docs: folder of the data docs; index.html in it is replaced.

    Returns:
        One outcome per gate. An engine that fails is an error of every gate, never an exception.
    """
    questions = [_question(limit) for limit in limits if "gx" in limit.tool.split("+")]
    tables = {name: _widened(frame, *WIDE[name]) if name in WIDE else frame for name, frame in frames.items()}
    try:
        validated = _validate(tables, questions, docs)
    except Exception as error:  # whatever it is, the gates are not judged, and the verdict must say so
        stopped = f"Great Expectations stopped with {type(error).__name__}"
        return [SuiteOutcome(asked.limit.gate, False, *_observed(tables, asked), stopped) for asked in questions]
    return [_outcome(tables, asked, validated.get(asked.limit.gate, [])) for asked in questions]


def _question(limit: GateLimit) -> _Question:
    if limit.gate == "removal_rate_regency":
        return _Question(limit, "evidence_regencies", "removal_rate", "regency_code")
    if limit.gate == "decile_balance":
        return _Question(limit, "evidence_deciles", "share", "welfare_decile")
    return _Question(
        limit, "evidence_sources" if limit.gate.startswith("rejected_share_") else "gate_values", limit.gate
    )


def _widened(frame: pd.DataFrame, key: str, value: str, prefix: str) -> pd.DataFrame:
    """One row with a column per gate: a section each in the docs. A gate there twice is left out, which is an error."""
    single = frame[~frame[key].duplicated(keep=False)]
    return pd.DataFrame({f"{prefix}{name}": [number] for name, number in zip(single[key], single[value], strict=True)})


def _observed(tables: Mapping[str, pd.DataFrame], asked: _Question) -> tuple[float | None, str]:
    """The value furthest from (or nearest to) the limits, and where."""
    frame = tables.get(asked.table, pd.DataFrame())
    if asked.column not in frame:
        return None, ""
    values = pd.to_numeric(frame[asked.column], errors="coerce")
    if values.empty and asked.table == "evidence_regencies":
        return 0.0, ""  # no regency is large enough to be judged: the share of a zero denominator
    if values.empty or values.isna().any():
        return None, ""
    lower, upper = asked.limit.lower, asked.limit.upper
    below = values * 0 - float("inf") if lower is None else lower - values
    above = values * 0 - float("inf") if upper is None else values - upper
    distance = below.where(below > above, above).sort_values(ascending=False, kind="stable")
    value = float(values[distance.index[0]])
    if not asked.key:
        return value, ""
    outside = distance[distance > 0]
    places = [str(place) for place in frame.loc[(outside if len(outside) else distance[:1]).index, asked.key]]
    more = f" and {len(places) - PLACES_NAMED} more" if len(places) > PLACES_NAMED else ""
    return value, ", ".join(places[:PLACES_NAMED]) + more


def _outcome(tables: Mapping[str, pd.DataFrame], asked: _Question, results: list[Any]) -> SuiteOutcome:
    errors = [message for result in results for message in _raised(result.exception_info)]
    if not results:
        errors = ["no expectation was evaluated"]
    success = not errors and all(result.success is True for result in results)
    return SuiteOutcome(asked.limit.gate, success, *_observed(tables, asked), errors[0] if errors else "")


def _raised(exception_info: Mapping[str, Any]) -> list[str]:
    """Messages of raised exceptions: the information stands flat, or once per metric that failed."""
    entries = [exception_info] if "raised_exception" in exception_info else list(exception_info.values())
    return [str(entry["exception_message"]).splitlines()[0] for entry in entries if entry["raised_exception"]]


def _validate(tables: Mapping[str, pd.DataFrame], questions: list[_Question], docs: Path) -> dict[str, list[Any]]:
    """Results of Great Expectations by gate, after writing the data docs."""
    os.environ["GX_ANALYTICS_ENABLED"] = "false"  # read when the package is imported
    with warnings.catch_warnings(action="ignore", category=DeprecationWarning):  # it imports two that Python deprecates
        import great_expectations as gx
    from great_expectations.data_context.types.base import ProgressBarsConfig

    context = gx.get_context(mode="ephemeral")
    context.variables.progress_bars = ProgressBarsConfig(globally=False)
    source = context.data_sources.add_pandas("gates")
    results: dict[str, list[Any]] = defaultdict(list)
    pages: dict[str, Any] = {}
    for table in dict.fromkeys(asked.table for asked in questions):
        suite = gx.ExpectationSuite(name=table)
        for asked in questions:
            if asked.table == table:
                for expectation in _expectations(asked):
                    suite.add_expectation(expectation)
        rows = tables.get(table, pd.DataFrame())
        batch = source.add_dataframe_asset(table).add_batch_definition_whole_dataframe("all rows")
        keys = sorted({asked.key for asked in questions if asked.table == table and asked.key in rows})
        named = {"unexpected_index_column_names": keys} if keys else {}
        pages[table] = batch.get_batch({"dataframe": rows}).validate(
            suite, result_format={"result_format": "COMPLETE", **named}
        )
        for result in pages[table].results:
            results[result.expectation_config.meta["gate"]].append(result)
    _write_docs(pages, docs)
    return results


def _expectations(asked: _Question) -> list[Any]:
    """A value there is, within the limits, bounds included; of the deciles all ten are there."""
    import great_expectations as gx
    from great_expectations.expectations.metadata_types import FailureSeverity

    expect: Any = gx.expectations
    limit = asked.limit
    about: dict[str, Any] = {
        "severity": FailureSeverity.CRITICAL if limit.severity == "block" else FailureSeverity.WARNING,
        "meta": {"gate": limit.gate},
    }
    asking: list[Any] = [
        expect.ExpectColumnValuesToNotBeNull(column=asked.column, **about),
        expect.ExpectColumnValuesToBeBetween(
            column=asked.column, min_value=limit.lower, max_value=limit.upper, **about
        ),
    ]
    if asked.table == "evidence_deciles":
        asking += [
            expect.ExpectColumnDistinctValuesToEqualSet(column=asked.key, value_set=list(range(1, 11)), **about),
            expect.ExpectTableRowCountToEqual(value=10, **about),
        ]
    return asking


def _write_docs(pages: Mapping[str, Any], docs: Path) -> None:
    """One page with what Great Expectations renders of every table.

    Its own site loads scripts and styles from nine other hosts and is empty without them; hence the templates.
    """
    from great_expectations.render.renderer.page_renderer import ValidationResultsPageRenderer
    from great_expectations.render.view.view import DefaultJinjaPageView

    view: Any = DefaultJinjaPageView(custom_views_directory=str(TEMPLATES))
    renderer = ValidationResultsPageRenderer()
    tables = [
        view.render(renderer.render(result), template="evidence_table.j2", table=table, success=result.success)
        for table, result in pages.items()
    ]
    private_dir(docs)
    page = view.env.get_template("data_docs.j2").render(tables=tables)
    (docs / "index.html").write_text(page, encoding="utf-8")
