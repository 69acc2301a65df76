"""A build that would not fit is refused before it begins. Deliveries are files of a stated size that hold nothing."""

from pathlib import Path

import psutil
import pytest

from orchestration.ingest.records import Delivery, IngestedSource, RawFile
from orchestration.settings import Settings
from orchestration.warehouse.room import DISK_FACTOR, MEMORY_FACTOR, NoRoom, require_room

CYCLE = "2025-11"


def ingested(folder: Path, size: int) -> IngestedSource:
    """A delivery whose raw file says that it is so large, and takes no room."""
    path = folder / "part-0.parquet"
    with path.open("wb") as file:
        file.truncate(size)
    raw = RawFile(path=path.name, sha256="0" * 64, rows=1, raw_path=path, decimal_comma=False, is_csv=False)
    delivery = Delivery(
        cycle=CYCLE, batch="", digest="d", sender="bps", sent_at="2025-11-16T09:00:00+07:00", contract_version=1,
        files=(raw,), extra_columns=(),
    )  # fmt: skip
    return IngestedSource(
        source="dtsen_individu", cycle=CYCLE, deliveries=(delivery,), warnings=(), absent=False, contract=None
    )


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    (tmp_path / "lake" / "build").mkdir(parents=True)
    return Settings(lake=tmp_path / "lake")


def test_a_small_delivery_has_room(settings: Settings, tmp_path: Path) -> None:
    require_room(settings, CYCLE, [ingested(tmp_path, 1_000_000)])


def test_a_disk_that_is_too_small_is_told_of_before_anything_is_done(settings: Settings, tmp_path: Path) -> None:
    with pytest.raises(NoRoom, match=rf"needs about {8 * DISK_FACTOR * 1000:.1f} GB of disk and .* GB are free"):
        require_room(settings, CYCLE, [ingested(tmp_path, 8_000_000_000_000)])


def test_memory_that_is_too_small_is_told_of_unless_the_engine_is_bounded(settings: Settings, tmp_path: Path) -> None:
    large = [ingested(tmp_path, int(psutil.virtual_memory().total / MEMORY_FACTOR * 1.2))]
    unbounded = settings.model_copy(update={"memory_limit": "1000GB"})
    with pytest.raises(NoRoom, match="MUTAKHIR_MEMORY_LIMIT lower"):
        require_room(unbounded, CYCLE, large)
    require_room(settings.model_copy(update={"memory_limit": "500MB"}), CYCLE, large)


def test_the_build_that_is_replaced_makes_room(settings: Settings, tmp_path: Path) -> None:
    large = [ingested(tmp_path, 8_000_000_000_000)]
    with (settings.build / f"{CYCLE}.duckdb").open("wb") as file:
        file.truncate(15_000_000_000_000)
    with pytest.raises(NoRoom, match=r"and 1\d{4}\.\d GB are free"):
        require_room(settings, CYCLE, large)
