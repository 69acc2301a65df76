"""What judging a source's rows came to: the record, apart from Pandera, whose import takes half a second."""

from pydantic import BaseModel, ConfigDict


class ColumnShare(BaseModel):
    """How many of the parsable rows break one column's domain."""

    model_config = ConfigDict(frozen=True)

    column: str
    broken: int
    share: float


class ContractResult(BaseModel):
    """The contract gate of one source and cycle.

    Attributes:
        rows: parsable rows judged.
        limit: the highest share of a column that passes.
        columns: one entry per column of the contract, in its order.
        failed: names of the checks that failed: ``share of <column>``, or a column that is missing or not text.
    """

    model_config = ConfigDict(frozen=True)

    source: str
    rows: int
    limit: float
    columns: tuple[ColumnShare, ...]
    failed: tuple[str, ...]

    @property
    def passed(self) -> bool:
        """Whether no check failed."""
        return not self.failed

    @property
    def shares(self) -> dict[str, float]:
        """Share of breaking rows by column."""
        return {column.column: column.share for column in self.columns}

    @property
    def worst(self) -> ColumnShare:
        """The column with the highest share."""
        return max(self.columns, key=lambda column: column.share)
