"""The pictures of docs/simulation.md: well-formed, and as high as the numbers they show."""

import json
import xml.etree.ElementTree as ET
from pathlib import Path

import duckdb
import pytest

from simulation import pictures
from tests.simulated import deliver


def bars(picture: str, colour: str) -> list[float]:
    """Heights of the bars of a colour, the widths of those that lie."""
    found = [node for node in ET.fromstring(picture).iter() if node.tag.endswith("rect") and node.get("fill") == colour]
    return [float(node.get("height", "0")) for node in found]


def test_a_lake_gives_three_pictures(tmp_path: Path) -> None:
    lake = deliver(tmp_path / "lake", 600)
    marts = lake / "releases/2025-11/r01/marts"
    marts.mkdir(parents=True)
    duckdb.sql(
        f"""COPY (SELECT 'PKH' AS programme, '2025-11' AS cycle, 'nation' AS area_level, true AS in_force, 60 AS kept,
            20 AS confirmed, 5 AS pending, 5 AS held, 4 AS removed_active, 6 AS removed_nominated)
        TO '{marts}/cycle_funnel.parquet' (FORMAT parquet)"""
    )
    current = {"cycles": {"2025-11": {"release": "r01"}}}
    (lake / "releases/current.json").write_text(json.dumps(current), "utf-8")
    pictures.main(lake, tmp_path / "made")
    made = {path.name: path.read_text("utf-8") for path in (tmp_path / "made").iterdir()}
    assert made.keys() == {"age-pyramid.svg", "welfare.svg", "funnel.svg"}
    assert len(bars(made["age-pyramid.svg"], pictures.DARK)) == len(bars(made["age-pyramid.svg"], pictures.WARM)) == 18
    assert len(bars(made["welfare.svg"], pictures.WARM)) == 6  # below Rp 609,160, in steps of 100,000
    funnel = [bars(made["funnel.svg"], colour)[0] for colour in pictures.PARTS.values()]
    assert funnel == pytest.approx([66, 22, 11, 11])
