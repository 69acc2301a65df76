"""One block of the nation as rows of every source: draws families and members, and lets the agencies report them."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import pyarrow as pa

from simulation import columns, condition, defects, events, fieldwork, ids, lists, names, persons, registers
from simulation.areas import Province
from simulation.clock import UNIX, Month
from simulation.columns import Bytes, Flags
from simulation.condition import Condition, Housing
from simulation.defects import Identity
from simulation.lists import PROGRAMMES, Candidates, Listed, Nation
from simulation.persons import HEAD, SPOUSE, Persons
from simulation.plan import Block, Plan, Streams
from simulation.population import Families, draw_families
from simulation.welfare import Ranking, visit_days

STATUS = ("AKTIF", "CALON")
CHANNELS = ("HIMBARA", "POS")
#: First days of the quarters in which today's active families came on the list.
_SINCE = np.array(
    sorted((Month.parse("2025-01") + -3 * back).first_day.toordinal() - UNIX.toordinal() for back in range(16))
)


@dataclass(frozen=True)
class World:
    """What all blocks share; areas and shifts of welfare are by province."""

    plan: Plan
    areas: Mapping[str, Province]
    shifts: Mapping[str, float]
    ranking: Ranking
    nation: Nation


@dataclass(frozen=True)
class BlockRows:
    """A block's rows by source, and its PKH families by regency."""

    sources: Mapping[str, pa.Table]
    pkh: Mapping[str, int]


def block_rows(world: World, block: Block, before: Bytes | None) -> BlockRows:
    """All rows of a block; ``before`` are the families' list bits in the release of the cycle before (see `lists`)."""
    plan, area, cycle = world.plan, world.areas[block.province], world.plan.cycle
    streams = Streams(plan.seed, block)
    families = draw_families(streams, area, world.shifts[block.province], cycle)
    members = persons.draw_persons(streams, area, families, cycle)
    state = condition.draw_condition(members, families, cycle)
    identity = defects.identity(members, plan.clean)
    registered = registers.draw_registered(streams, families)
    family = ids.family_ids(ids.numbers(area.number, block.first + np.arange(block.families)))
    regency = area.regency_of[families.village]
    decile = np.where(families.ranked, world.ranking.decile(families.measured), 0).astype(np.uint8)

    count = block.families
    living = members.present & ~events.dead(members, cycle)
    exists = members.by_family(members.present, count) > 0
    known = Candidates(
        decile,
        registered.excluded,
        (identity.good & living)[members.heads],
        registered.gambling,
        members.by_family(living & _qualifies(members, state), count) > 0,
        area.slowness[regency].astype(np.float32),
    )
    listed = lists.draw(streams, world.nation, known, before, cycle)
    if before is None:  # a family that has left the registry is on no list; one that is carried over stays
        listed = Listed(np.where(exists, listed.status, 0), np.where(exists, listed.drawn, 0), listed.found)
    result = fieldwork.visits(streams, listed, known, members.by_family(living, count) > 0, cycle)

    sources = {
        "dtsen_keluarga": _families(world, streams, families, decile, family, area).filter(pa.array(exists)),
        "dtsen_individu": _persons(streams, members, state, families, identity, family, area, cycle),
        "kemensos_penerima": _listed(streams, listed, families, family, area, cycle),
        "register_pengecualian": registers.register_rows(streams, registered, members, identity.nik, cycle),
        "dukcapil_peristiwa": events.event_rows(members, identity.nik, cycle),
        "verifikasi_lapangan": fieldwork.visit_rows(streams, result, family, regency, area, cycle),
        "sanggahan": fieldwork.objection_rows(streams, result, registered, known, family, cycle),
        "usulan": fieldwork.proposal_rows(streams, listed, known, families, members, identity.nik, area, cycle),
        "hasil_salur": fieldwork.payment_rows(streams, listed, family, regency, area, cycle),
    }
    if not plan.clean:
        sources = _spoil(sources, streams, area, cycle)
    pkh = np.bincount(regency[(listed.status & lists.on(lists.PKH)) > 0], minlength=len(area.regencies))
    return BlockRows(sources, {code: int(n) for code, n in zip(area.regencies, pkh, strict=True)})


def _qualifies(members: Persons, state: Condition) -> Flags:
    """Who qualifies for a PKH component (decision rules)."""
    years = members.years()
    school = (state.school == 1) & (state.level >= 1) & (state.level <= 3) & (years >= 6) & (years <= 21)
    return np.asarray(school | (years <= 6) | (years >= 60) | (state.disability == 3) | (state.pregnant == 1))


def _families(
    world: World, streams: Streams, families: Families, decile: Bytes, family: Bytes, area: Province
) -> pa.Table:
    """dtsen_keluarga, families that have left included."""
    housing: Housing = condition.draw_housing(streams, families)
    cycle, ranked = world.plan.cycle, families.ranked
    power = np.array(condition.POWER, np.int32)[housing.power]
    return pa.table(
        {
            "id_keluarga": columns.text(family),
            "nomor_kartu_keluarga": columns.text(_card_numbers(streams, families, area)),
            "kode_desa": columns.text(area.villages[families.village]),
            "desil_nasional": columns.integers(decile.astype(np.int32), ranked),
            "peringkat_nasional": columns.integers(world.ranking.rank(families.measured), ranked),
            "luas_lantai": columns.tenths(housing.area),
            "jenis_lantai_terluas": columns.codes(housing.floor, condition.FLOOR),
            "jenis_dinding_terluas": columns.codes(housing.wall, condition.WALL),
            "jenis_atap_terluas": columns.codes(housing.roof, condition.ROOF),
            "fasilitas_bab": columns.codes(housing.toilet, condition.TOILET),
            "sumber_air_minum_utama": columns.codes(housing.water, condition.WATER),
            "daya_terpasang": columns.integers(power),
            "status_kepemilikan_rumah": columns.codes(housing.tenure, condition.TENURE),
            "tanggal_pemutakhiran": columns.days(visit_days(streams, cycle)),
        }
    )


