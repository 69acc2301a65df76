"""The release of the cycle before: its next list is what Kemensos delivers in this one.

Reads releases/current.json and releases/<cycle>/<number>/next_list/programme=<code>/*.parquet, and nothing else of
the platform.
"""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from simulation import ids, lists
from simulation.clock import Month
from simulation.columns import Bytes
from simulation.lists import PROGRAMMES

_COLUMNS = ["family_id", "status", "listed_since", "channel", "village_code"]
_BATCH = 200_000


@dataclass(frozen=True)
class Held:
    """List bits of the families that have any, by ascending key of their position."""

    keys: np.ndarray
    bits: Bytes

    def block(self, first: int, count: int) -> "Held":
        """Those of a block, with the families that its members founded."""
        low, high = np.searchsorted(self.keys, [first << 6, (first + count) << 6])
        return Held(self.keys[low:high], self.bits[low:high])

    def of(self, positions: np.ndarray) -> Bytes:
        """The bits of families at these positions, 0 for those that have none."""
        if not len(self.keys):
            return np.zeros(len(positions), np.uint8)
        wanted = _order(positions)
        place = np.minimum(np.searchsorted(self.keys, wanted), len(self.keys) - 1)
        return np.where(self.keys[place] == wanted, self.bits[place], 0).astype(np.uint8)


NOBODY = Held(np.zeros(0, np.int64), np.zeros(0, np.uint8))


@dataclass(frozen=True)
class Release:
    """The folder of a release, and the cycle it belongs to."""

    cycle: Month
    folder: Path

    def batches(self, programme: str) -> Iterator[pa.RecordBatch]:
        """The next list of a programme, in the order of its files."""
        for path in sorted((self.folder / "next_list" / f"programme={programme}").glob("*.parquet")):
            with pq.ParquetFile(path) as file:
                yield from file.iter_batches(_BATCH, columns=_COLUMNS)

    def rows(self, programme: str) -> Iterator[pa.Table]:
        """The next list of a programme as rows of kemensos_penerima; an active family without a channel gets one."""
        for batch in self.batches(programme):
            active = pc.equal(batch.column("status"), "active")
            bank = pc.and_(active, pc.is_null(batch.column("channel")))
            yield pa.table(
                {
                    "program": pa.repeat(pa.scalar(programme), batch.num_rows),
                    "id_keluarga": batch.column("family_id").cast(pa.string()),
                    "status": pc.if_else(active, "AKTIF", "CALON"),
                    "tanggal_mulai": batch.column("listed_since").cast(pa.date32()),
                    "saluran": pc.if_else(bank, "HIMBARA", batch.column("channel").cast(pa.string())),
                    "kode_desa": batch.column("village_code").cast(pa.string()),
                }
            )

    def bits(self) -> dict[str, Held]:
        """By province: the list bits (see `lists`) of its families on a next list."""
        found: dict[int, list[tuple[np.ndarray, np.ndarray]]] = {}
        for number, programme in enumerate(PROGRAMMES):
            for batch in self.batches(programme):
                positions, provinces = _places(batch.column("family_id").cast(pa.string()))
                active = np.array(pc.equal(batch.column("status"), "active").to_pylist(), np.bool_)
                bit = np.where(active, lists.active(number), lists.nominated(number)).astype(np.uint8)
                for province in np.unique(provinces):
                    here = provinces == province
                    found.setdefault(int(province), []).append((_order(positions[here]), bit[here]))
        return {f"{province:02d}": _held(pieces) for province, pieces in found.items() if province}


def _order(positions: np.ndarray) -> np.ndarray:
    """Keys of positions in an order in which families founded by members of a block are beside its own."""
    return np.asarray(((positions & ((1 << ids.FIRST_BITS) - 1)) << 6) | (positions >> ids.FIRST_BITS))


def _held(pieces: list[tuple[np.ndarray, np.ndarray]]) -> Held:
    keys, bits = (np.concatenate(part) for part in zip(*pieces, strict=True))
    order = np.argsort(keys, kind="stable")
    unique, first = np.unique(keys[order], return_index=True)
    return Held(unique, np.bitwise_or.reduceat(bits[order], first))


def newest(lake: Path, cycle: Month) -> Release | None:
    """The current release of the cycle before ``cycle``, if there is one."""
    before = cycle + -1
    try:
        current = json.loads((lake / "releases" / "current.json").read_text("utf-8"))
        number = current["cycles"][before.key]["release"]
    except (FileNotFoundError, KeyError):
        return None
    folder = lake / "releases" / before.key / str(number)
    if not (folder / "next_list").is_dir():
        raise FileNotFoundError(f"releases/current.json names {before.key}/{number}, which has no next_list")
    return Release(before, folder)


def _places(family: pa.Array) -> tuple[np.ndarray, np.ndarray]:
    """Positions and provinces of family ids; ids that the simulation did not make have province 0."""
    ours = pc.match_substring_regex(family, "^K[0-9A-F]{10}$")
    own = pc.if_else(ours, family, "K0000000000").to_pylist()
    numbers = ids.family_numbers(np.frombuffer("".join(own).encode("ascii"), np.uint8).reshape(-1, ids.FAMILY_WIDTH))
    provinces = (numbers >> np.uint64(32)).astype(np.int64)
    provinces[~np.array(ours.to_pylist(), np.bool_)] = 0
    return (numbers & np.uint64(0xFFFFFFFF)).astype(np.int64), provinces
