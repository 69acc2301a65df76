"""What the pictures of the cycle report are made of: bands that add up, tiles where provinces lie; and the score."""

import re
from typing import Any

import pytest

from orchestration.contracts.code_lists import areas
from orchestration.report.attention import CAP, excess_of, ranked
from orchestration.report.flow import flow
from orchestration.report.tiles import COLUMNS, ROWS, places, tile_map

FUNNEL = {
    "listed": 1000, "active": 600, "nominated": 400, "kept": 540, "confirmed": 250, "pending": 60, "held": 30,
    "held_active": 20, "held_nominated": 10, "removed_active": 40, "removed_nominated": 80, "not_in_force": 0,
    "replaced": 115, "next_list_families": 995,
}  # fmt: skip


def edges(path: str) -> tuple[float, float, float, float]:
    """x and y where a band begins and ends, along its upper side."""
    numbers = [float(number) for number in re.findall(r"-?[0-9.]+", path)]
    return numbers[0], numbers[1], numbers[6], numbers[7]


def test_what_flows_into_a_node_and_out_of_it_is_its_families() -> None:
    drawn = flow(FUNNEL, 1000, 330)
    nodes = {node.name: node for node in drawn.nodes}
    assert {name: node.value for name, node in nodes.items()} == {
        "active": 600, "nominated": 400, "kept": 540, "confirmed": 250, "pending": 60, "held": 30, "replaced": 115,
        "removed": 120, "next": 995,
    }  # fmt: skip
    for node in drawn.nodes:
        starts = sum(
            band.value
            for band in drawn.bands
            if edges(band.path)[0] == node.x + node.width
            and node.y - 0.1 <= edges(band.path)[1] <= node.y + node.height
        )
        ends = sum(
            band.value
            for band in drawn.bands
            if edges(band.path)[2] == node.x and node.y - 0.1 <= edges(band.path)[3] <= node.y + node.height
        )
        assert starts == (0 if node.name in ("removed", "next") else node.value), node.name
        assert ends == (0 if node.name in ("active", "nominated", "replaced") else node.value), node.name


def test_nodes_lie_within_the_picture_and_leave_room_for_their_labels() -> None:
    for width, height in ((1000, 330), (350, 400)):
        drawn = flow(FUNNEL, width, height)
        assert all(0 <= node.x <= width - node.width and node.y + node.height <= height for node in drawn.nodes)
        middle = [node for node in drawn.nodes if node.name not in ("active", "nominated", "next")]
        below = [second.y - first.y - first.height for first, second in zip(middle, middle[1:], strict=False)]
        assert min(below) >= 19.9


def test_a_list_of_nobody_and_a_programme_not_in_force_can_be_drawn() -> None:
    nobody = flow(dict.fromkeys(FUNNEL, 0), 1000, 330)
    assert (nobody.nodes, nobody.bands) == ([], [])
    carried = {**dict.fromkeys(FUNNEL, 0), "listed": 9, "active": 9, "not_in_force": 9, "next_list_families": 9}
    assert [(band.name, band.value) for band in flow(carried, 1000, 330).bands] == [("not_in_force", 9)] * 2


def test_each_province_has_a_tile_of_its_own() -> None:
    known = {code for code in areas() if len(code) == 2}
    assert set(places()) == known and len(known) == 38
    assert len(set(places().values())) == 38
    assert all(0 <= column < COLUMNS and 0 <= row < ROWS for column, row in places().values())


@pytest.mark.parametrize(
    ("west", "east"), [("11", "12"), ("31", "35"), ("61", "64"), ("73", "74"), ("51", "53"), ("82", "91"), ("36", "31")]
)
def test_tiles_lie_as_the_provinces_do(west: str, east: str) -> None:
    assert places()[west][0] < places()[east][0]
    assert places()["65"][1] < places()["63"][1] and places()["11"][1] < places()["18"][1] < places()["36"][1]


def test_shades_are_equal_steps_around_all_shares() -> None:
    shares = dict.fromkeys(places(), 0.05) | {"11": 0.033, "51": 0.126, "96": None}
    drawn = tile_map(shares)
    assert drawn.bounds == pytest.approx([0.025, 0.05, 0.075, 0.1, 0.125, 0.15])
    shades = {tile.code: tile.shade for tile in drawn.tiles}
    assert (shades["11"], shades["12"], shades["51"], shades["96"]) == (0, 1, 4, None)
    assert {tile.shade for tile in tile_map(dict.fromkeys(places(), 0.0)).tiles} == {0}
    assert {tile.shade for tile in tile_map({"11": 1.0, "12": 0.0}).tiles} == {0, 4, None}


def funnel_of(code: str, listed: int, removed: int, in_force: bool = True) -> dict[str, Any]:
    row = dict.fromkeys(FUNNEL, 0) | {"area_code": code, "listed": listed, "removed_active": removed}
    return row | {"in_force": in_force}


def test_the_score_is_the_formula_that_the_page_states() -> None:
    assert excess_of(60, 25.0) == pytest.approx((60 + 10) / (25 + 10) - 1)
    assert excess_of(1, 0.1) < 0.1  # a single family in a small regency says little
    assert excess_of(10, 25.0) == 0.0 and excess_of(10_000, 1.0) == CAP
    rows = [funnel_of("1101", 500, 60), funnel_of("1102", 500, 15), funnel_of("1103", 1000, 25)]
    only, *others = ranked([*rows, funnel_of("1102", 900, 900, in_force=False)], [], [])
    assert not others and only.code == "1101"
    assert [(sign.name, sign.count, sign.base, sign.expected) for sign in only.signs] == [("removed", 60, 500, 25.0)]
    assert only.score == only.signs[0].excess == pytest.approx(1.0)


def test_signs_add_up_and_the_highest_score_comes_first() -> None:
    rows = [funnel_of("1101", 500, 60), funnel_of("1102", 500, 90), funnel_of("1103", 1000, 0)]
    field = [
        {"regency_code": code, "verified": 100, "verified_not_found": found, "verified_conflicting": 0}
        for code, found in (("1101", 40), ("1102", 0), ("1103", 2))
    ]
    first, second = ranked(rows, field, [])
    assert (first.code, second.code) == ("1101", "1102")
    assert first.score == pytest.approx(sum(sign.excess for sign in first.signs))
    assert [sign.name for sign in first.signs] == ["field", "removed"]
