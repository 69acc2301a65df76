"""How near a family came to a place: its position, what its regency had to give, and whom selection reached.

From decisions, waiting list and funnel of the release, and the build for a candidate behind the waiting list. Of other
families only decile and priority class are told.
"""

from typing import Any

import duckdb

from orchestration.engine import literal
from orchestration.explain.answer import Reached, Standing
from orchestration.explain.lookup import Folder, mart, rows
from orchestration.explain.unlisted import Candidate


def of_selected(connection: duckdb.DuckDBPyConnection, folder: Folder, decision: dict[str, Any]) -> Standing:
    """The standing of a family that was selected."""
    regency = decision["regency_code"]
    return _standing(
        connection,
        folder,
        decision["programme"],
        regency,
        selection_round=decision["selection_round"],
        selection_rank=decision["selection_rank"],
    )


def of_waiting(
    connection: duckdb.DuckDBPyConnection, folder: Folder, waiting: dict[str, Any], candidate: Candidate | None
) -> Standing:
    """The standing of a family on the waiting list; its order in the nation when the build still knows it.

    The list holds the regency's remaining candidates in selection order, the order of every round.
    """
    return _standing(
        connection,
        folder,
        waiting["programme"],
        waiting["regency_code"],
        position_in_regency=waiting["position_in_regency"],
        selection_order=candidate.selection_order if candidate else None,
    )


def of_candidate(
    connection: duckdb.DuckDBPyConnection, folder: Folder, programme: str, candidate: Candidate
) -> Standing:
    """The standing of a candidate that is not even on the waiting list."""
    return _standing(
        connection,
        folder,
        programme,
        candidate.regency_code,
        position_in_regency=candidate.position_in_regency,
        selection_order=candidate.selection_order,
    )


def _standing(
    connection: duckdb.DuckDBPyConnection, folder: Folder, programme: str, regency: str | None, **known: Any
) -> Standing:
    area = f"programme = {literal(programme)} and area_level = 'regency' and area_code = {literal(regency or '')}"
    funnel = next(iter(mart(connection, folder, "cycle_funnel", area)), {})
    last = "max_by({name}, selection_rank){where}"
    here = f" filter (regency_code = {literal(regency or '')})"
    columns = ", ".join(
        f"{last.format(name=name, where=where)} as {name}_{level}"
        for level, where in (("nation", ""), ("regency", here))
        for name in ("welfare_decile", "priority_class", "selection_rank")
    )
    files = folder.files("decisions", programme)
    selected = rows(connection, files, "selection_rank is not null", folder, f"count(*) as families, {columns}")
    reached = selected[0] if selected else {"families": 0}
    return Standing(
        regency_code=regency,
        selected_in_nation=reached["families"],
        waiting_list_length=funnel.get("on_waiting_list"),
        waiting_in_regency=funnel.get("waiting"),
        places_in_regency=funnel.get("vacancies"),
        selected_in_regency=funnel.get("replaced"),
        last_in_regency=_reached(reached, "regency"),
        last_in_nation=_reached(reached, "nation"),
        **known,
    )


def _reached(reached: dict[str, Any], level: str) -> Reached | None:
    if reached.get(f"selection_rank_{level}") is None:
        return None
    names = ("welfare_decile", "priority_class", "selection_rank")
    return Reached(**{name: reached[f"{name}_{level}"] for name in names})
