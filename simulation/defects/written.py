"""The data files of a cycle as written, before they arrive: read again table by table, rewritten, added to.

`spaced` picks the rows that a defect hits: evenly over all files, and exactly as many as the share asks for.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.csv
import pyarrow.parquet as pq

from simulation.clock import Month
from simulation.columns import Flags
from simulation.deliveries import DataFile, DataWriter, sealed

#: What a defect does to the rows it hits: a table of the source, and which of its rows.
Change = Callable[[pa.Table, Flags], pa.Table]
#: Which rows a defect may hit.
Eligible = Callable[[pa.Table], Flags]


def expected(eligible: int, share: float) -> int:
    """How many of so many rows a share is: rounded up, so that a defect that is asked for is there."""
    return int(np.ceil(np.round(eligible * share, 9)))


def spaced(start: int, count: int, share: float) -> Flags:
    """Which of the eligible rows ``start`` to ``start + count`` are hit; of the first n, ``expected(n, share)``."""
    edges = np.ceil(np.round(np.arange(start, start + count + 1) * share, 9))
    return np.asarray(np.diff(edges) > 0)


class Picker:
    """`spaced` over table after table."""

    def __init__(self, share: float) -> None:
        self.share, self.seen = share, 0

    def __call__(self, eligible: Flags) -> Flags:
        """Which rows of the next table are hit."""
        rows = np.flatnonzero(eligible)
        hit = np.zeros(len(eligible), np.bool_)
        hit[rows[spaced(self.seen, len(rows), self.share)]] = True
        self.seen += len(rows)
        return hit

    @property
    def hits(self) -> int:
        """How many rows were hit so far."""
        return expected(self.seen, self.share)


@dataclass
class Written:
    """The files of a cycle in their working folder."""

    folder: Path
    kind: str  # parquet or csv
    cycle: Month
    files: list[DataFile]

    def of(self, source: str) -> list[DataFile]:
        """The files of a source."""
        return [file for file in self.files if file.source == source and file.listed and not file.lost]

    def tables(self, file: DataFile) -> Iterator[pa.Table]:
        """A file's rows, by row group; all columns of CSV are text."""
        path = self.folder / file.delivery / file.name
        if self.kind == "csv":
            header = path.open(encoding="utf-8").readline().strip().split(",")
            types = {name.strip('"'): pa.string() for name in header}
            yield pyarrow.csv.read_csv(
                path, convert_options=pyarrow.csv.ConvertOptions(column_types=types, strings_can_be_null=True)
            )
        else:
            with pq.ParquetFile(path) as parquet:
                for group in range(parquet.num_row_groups):
                    yield parquet.read_row_group(group)

    def rewrite(self, source: str, change: Callable[[pa.Table], pa.Table]) -> None:
        """Replace every table of a source by ``change`` of it."""
        for file in self.of(source):
            self.rewrite_file(file, change)

    def rewrite_file(self, file: DataFile, change: Callable[[pa.Table], pa.Table]) -> None:
        """Replace every table of one file by ``change`` of it."""
        path = self.folder / file.delivery / file.name
        before = path.rename(path.with_name(f"before-{path.name}"))
        writer = DataWriter(self.folder, file.delivery, path.name.removesuffix(f".{self.kind}"), self.kind, prefix="")
        for table in self.tables(replace(file, name=before.name)):
            writer.write(change(table))
        self.swap(file, writer.close())
        before.unlink()

    def swap(self, file: DataFile, changed: DataFile) -> None:
        """Put a changed file in the place of another."""
        self.files[self.files.index(file)] = changed

    def add(self, source: str, name: str, tables: Iterator[pa.Table]) -> None:
        """Add a data file to a source's first delivery; columns are those of the source, missing ones are empty."""
        first = self.of(source)[0]
        schema = next(self.tables(first)).schema
        writer = DataWriter(self.folder, first.delivery, name, self.kind)
        for table in tables:
            columns = [
                table.column(field.name).cast(field.type)
                if field.name in table.column_names
                else pa.nulls(table.num_rows, field.type)
                for field in schema
            ]
            writer.write(pa.table(columns, schema=schema))
        if writer.rows:
            self.files.append(writer.close())

    def change_bytes(self, file: DataFile, change: Callable[[bytes], bytes]) -> None:
        """Rewrite a file's bytes; its digest is of the new ones, its rows are as before."""
        path = self.folder / file.delivery / file.name
        path.write_bytes(change(path.read_bytes()))
        self.swap(file, sealed(file.delivery, path, file.rows))

    @property
    def day(self) -> str:
        """The cutoff, on which rows of defects are dated."""
        return self.cycle.cutoff.isoformat()
