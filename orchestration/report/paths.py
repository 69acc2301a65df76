"""Where the cycle reports lie; apart from what makes them, which takes longer to import."""

from pathlib import Path

from orchestration.settings import Settings


def report_path(settings: Settings, cycle: str, release: str | None = None) -> Path:
    """reports/<cycle>/cycle-report.html of the candidate, reports/<cycle>/r01.html of a release."""
    return settings.reports / cycle / f"{release or 'cycle-report'}.html"
