"""The registry's and the lists' rows of a block: dtsen_keluarga, dtsen_individu, kemensos_penerima."""

import numpy as np
import pyarrow as pa

from simulation import columns, condition, ids, lists, names, persons
from simulation.clock import ORIGIN, UNIX, Month
from simulation.columns import Bytes, Ints
from simulation.drawn import Drawn
from simulation.persons import HEAD, SPOUSE
from simulation.welfare import Ranking, visit_days

STATUS = ("AKTIF", "CALON")
CHANNELS = ("HIMBARA", "POS")
#: First days of the quarters in which today's active families came on the list.
_SINCE = np.array([(Month.parse("2025-01") + -3 * back).first_day.toordinal() - UNIX.toordinal() for back in range(16)])


def family_rows(drawn: Drawn, ranking: Ranking) -> pa.Table:
    """dtsen_keluarga."""
    families, ranked = drawn.families, drawn.families.ranked
    housing = condition.draw_housing(drawn.streams, families)
    power = np.array(condition.POWER, np.int32)[housing.power]
    table = pa.table(
        {
            "id_keluarga": columns.text(drawn.family),
            "nomor_kartu_keluarga": columns.text(_card_numbers(drawn)),
            "kode_desa": columns.text(drawn.village),
            "desil_nasional": columns.integers(drawn.decile.astype(np.int32), ranked),
            "peringkat_nasional": columns.integers(ranking.rank(families.measured), ranked),
            "luas_lantai": columns.tenths(housing.area),
            "jenis_lantai_terluas": columns.codes(housing.floor, condition.FLOOR),
            "jenis_dinding_terluas": columns.codes(housing.wall, condition.WALL),
            "jenis_atap_terluas": columns.codes(housing.roof, condition.ROOF),
            "fasilitas_bab": columns.codes(housing.toilet, condition.TOILET),
            "sumber_air_minum_utama": columns.codes(housing.water, condition.WATER),
            "daya_terpasang": columns.integers(power),
            "status_kepemilikan_rumah": columns.codes(housing.tenure, condition.TENURE),
            "tanggal_pemutakhiran": columns.days(_updated(drawn)),
        }
    )
    return table.filter(columns.flags(drawn.exists))


def _updated(drawn: Drawn) -> Ints:
    """The day of the newest visit; of a family that it did not see yet, a day of the month in which it was founded."""
    day, founded = visit_days(drawn.streams, drawn.cycle), drawn.families.founded
    new = np.flatnonzero(founded)
    day[new] = np.maximum(day[new], [Month(int(month)).cutoff_day - 1 for month in founded[new]])
    return day


def _card_numbers(drawn: Drawn) -> Bytes:
    """Family card numbers: district, a day of issue from 2008 on, and a serial."""
    uniform = drawn.streams("card").random((len(drawn.family), 5))
    pairs = (uniform * [28, 12, 15, 100, 100]).astype(np.int32) + np.array([1, 1, 8, 0, 0])
    district = drawn.area.districts[drawn.area.district_of[drawn.families.registered]]
    return np.hstack([district, *(ids.PAIRS[pairs[:, column]] for column in range(5))])


def person_rows(drawn: Drawn) -> pa.Table:
    """dtsen_individu, those present. The spouse of a head who has left is the head."""
    members, state, identity = drawn.members, drawn.state, drawn.identity
    family = drawn.family[members.family]
    widowed = (members.role == SPOUSE) & ~members.present[members.heads][members.family]
    updated = np.maximum(_updated(drawn)[members.family], members.birth_day)
    grown = members.birth_day < ORIGIN.cutoff_day - names.TITLED_AGE * 365
    table = pa.table(
        {
            "id_individu": columns.text(ids.person_ids(drawn.family[members.roster.family], members.roster.member)),
            "id_keluarga": columns.text(family),
            "nomor_induk_kependudukan": identity.nik,
            "nama": names.column(drawn.area.code[0], members.roster.uniform("name"), members.female, grown),
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
    return table if members.present.all() else table.filter(columns.flags(members.present))


def list_rows(drawn: Drawn) -> pa.Table:
    """kemensos_penerima: the rows drawn in this cycle."""
    streams, status = drawn.streams, drawn.listed.drawn
    row, programme = lists.by_programme(status, lists.on)
    waiting = (status[row] & (lists.nominated(0) << (2 * programme))) > 0
    old = _SINCE[(streams.uniform("listed since") * len(_SINCE)).astype(np.int32)][row]
    blts = np.where(programme == lists.BLTS, (lists.BLTS_MONTHS[0].first_day - UNIX).days, old)
    post = streams.uniform("channel")[row] < np.where(waiting & (programme == lists.BLTS), 0.9, 0.12)
    return pa.table(
        {
            "program": columns.codes(programme, lists.PROGRAMMES),
            "id_keluarga": columns.text(drawn.family[row]),
            "status": columns.codes(waiting.astype(np.uint8), STATUS),
            "tanggal_mulai": columns.days(np.where(waiting, (drawn.cycle + -1).cutoff_day + 3, blts)),
            "saluran": columns.codes(post.astype(np.uint8), CHANNELS),
            "kode_desa": columns.text(drawn.village[row]),
        }
    )
