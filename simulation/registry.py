"""All rows of a block, by source, with the anomalies that a delivery has unless it is clean."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from simulation import events, fieldwork, lists, registers, rows
from simulation.areas import Province
from simulation.clock import Month
from simulation.defects import everyday
from simulation.drawn import World, draw_block
from simulation.plan import Block, Streams
from simulation.releases import Held

#: Codes outside their list, by source and column.
BAD_CODES = {
    "dtsen_keluarga": {"jenis_lantai_terluas": "TIDAK TAHU", "fasilitas_bab": "9"},
    "dtsen_individu": {"partisipasi_sekolah": "?", "status_dalam_pekerjaan_utama": "99"},
}
#: Sources with repeated rows, and of snapshots the column in which rows of one key contradict each other.
REPEATED = {
    "dtsen_keluarga": "desil_nasional",
    "dtsen_individu": "jenis_kelamin",
    "kemensos_penerima": "status",
    "register_pengecualian": None,
    "dukcapil_peristiwa": None,
    "verifikasi_lapangan": None,
    "hasil_salur": None,
}


@dataclass(frozen=True)
class BlockRows:
    """A block's rows by source, its PKH families by regency, and its anomalies by name (`everyday.EVERYDAY`)."""

    sources: Mapping[str, pa.Table]
    pkh: Counter[str]
    anomalies: Counter[str]


def block_rows(world: World, block: Block, before: Held | None) -> BlockRows:
    """All rows of a block; ``before`` are the list bits of its families in the release before (see `lists`)."""
    drawn = draw_block(world, block, before)
    sources = {
        "dtsen_keluarga": rows.family_rows(drawn, world.ranking),
        "dtsen_individu": rows.person_rows(drawn),
        "kemensos_penerima": rows.list_rows(drawn),
        "register_pengecualian": registers.register_rows(
            drawn.streams, drawn.registered, drawn.members, drawn.identity, drawn.cycle
        ),
        "dukcapil_peristiwa": events.event_rows(drawn.members, drawn.families, drawn.identity, drawn.cycle),
        "verifikasi_lapangan": fieldwork.visit_rows(drawn),
        "sanggahan": fieldwork.objection_rows(drawn),
        "usulan": fieldwork.proposal_rows(drawn),
        "hasil_salur": fieldwork.payment_rows(drawn),
    }
    anomalies = drawn.identity.counts.copy()
    if not world.plan.clean:
        sources = _spoil(sources, drawn.streams, drawn.area, drawn.cycle, anomalies)
    listed = drawn.regency[(drawn.listed.status & lists.on(lists.PKH)) > 0]
    pkh = np.bincount(listed, minlength=len(drawn.area.regencies)).tolist()
    return BlockRows(sources, Counter(dict(zip(drawn.area.regencies, pkh, strict=True))), anomalies)


def _spoil(
    sources: Mapping[str, pa.Table], streams: Streams, area: Province, cycle: Month, counts: Counter[str]
) -> dict[str, pa.Table]:
    """The anomalies of a delivery that is not clean, beside those of identities and villages; counted by name."""
    spoiled = dict(sources)
    strange = pc.ends_with(sources["dtsen_keluarga"].column("kode_desa"), "999999")
    counts["village unknown"] += pc.sum(strange).as_py() or 0
    for source, bad in BAD_CODES.items():
        spoiled[source] = everyday.codes(spoiled[source], streams, bad, cycle, counts)
    spoiled["dtsen_individu"] = everyday.orphans(spoiled["dtsen_individu"], streams, area.number, cycle)
    counts["person of no family"] += spoiled["dtsen_individu"].num_rows - sources["dtsen_individu"].num_rows
    listed = spoiled["kemensos_penerima"]
    spoiled["kemensos_penerima"] = everyday.unknown_families(listed, streams, area.number, cycle)
    counts["listed, not registered"] += spoiled["kemensos_penerima"].num_rows - listed.num_rows
    for source, conflict in REPEATED.items():
        spoiled[source] = everyday.rows(spoiled[source], streams, source, conflict, cycle, counts)
    return spoiled
