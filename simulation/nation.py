"""The run: rank the nation, then write it part by part, then let the deliveries arrive."""

from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, replace
from multiprocessing import get_context
from os import cpu_count
from pathlib import Path

import numpy as np
import pyarrow as pa

from simulation import areas, columns, figures, lists, releases
from simulation.answers import Answer, everyday, on_demand, write
from simulation.defects.catalogue import DEFECTS
from simulation.defects.written import Written
from simulation.deliveries import DataFile, DataWriter, Landing
from simulation.drawn import World
from simulation.lists import PROGRAMMES, Nation
from simulation.plan import Block, Part, Plan, Streams
from simulation.population import draw_families
from simulation.registry import block_rows
from simulation.releases import NOBODY, Held
from simulation.welfare import Ranking, province_shifts

#: From so many families on, more than one process pays for its start.
MANY = 400_000
#: The ranking looks at about so many families at most; beyond, at the first half of each block, a third, ...
RANKED_AT_MOST = 8_000_000


@dataclass(frozen=True)
class Result:
    """What was written: rows by source, the release that the lists were carried over from, if any, and the answers."""

    rows: Counter[str]
    carried_from: str | None
    answers: list[Answer]


@dataclass(frozen=True)
class _Written:
    files: list[DataFile]
    pkh: Counter[str]
    anomalies: Counter[str]


def simulate(plan: Plan, lake: Path, kind: str, progress: Callable[[str, int, int], None]) -> Result:
    """Write the deliveries of the plan's cycle into the lake as ``kind`` (parquet or csv).

    ``progress`` hears what is going on: a phase, the families done, and all families. Raises
    `deliveries.ForeignDelivery`, and OSError when the lake cannot be written.
    """
    with Landing(lake, plan.cycle) as landing:
        world = _world(plan, progress)
        release = releases.newest(lake, plan.cycle)
        before = release.bits() if release else None
        files = list(_carried(landing.work, release, kind)) if release else []
        pkh: Counter[str] = Counter()
        anomalies: Counter[str] = Counter()
        done, total = 0, sum(plan.by_province.values())
        for part, written in _parts(world, before, landing.work, kind):
            files += written.files
            pkh += written.pkh
            anomalies += written.anomalies
            done += part.families
            progress("writing", done, total)
        files.append(_quotas(world, pkh, landing.work, kind))
        delivery = Written(landing.work, kind, plan.cycle, files)
        spoilt = {name: DEFECTS[name].apply(delivery, share) for name, share in plan.defects}
        answers = on_demand(spoilt, plan) + ([] if plan.clean else everyday(anomalies))
        landing.arrive(files)
        write(lake, plan, kind, answers)
    rows: Counter[str] = Counter()
    for file in files:
        rows[file.source] += file.rows
    return Result(rows, f"{release.cycle.key}/{release.folder.name}" if release else None, answers)


def _world(plan: Plan, progress: Callable[[str, int, int], None]) -> World:
    """Rank the families of the nation: all of them, or of a large nation the first n-th of every block."""
    places, shifts, blocks = areas.load(plan.seed), province_shifts(), list(plan.blocks())
    total = sum(block.families for block in blocks)
    step = -(-total // RANKED_AT_MOST)
    chosen = [replace(block, families=-(-block.families // step)) for block in blocks]
    ranking = Ranking(scale=total / max(sum(block.families for block in chosen), 1))
    done = 0
    for block in chosen:
        families = draw_families(Streams(plan.seed, block), places[block.province], shifts[block.province], plan.cycle)
        ranking.add(families.measured[families.ranked], families.size[families.ranked])
        done += block.families * step
        progress("ranking", min(done, total), total)
    ranking.finish()
    return World(plan, places, shifts, ranking, Nation(plan.families, ranking.families_by_decile()))


def _parts(world: World, before: dict[str, Held] | None, folder: Path, kind: str) -> Iterator[tuple[Part, _Written]]:
    """Write every part, in several processes when there is much to do."""
    parts = world.plan.parts()
    slices = [[_slice(before, block) for block in part.blocks] for part in parts]
    workers = min(cpu_count() or 1, len(parts))
    if world.plan.families < MANY or workers < 2:
        for part, bits in zip(parts, slices, strict=True):
            yield part, _write_part(world, part, bits, folder, kind)
        return
    with ProcessPoolExecutor(workers, get_context("forkserver"), _share, (world, folder, kind)) as pool:
        yield from zip(parts, pool.map(_write_shared, parts, slices), strict=True)


_shared: list[tuple[World, Path, str]] = []


def _share(world: World, folder: Path, kind: str) -> None:
    _shared.append((world, folder, kind))


def _write_shared(part: Part, bits: list[Held | None]) -> _Written:
    world, folder, kind = _shared[0]
    return _write_part(world, part, bits, folder, kind)


def _slice(before: dict[str, Held] | None, block: Block) -> Held | None:
    if before is None:
        return None
    return before.get(block.province, NOBODY).block(block.first, block.families)


def _write_part(world: World, part: Part, bits: list[Held | None], folder: Path, kind: str) -> _Written:
    """Write one data file a source."""
    writers: dict[str, DataWriter] = {}
    pkh: Counter[str] = Counter()
    anomalies: Counter[str] = Counter()
    for block, before in zip(part.blocks, bits, strict=True):
        made = block_rows(world, block, before)
        pkh += made.pkh
        anomalies += made.anomalies
        for source, table in made.sources.items():
            if source not in writers:
                # field verifications come office by office: a batch of their own for each island
                delivery = f"{source}/{part.island}" if source == "verifikasi_lapangan" else source
                writers[source] = DataWriter(folder, delivery, part.name, kind)
            writers[source].write(table)
    return _Written([writer.close() for writer in writers.values()], pkh, anomalies)


def _carried(folder: Path, release: releases.Release, kind: str) -> Iterator[DataFile]:
    """The next list of the release before, one data file a programme."""
    for programme in PROGRAMMES:
        writer = DataWriter(folder, "kemensos_penerima", f"carried-{programme.lower().replace('_', '-')}", kind)
        for table in release.rows(programme):
            writer.write(table)
        if writer.rows:
            yield writer.close()


def _quotas(world: World, pkh: Counter[str], folder: Path, kind: str) -> DataFile:
    """kuota_program: places of each programme in the nation, and of PKH in each regency as many as families listed."""
    cycle, families = world.plan.cycle, world.plan.families
    places = {"PKH": figures.PKH, "SEMBAKO": figures.SEMBAKO}
    if cycle in lists.BLTS_MONTHS:
        by_month = (figures.BLTS_REGULAR, figures.BLTS, figures.BLTS_DECEMBER)
        places["BLTS_KESRA"] = by_month[lists.BLTS_MONTHS.index(cycle)]
    rows = [(programme, "ID", round(millions / figures.NATION * families)) for programme, millions in places.items()]
    rows += [("PKH", regency, pkh[regency]) for area in world.areas.values() for regency in area.regencies]
    writer = DataWriter(folder, "kuota_program", "quota", kind)
    programme, area, quota = zip(*rows, strict=True)
    counts = columns.integers(np.array(quota, np.int64))
    writer.write(
        pa.table({"program": columns.strings(programme), "kode_wilayah": columns.strings(area), "kuota": counts})
    )
    return writer.close()
