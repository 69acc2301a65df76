"""What ingest hands on: which deliveries and files count for a source in a cycle, and where their raw Parquet lies."""

from pathlib import Path

from pydantic import BaseModel, ConfigDict

from orchestration.contracts.result import ContractResult


class _Record(BaseModel):
    model_config = ConfigDict(frozen=True)


class RawFile(_Record):
    """One data file as delivered, and the Parquet file that holds its rows.

    Attributes:
        path: relative to landing/<cycle>/<source>/, with the batch.
        sha256: of the file as delivered.
        rows: records in it, unparsable ones included.
        raw_path: absolute; made from CSV (row_number, unparsable, the contract's columns as text) or the delivered
            Parquet file itself.
        decimal_comma: a semicolon CSV, whose decimals may have a comma.
        is_csv: delivered as CSV.
    """

    path: str
    sha256: str
    rows: int
    raw_path: Path
    decimal_comma: bool
    is_csv: bool


class Delivery(_Record):
    """One accepted delivery: a folder with its delivery.json.

    Attributes:
        batch: sub-folder of landing/<cycle>/<source>/; empty for the folder itself.
        digest: of source, cycle, contract version and the files' names, digests and rows.
        extra_columns: columns that the contract does not know; ignored.
    """

    cycle: str
    batch: str
    digest: str
    sender: str
    sent_at: str
    contract_version: int
    files: tuple[RawFile, ...]
    extra_columns: tuple[str, ...]


class IngestedSource(_Record):
    """What counts of one source in one cycle; written to build/<cycle>.ingest/<source>.json.

    Attributes:
        deliveries: the cycle's own and, of an event source, the earlier ones; by cycle, then bytes of the batch's path.
        warnings: what people should know and what does not count; never a value of a row.
        absent: an optional source of which nothing was delivered for this cycle.
        contract: the contract gate over the cycle's own rows; None when nothing was delivered.
    """

    source: str
    cycle: str
    deliveries: tuple[Delivery, ...]
    warnings: tuple[str, ...]
    absent: bool
    contract: ContractResult | None

    @property
    def own_files(self) -> list[RawFile]:
        """Files of the cycle's own deliveries, in order of the bytes of their path."""
        files = [file for delivery in self.deliveries if delivery.cycle == self.cycle for file in delivery.files]
        return sorted(files, key=lambda file: file.path.encode())

    @property
    def own_digests(self) -> list[str]:
        """Digests of the cycle's own deliveries."""
        return [delivery.digest for delivery in self.deliveries if delivery.cycle == self.cycle]
