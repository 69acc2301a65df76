"""Small deliveries in a lake of their own, for tests of ingest: make, spoil, ingest, and see that nothing is left."""

import json
import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from orchestration.ingest.delivery import DeliveryRefused, ingest_source, record_path
from orchestration.settings import Settings
from tests.deliveries import Style, Values, write_delivery

CYCLE = "2025-11"
REGISTER = "register_pengecualian"
EVENTS = "hasil_salur"
SECRET = "3171010101889999"


def register(count: int, start: int = 0) -> list[Values]:
    return [
        {"nik": f"{SECRET}{n}", "register": "ASN", "tanggal_data": "2025-10-01"} for n in range(start, start + count)
    ]


def payments(count: int) -> list[Values]:
    return [
        {"program": "PKH", "id_keluarga": f"F{n}", "periode": "2025-07", "hasil": "SUKSES", "tanggal": "2025-08-01"}
        for n in range(count)
    ]


def folder(lake: Settings, source: str = REGISTER, cycle: str = CYCLE) -> Path:
    return lake.landing / cycle / source


def deliver(
    lake: Settings,
    source: str = REGISTER,
    cycle: str = CYCLE,
    rows: Sequence[Values | bytes] | None = None,
    **style: Any,
) -> Path:
    rows = rows if rows is not None else register(4) if source == REGISTER else payments(3)
    write_delivery(folder(lake, source, cycle), source, cycle, rows, Style(**style))
    return folder(lake, source, cycle)


def held_folders(lake: Settings, source: str = REGISTER) -> list[str]:
    return sorted(os.listdir(lake.raw / source)) if (lake.raw / source).exists() else []


def refused(lake: Settings, source: str = REGISTER, cycle: str = CYCLE) -> list[str]:
    """The problems; and nothing is left of the delivery, no record and no value of a row."""
    with pytest.raises(DeliveryRefused) as caught:
        ingest_source(lake, cycle, source)
    assert held_folders(lake, source) == []
    assert not record_path(lake, cycle, source).exists()
    assert SECRET not in str(caught.value)
    return caught.value.problems


def stated(place: Path, **changes: Any) -> None:
    """Change delivery.json; of ``file`` the first file's entry."""
    statement = json.loads((place / "delivery.json").read_text())
    statement["files"][0].update(changes.pop("file", {}))
    statement.update(changes)
    statement = {key: value for key, value in statement.items() if value is not ...}
    (place / "delivery.json").write_text(json.dumps(statement))


def cut(path: Path) -> None:
    """Take the last byte away."""
    path.write_bytes(path.read_bytes()[:-1])
