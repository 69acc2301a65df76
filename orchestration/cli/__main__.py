"""`python -m orchestration.cli`: the same as `mutakhir`."""

from orchestration.cli import app

app()