def _card_numbers(streams: Streams, families: Families, area: Province) -> Bytes:
    """Family card numbers: district, a day of issue, and a serial."""
    issued = (streams("card").random((len(families.village), 5)) * [28, 12, 15, 100, 100]).astype(np.int32) + [
        1,
        1,
        8,
        0,
        0,
    ]
    return np.hstack([area.districts[area.district_of[families.village]], *(ids.PAIRS[issued[:, n]] for n in range(5))])


def _persons(
    streams: Streams,
    members: Persons,
    state: Condition,
    families: Families,
    identity: Identity,
    family: Bytes,
    area: Province,
    cycle: Month,
) -> pa.Table:
    """dtsen_individu, those present."""
    of_family = family[members.family]
    widowed = (members.role == SPOUSE) & ~members.present[members.heads][members.family]  # is the head now
    updated = np.maximum(visit_days(streams, cycle)[members.family], members.birth_day)
    table = pa.table(
        {
            "id_individu": columns.text(ids.person_ids(of_family, members.roster.member)),
            "id_keluarga": columns.text(of_family),
            "nomor_induk_kependudukan": identity.nik,
            "nama": names.column(area.code[0], members.roster.uniform("name"), members.female),
            "jenis_kelamin": columns.codes(members.female.astype(np.uint8), ("L", "P")),
            "tanggal_lahir": columns.days(identity.birth_day),
            "status_hubungan_keluarga": columns.codes(np.where(widowed, HEAD, members.role), persons.ROLES),
            "status_kawin": columns.codes(np.where(widowed, 3, state.marital), condition.MARITAL),
            "partisipasi_sekolah": columns.codes(state.school, condition.SCHOOL),
            "jenjang_tertinggi_yang_diduduki": columns.codes(state.level, condition.LEVEL),
            "status_bekerja": columns.codes(state.works.astype(np.uint8), condition.YES_NO),
            "status_dalam_pekerjaan_utama": columns.codes(state.work, condition.WORK, state.works),
            "tingkat_disabilitas": columns.codes(state.disability, condition.DISABILITY),
            "hamil": columns.codes(np.maximum(state.pregnant, 0), condition.YES_NO, state.pregnant >= 0),
            "tanggal_pemutakhiran": columns.days(updated),
        }
    )
    return table if members.present.all() else table.filter(pa.array(members.present))


def _listed(
    streams: Streams, listed: Listed, families: Families, family: Bytes, area: Province, cycle: Month
) -> pa.Table:
    """kemensos_penerima: the rows drawn in this cycle."""
    drawn = [np.flatnonzero((listed.drawn & lists.on(number)) > 0) for number in range(len(PROGRAMMES))]
    row = np.concatenate(drawn)
    programme = np.repeat(np.arange(len(PROGRAMMES), dtype=np.uint8), [len(found) for found in drawn])
    waiting = (listed.drawn[row] & (lists.nominated(0) << (2 * programme))) > 0
    old = _SINCE[(streams.uniform("listed since") * len(_SINCE)).astype(np.int32)][row]
    blts = np.where(programme == lists.BLTS, (lists.BLTS_MONTHS[0].first_day - UNIX).days, old)
    post = streams.uniform("channel")[row] < np.where(waiting & (programme == lists.BLTS), 0.9, 0.12)
    return pa.table(
        {
            "program": columns.codes(programme, PROGRAMMES),
            "id_keluarga": columns.text(family[row]),
            "status": columns.codes(waiting.astype(np.uint8), STATUS),
            "tanggal_mulai": columns.days(np.where(waiting, (cycle + -1).cutoff_day + 3, blts)),
            "saluran": columns.codes(post.astype(np.uint8), CHANNELS),
            "kode_desa": columns.text(area.villages[families.village[row]]),
        }
    )


def _spoil(sources: Mapping[str, pa.Table], streams: Streams, area: Province, cycle: Month) -> dict[str, pa.Table]:
    """The anomalies of a delivery that is not clean."""
    spoiled = dict(sources)
    homes = defects.codes(
        spoiled["dtsen_keluarga"], streams, {"jenis_lantai_terluas": "TIDAK TAHU", "fasilitas_bab": "9"}, cycle
    )
    homes = defects.villages(homes, streams, cycle)
    spoiled["dtsen_keluarga"] = defects.rows(homes, streams, "dtsen_keluarga", "desil_nasional", cycle)
    people = defects.codes(
        spoiled["dtsen_individu"], streams, {"partisipasi_sekolah": "?", "status_dalam_pekerjaan_utama": "99"}, cycle
    )
    people = defects.orphans(people, streams, area.number, cycle)
    spoiled["dtsen_individu"] = defects.rows(people, streams, "dtsen_individu", "jenis_kelamin", cycle)
    lists_ = defects.unknown_families(spoiled["kemensos_penerima"], streams, area.number, cycle)
    spoiled["kemensos_penerima"] = defects.rows(lists_, streams, "kemensos_penerima", "status", cycle)
    for source in ("register_pengecualian", "dukcapil_peristiwa", "verifikasi_lapangan", "hasil_salur"):
        spoiled[source] = defects.rows(spoiled[source], streams, source, None, cycle)
    return spoiled
