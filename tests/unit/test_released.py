"""Finding the current release of a cycle and of the cycle before: from current.json alone, failing closed."""

from pathlib import Path

import pytest

from orchestration.publish.release import publish
from orchestration.released import ReleaseIndexDamaged, current_release, newest_release_before, read_index
from orchestration.settings import Settings
from tests.builds import make_candidate, passes


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return Settings(lake=tmp_path / "lake")


def test_before_the_first_release_there_is_none(settings: Settings) -> None:
    assert read_index(settings) is None
    assert current_release(settings, "2025-11") is None
    assert newest_release_before(settings, "2025-11") is None


def test_the_newest_before_is_strictly_before_and_skips_cycles_that_were_never_released(settings: Settings) -> None:
    for cycle in ("2025-01", "2025-11"):
        make_candidate(settings, cycle)
        publish(settings, cycle, evaluate=passes)
    make_candidate(settings, "2025-01", amount=1)
    publish(settings, "2025-01", "wrong amount", evaluate=passes)
    january, november = settings.releases / "2025-01/r02", settings.releases / "2025-11/r01"
    assert current_release(settings, "2025-01") == january
    assert current_release(settings, "2025-06") is None
    assert newest_release_before(settings, "2025-01") is None
    assert newest_release_before(settings, "2025-11") == ("2025-01", january)
    assert newest_release_before(settings, "2026-03") == ("2025-11", november)


@pytest.mark.parametrize("content", ["", "{}", "[]", '{"newest": "2025-11", "cycles": {"2025-11": "r01"}}'])
def test_a_damaged_index_is_an_error_not_an_absence(settings: Settings, content: str) -> None:
    settings.releases.mkdir(parents=True)
    (settings.releases / "current.json").write_text(content)
    with pytest.raises(ReleaseIndexDamaged, match="mutakhir verify"):
        newest_release_before(settings, "2025-12")


def test_a_current_release_that_is_not_there_is_an_error(settings: Settings) -> None:
    make_candidate(settings)
    folder = publish(settings, "2025-11", evaluate=passes).folder
    folder.chmod(0o700)
    folder.rename(folder.with_name("aside"))
    with pytest.raises(ReleaseIndexDamaged, match="not there"):
        newest_release_before(settings, "2025-12")
