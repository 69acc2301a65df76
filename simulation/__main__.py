"""`python -m simulation` is `mutakhir-simulate`."""

from simulation.cli import app

app(prog_name="mutakhir-simulate")
