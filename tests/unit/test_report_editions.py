"""What a report can be of: a sealed candidate, a release by its name, and nothing else."""

from pathlib import Path

import pytest

from orchestration.publish.release import publish
from orchestration.report.editions import NothingToReport, edition, released_before
from orchestration.report.paths import report_path
from orchestration.settings import Settings
from tests.builds import make_candidate, passes


def test_of_a_candidate_or_a_release_and_nothing_else(tmp_path: Path) -> None:
    settings = Settings(lake=tmp_path / "lake")
    with pytest.raises(NothingToReport, match="is not a sealed candidate: `mutakhir run --cycle 2025-11`"):
        edition(settings, "2025-11")
    for cycle in ("2025-11", "2025-10"):
        make_candidate(settings, cycle)
        publish(settings, cycle, evaluate=passes)
    assert edition(settings, "2025-11").name == "2025-11" and edition(settings, "2025-11", "r01").name == "2025-11/r01"
    assert [earlier.name for earlier in released_before(settings, "2025-12")] == ["2025-10/r01", "2025-11/r01"]
    assert [earlier.name for earlier in released_before(settings, "2025-11")] == ["2025-10/r01"]
    with pytest.raises(NothingToReport, match="r02 is not a release"):
        edition(settings, "2025-11", "r02")
    for name in ("../r01", "1", "r1", ""):
        with pytest.raises(NothingToReport, match="write r01, r02"):
            edition(settings, "2025-11", name)
    (settings.candidates / "2025-11" / "manifest.json").write_text("{}")
    with pytest.raises(NothingToReport, match="is not a manifest: `mutakhir run"):
        edition(settings, "2025-11")


def test_each_edition_has_a_page_of_its_own(tmp_path: Path) -> None:
    settings = Settings(lake=tmp_path)
    assert report_path(settings, "2025-11") == tmp_path / "reports/2025-11/cycle-report.html"
    assert report_path(settings, "2025-11", "r02") == tmp_path / "reports/2025-11/r02.html"
