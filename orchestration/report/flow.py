"""Where the nodes and bands of the flow picture lie: delivered list, decisions, next list, from left to right.

Geometry alone, in the units of the picture's viewBox; templates draw it and say it in words.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

LISTED = ("active", "nominated")
DECIDED: Mapping[str, Mapping[str, str]] = {
    "kept": {"active": "kept"},
    "confirmed": {"nominated": "confirmed"},
    "pending": {"nominated": "pending"},
    "held": {"active": "held_active", "nominated": "held_nominated"},
    "not_in_force": {},
    "replaced": {},
    "removed": {"active": "removed_active", "nominated": "removed_nominated"},
}
"""Nodes in the middle, from top to bottom: which column of cycle_funnel flows in from which node on the left."""

NEXT = "next_list_families"
_TOP, _GAP, _WIDTH, _THINNEST = 30.0, 20.0, 12.0, 1.5


@dataclass
class Node:
    """A bar; ``column`` of cycle_funnel (a sum is written with +) is how many families it stands for."""

    name: str
    column: str
    value: int
    x: float
    y: float
    height: float
    width: float = _WIDTH
    out: float = field(default=0.0, repr=False)  # how much of the height is used up by bands
    into: float = field(default=0.0, repr=False)


@dataclass(frozen=True)
class Band:
    """Families on their way from one node to another; ``name`` is the decision that colours it."""

    name: str
    column: str
    value: int
    path: str


@dataclass(frozen=True)
class Flow:
    """The whole picture."""

    width: float
    height: float
    nodes: list[Node]
    bands: list[Band]


def flow(funnel: Mapping[str, Any], width: float, height: float) -> Flow:
    """Lay out one row of cycle_funnel; nodes without families are left out."""
    values = {"removed": total(funnel, "removed_active+removed_nominated"), **funnel}
    decided = [name for name in DECIDED if values[name]]
    most = max(funnel["listed"], funnel[NEXT] + values["removed"], 1)
    scale = (height - _TOP - _GAP * max(len(decided) - 1, 1) - 4) / most
    middle = width * 0.42
    left = _stacked([(name, name, funnel[name]) for name in LISTED if funnel[name]], 0, scale)
    columns = {"removed": "removed_active+removed_nominated"}
    nodes = _stacked([(name, columns.get(name, name), values[name]) for name in decided], middle, scale)
    right = _stacked([("next", NEXT, funnel[NEXT])] if funnel[NEXT] else [], width - _WIDTH, scale)
    sources = {node.name: node for node in left}
    bands = []
    for node in nodes:
        for source, column in DECIDED[node.name].items():
            if source in sources and funnel[column]:
                bands.append(_band(node.name, column, funnel[column], sources[source], node, scale))
        if node.name == "not_in_force":  # delivered, and not told apart by status
            bands += [_band(node.name, origin.column, origin.value, origin, node, scale) for origin in left]
    for node in nodes:
        if right and node.name != "removed":
            bands.append(_band(node.name, node.column, node.value, node, right[0], scale))
    return Flow(width, height, left + nodes + right, bands)


def total(row: Mapping[str, Any], columns: str) -> int:
    """The sum of the columns that are named with + between them."""
    return sum(int(row[column] or 0) for column in columns.split("+"))


def _stacked(parts: Sequence[tuple[str, str, int]], x: float, scale: float) -> list[Node]:
    nodes, y = [], _TOP
    for name, column, value in parts:
        height = max(value * scale, _THINNEST)
        nodes.append(Node(name, column, value, round(x, 1), round(y, 2), round(height, 2)))
        y += height + _GAP
    return nodes


def _band(name: str, column: str, value: int, source: Node, target: Node, scale: float) -> Band:
    """A band as thick as its families, below those that leave the source and enter the target already."""
    thick = max(value * scale, 0.75)
    x0, x1 = source.x + source.width, target.x
    y0, y1, bend = source.y + source.out, target.y + target.into, (x0 + x1) / 2
    source.out += value * scale
    target.into += value * scale
    path = (
        f"M{x0:.1f} {y0:.1f}C{bend:.1f} {y0:.1f} {bend:.1f} {y1:.1f} {x1:.1f} {y1:.1f}"
        f"V{y1 + thick:.1f}C{bend:.1f} {y1 + thick:.1f} {bend:.1f} {y0 + thick:.1f} {x0:.1f} {y0 + thick:.1f}Z"
    )
    return Band(name, column, value, path)
