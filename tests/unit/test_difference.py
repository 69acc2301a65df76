"""What a candidate changes against the release before, counted on lists of a few families."""

from pathlib import Path

import pytest

from orchestration.candidate.manifest import read_manifest
from orchestration.publish.release import changes, publish
from orchestration.publish.sealed import PublishRefused
from orchestration.settings import Settings
from tests.builds import make_candidate, passes

BEFORE = (("PKH", "F-1", "3201"), ("PKH", "F-2", "1101"), ("SEMBAKO", "F-1", "3201"))
AFTER = (("PKH", "F-2", "1101"), ("PKH", "F-3", "3201"), ("PKH", "F-4", "3201"))


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    settings = Settings(lake=tmp_path / "lake")
    make_candidate(settings, families=BEFORE)
    publish(settings, "2025-11", evaluate=passes)
    return settings


def counts(row: dict[str, object]) -> list[object]:
    return [row[name] for name in ("families_before", "joined", "left", "families_after")]


def test_families_that_join_and_leave_are_counted_by_programme(settings: Settings) -> None:
    make_candidate(settings, families=AFTER, amount=700_000)
    found = changes(settings, "2025-11")
    assert found.against and (found.against.cycle, found.against.release) == ("2025-11", "r01")
    assert [(row["programme"], *counts(row)) for row in found.programmes] == [
        ("PKH", 2, 2, 1, 3),
        ("SEMBAKO", 1, 0, 1, 0),
    ]
    pkh, sembako = found.programmes
    assert (pkh["quarterly_amount_idr_before"], pkh["quarterly_amount_idr_after"]) == (1_200_000, 2_100_000)
    assert (sembako["payable_before"], sembako["payable_after"], pkh["status_changed"]) == (1, 0, 0)
    assert [(row["programme"], row["decision"], row["families_before"], row["families_after"])
            for row in found.decisions] == [("PKH", "keep", 2, 3), ("SEMBAKO", "keep", 1, 0)]  # fmt: skip


def test_a_correction_carries_its_difference(settings: Settings) -> None:
    make_candidate(settings, families=AFTER)
    expected = changes(settings, "2025-11").for_manifest()
    corrected = publish(settings, "2025-11", "families were missing", evaluate=passes)
    assert read_manifest(corrected.folder)[0].difference == expected
    assert read_manifest(settings.releases / "2025-11" / "r01")[0].difference is None


def test_a_new_cycle_is_compared_with_the_cycle_before(settings: Settings) -> None:
    make_candidate(settings, "2025-12", families=AFTER)
    found = changes(settings, "2025-12")
    assert found.against and found.against.cycle == "2025-11"
    assert counts(found.programmes[0]) == [2, 2, 1, 3]


def test_what_is_published_already_is_compared_with_the_release_before_it(settings: Settings) -> None:
    make_candidate(settings, "2025-12", families=AFTER)
    before = changes(settings, "2025-12")
    publish(settings, "2025-12", evaluate=passes)
    assert changes(settings, "2025-12") == before


def test_the_first_release_of_all_is_all_new(tmp_path: Path) -> None:
    settings = Settings(lake=tmp_path / "lake")
    with pytest.raises(PublishRefused, match="no sealed candidate"):
        changes(settings, "2025-11")
    make_candidate(settings, families=BEFORE)
    found = changes(settings, "2025-11")
    assert found.against is None
    assert [counts(row) for row in found.programmes] == [[0, 2, 0, 2], [0, 1, 0, 1]]
