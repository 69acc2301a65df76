"""What `mutakhir retain` shows: what goes, and what is past its term and stays. Sizes, ages and reasons only."""

from rich.filesize import decimal
from rich.table import Table

from orchestration.retention.plan import Plan
from orchestration.retention.remove import size


def goes(plan: Plan) -> Table:
    """What is past its term, as it lies there now."""
    table = _table("Past its term", "layer", "what", "files", "size", "months", "why")
    for item in plan.goes:
        held = size(item)
        what = f"{item.name} of {item.cycle}" if item.layer == "raw" else item.name
        table.add_row(item.layer, what, f"{held.files:,}", decimal(held.bytes), str(item.age), item.why)
    return table


def stays(plan: Plan) -> Table:
    """What is past its term, and stays because it is needed."""
    table = _table("Past its term, but kept", "layer", "what", "months", "why")
    for item in plan.stays:
        what = f"{item.name} of {item.cycle}" if item.layer == "raw" else item.name
        table.add_row(item.layer, what, str(item.age), item.why)
    return table


def _table(title: str, *columns: str) -> Table:
    table = Table(title=title, title_justify="left")
    for column in columns:
        table.add_column(column, overflow="fold")
    return table
