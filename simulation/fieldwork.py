"""What reaches the ministry from the field in the cycle's month: visits, objections, payments, proposals."""

import numpy as np
import pyarrow as pa

from simulation import columns, names
from simulation.clock import Month
from simulation.columns import Bytes, Floats, Ints
from simulation.drawn import Drawn
from simulation.lists import NOT_ELIGIBLE, PROGRAMMES, RESULTS, UNSEEN, active, by_programme
from simulation.registers import CODES, NONE

REASONS = (
    "rumah dan pekerjaan sesuai",
    "pekerjaan tetap",
    "rumah layak dan kendaraan",
    "pindah alamat",
    "mengundurkan diri",
)
#: Share of those struck off who object; of the payments that fail (7 % of accounts failed in a quarter, weak); of the
#: unlisted families of deciles 1-5 that are proposed (assumptions).
OBJECTING, FAILING, PROPOSED = 0.03, 0.03, 0.1
#: Objections that are upheld (assumption).
UPHELD = 0.25
_RULINGS = ("DITERIMA", "DITOLAK")
_FAILURES = ("SUKSES", "GAGAL_REKENING", "GAGAL_CEK", "TIDAK_TRANSAKSI", "RETUR")
_CHANNELS = ("MUSDES", "DINSOS", "APLIKASI")


def visit_rows(drawn: Drawn) -> pa.Table:
    """verifikasi_lapangan: visits of the last four weeks, the newest nomination's not before it."""
    streams, cycle, result = drawn.streams, drawn.cycle, drawn.visited
    rows = np.flatnonzero(result != UNSEEN)
    day = cycle.cutoff_day - (25 * streams.uniform("visit day", cycle)[rows]).astype(np.int32)
    spoken = streams.uniform("visit reason", cycle)[rows] < 0.6
    reason = np.array([0, 1, 3, 4])[result[rows]] + (result[rows] == NOT_ELIGIBLE) * (rows % 2)
    return pa.table(
        {
            "id_keluarga": columns.text(drawn.family[rows]),
            "tanggal_verifikasi": columns.days(day),
            "hasil": columns.codes(result[rows], RESULTS),
            "alasan": columns.codes(reason, REASONS, spoken),
            "kode_kabupaten": columns.codes(drawn.regency[rows], drawn.area.regencies),
        }
    )


def objection_rows(drawn: Drawn) -> pa.Table:
    """sanggahan: against a visit of this month, or against a register by families of deciles 1-5.

    Half are ruled in the same month. Of the others, those against a register come again in the next month, with their
    ruling.
    """
    register = np.where((drawn.decile > 0) & (drawn.decile <= 5), drawn.registered.register, NONE)
    lodged = np.where(drawn.visited == NOT_ELIGIBLE, len(CODES), register)
    second = _objections(drawn, register, drawn.cycle + -1, True)
    return pa.concat_tables([_objections(drawn, lodged, drawn.cycle, False), second])


def _objections(drawn: Drawn, against: Ints, month: Month, second: bool) -> pa.Table:
    """The objections that were lodged in a month: all of them, or the ``second`` time those that were left open."""
    streams = drawn.streams
    stays_open = streams.uniform("objection open", month) < 0.5
    objects = (against != NONE) & (streams.uniform("objection", month) < OBJECTING)
    row = np.flatnonzero(objects & (stays_open | (not second)))
    lodged = month.cutoff_day - 4 - (7 * streams.uniform("objection day", month)[row]).astype(np.int32)
    decided = lodged + (21 if second else 3)
    ruled = ~stays_open[row] | second
    upheld = streams.uniform("objection ruling", month)[row] < UPHELD
    return pa.table(
        {
            "id_sanggahan": columns.text(_named(f"S{month.key}", drawn.family[row])),
            "id_keluarga": columns.text(drawn.family[row]),
            "kode_kriteria": columns.codes(against[row], (*CODES, "SURVEY_NOT_ELIGIBLE")),
            "tanggal_pengajuan": columns.days(lodged),
            "tanggal_putusan": columns.days(decided, ruled),
            "putusan": columns.codes(np.where(upheld, 0, 1), _RULINGS, ruled),
        }
    )


def payment_rows(drawn: Drawn) -> pa.Table:
    """hasil_salur: each regency is paid in one month of the quarter, and its results are delivered in that month."""
    streams, cycle = drawn.streams, drawn.cycle
    stage = (np.array([int(code) for code in drawn.area.regencies]) + cycle.index) % 3 == 0
    quarter = Month(cycle.index - cycle.index % 3)
    fails = streams.uniform("payment", cycle) < FAILING
    kind = 1 + (4 * streams.uniform("payment failure", cycle)).astype(np.uint8)
    day = cycle.cutoff_day - (14 * streams.uniform("payment day", cycle)).astype(np.int32)
    row, programme = by_programme(np.where(stage[drawn.regency], drawn.listed.status, 0), active)
    return pa.table(
        {
            "program": columns.codes(programme, PROGRAMMES),
            "id_keluarga": columns.text(drawn.family[row]),
            "periode": columns.codes(np.zeros(len(row), np.int8), [quarter.key]),
            "hasil": columns.codes(np.where(fails, kind, 0)[row], _FAILURES),
            "tanggal": columns.days(day[row]),
        }
    )


def proposal_rows(drawn: Drawn) -> pa.Table:
    """usulan: heads of unlisted families that someone proposes; some without a NIK."""
    fitting = (drawn.listed.status == 0) & (drawn.decile > 0) & (drawn.decile <= 5) & drawn.exists
    row = np.flatnonzero(fitting & (drawn.streams.uniform("proposal", drawn.cycle) < PROPOSED))
    head = drawn.members.heads[row]
    female = drawn.members.female[head]

    def uniform(attribute: str) -> Floats:
        return np.asarray(drawn.streams.uniform(f"proposal {attribute}", drawn.cycle)[row])

    day = drawn.cycle.cutoff_day - (25 * uniform("day")).astype(np.int32)
    return pa.table(
        {
            "id_usulan": columns.text(_named(f"U{drawn.cycle.key}", drawn.family[row])),
            "nik": drawn.identity.nik.take(columns.integers(head, uniform("nik") < 0.95)),
            "nama": names.column(drawn.area.code[0], drawn.members.roster.uniform("name")[head], female, head >= 0),
            "jenis_kelamin": columns.codes(female.astype(np.uint8), ("L", "P")),
            "tanggal_lahir": columns.days(drawn.identity.birth_day[head]),
            "kode_desa": columns.text(drawn.village[row]),
            "program": columns.codes((uniform("programme") * 2).astype(np.uint8), PROGRAMMES),
            "tanggal_usulan": columns.days(day),
            "kanal": columns.codes((uniform("channel") * len(_CHANNELS)).astype(np.uint8), _CHANNELS),
        }
    )


def _named(start: str, family: Bytes) -> Bytes:
    """Ids of a family's papers: a start, and the family's id."""
    return np.hstack([columns.byte_rows([start]).repeat(len(family), 0), family])
