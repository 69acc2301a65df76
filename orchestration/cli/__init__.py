"""`mutakhir`: thin commands over the same jobs, recorded in the same Dagster instance.

Decides nothing itself: what a command does stands in the jobs' assets and in the plain modules.
"""

from orchestration.cli import cycle, distribution, explaining, keeping, report, signing
from orchestration.cli.shell import app

__all__ = ["app", "cycle", "distribution", "explaining", "keeping", "report", "signing"]
