"""What happens in the field in the cycle's month: visits, objections, payments, proposals; one function a source."""

import numpy as np
import pyarrow as pa

from simulation import columns, ids, names
from simulation.areas import Province
from simulation.clock import Month
from simulation.columns import Bytes, Flags, Ints
from simulation.lists import (
    BLTS,
    ELIGIBLE,
    NOT_ELIGIBLE,
    NOT_FOUND,
    PROGRAMMES,
    REFUSED,
    RESULTS,
    UNSEEN,
    Candidates,
    Listed,
    active,
    nominated,
)
from simulation.persons import Persons
from simulation.plan import Streams
from simulation.population import Families
from simulation.registers import CODES, NONE, Registered

REASONS = (
    "rumah dan pekerjaan sesuai",
    "pekerjaan tetap",
    "rumah layak dan kendaraan",
    "pindah alamat",
    "mengundurkan diri",
)
#: Nominations decided in the month after, on average (assumption); the rest wait for the next.
DECIDED = 0.88
#: Of visits to nominated families, up to and with eligible, not eligible, not found (the rest refused); and to listed
#: ones.
_NOMINATED_RESULTS = (0.80, 0.98, 0.99)
_LISTED_RESULTS = (0.955, 0.99, 0.997)
#: Share of the active families that is visited again in a month; of those who object; of the payments that fail
#: (assumptions; 7 % of accounts failed in a quarter); of the unlisted families of deciles 1-5 that are proposed.
RECHECKED, OBJECTING, FAILING, PROPOSED = 0.02, 0.03, 0.03, 0.008
#: Objections that are upheld (assumption).
UPHELD = 0.25
_RULINGS = ("DITERIMA", "DITOLAK")
_FAILURES = ("SUKSES", "GAGAL_REKENING", "GAGAL_CEK", "TIDAK_TRANSAKSI", "RETUR")
_CHANNELS = ("MUSDES", "DINSOS", "APLIKASI")
ALL_NOMINATED = sum(nominated(programme) for programme in range(len(PROGRAMMES)))
ALL_ACTIVE = ALL_NOMINATED >> 1


def visits(streams: Streams, listed: Listed, known: Candidates, living: Flags, cycle: Month) -> np.ndarray:
    """What this month's visit to each family found: position in RESULTS, UNSEEN without a visit."""
    speed = np.clip(1 - (1 - DECIDED) * known.slowness, 0.3, 1)
    waiting = (listed.status & ALL_NOMINATED) > 0
    seen = waiting & (streams.uniform("visit nominated", cycle) < speed)
    again = ((listed.status & ALL_ACTIVE) > 0) & ~waiting & (streams.uniform("visit active", cycle) < RECHECKED)
    chance = streams.uniform("visit result", cycle)
    codes = np.array([ELIGIBLE, NOT_ELIGIBLE, NOT_FOUND, REFUSED], np.int8)
    result = np.full(len(seen), UNSEEN, np.int8)
    result[seen] = codes[np.searchsorted(_NOMINATED_RESULTS, chance[seen])]
    result[again] = codes[np.searchsorted(_LISTED_RESULTS, chance[again])]
    # the candidates of the nomination are visited as the scenario has it, whatever the pace of other months
    scenario = (listed.drawn & nominated(BLTS)) > 0
    result = np.where(scenario, listed.found, result)
    return np.where(living, result, np.where(result == UNSEEN, UNSEEN, NOT_FOUND)).astype(np.int8)


def visit_rows(
    streams: Streams, result: np.ndarray, family: Bytes, regency: Ints, area: Province, cycle: Month
) -> pa.Table:
    """verifikasi_lapangan: visits of the last four weeks, the newest nomination's not before it."""
    rows = np.flatnonzero(result != UNSEEN)
    day = cycle.cutoff_day - (25 * streams.uniform("visit day", cycle)[rows]).astype(np.int32)
    spoken = streams.uniform("visit reason", cycle)[rows] < 0.6
    reason = np.array([0, 1, 3, 4])[result[rows]] + (result[rows] == NOT_ELIGIBLE) * (rows % 2)
    return pa.table(
        {
            "id_keluarga": columns.text(family[rows]),
            "tanggal_verifikasi": columns.days(day),
            "hasil": columns.codes(result[rows], RESULTS),
            "alasan": columns.codes(reason, REASONS, spoken),
            "kode_kabupaten": columns.codes(regency[rows], area.regencies),
        }
    )


def objection_rows(
    streams: Streams, result: np.ndarray, registered: Registered, known: Candidates, family: Bytes, cycle: Month
) -> pa.Table:
    """sanggahan: against a visit of this month, or against a register by families of deciles 1-5.

    Half are ruled in the same month. Of the others, those against a register come again in the next month, with their
    ruling.
    """
    may = registered.excluded & (known.decile > 0) & (known.decile <= 5)
    register = np.where(may, registered.register, NONE)
    lodged = np.where(result == NOT_ELIGIBLE, len(CODES), register)
    new = _objections(streams, lodged, family, cycle, False)
    return pa.concat_tables([new, _objections(streams, register, family, cycle + -1, True)])


def _objections(streams: Streams, against: Ints, family: Bytes, month: Month, second: bool) -> pa.Table:
    """The objections that were lodged in a month: all of them, or the ``second`` time those that were left open."""
    stays_open = streams.uniform("objection open", month) < 0.5
    objects = (against != NONE) & (streams.uniform("objection", month) < OBJECTING)
    row = np.flatnonzero(objects & (stays_open | (not second)))
    lodged = month.cutoff_day - 4 - (7 * streams.uniform("objection day", month)[row]).astype(np.int32)
    decided = lodged + (21 if second else 3)
    ruled = ~stays_open[row] | second
    upheld = streams.uniform("objection ruling", month)[row] < UPHELD
    return pa.table(
        {
            "id_sanggahan": columns.text(
                np.hstack([columns.byte_rows([f"S{month.key}"]).repeat(len(row), 0), family[row]])
            ),
            "id_keluarga": columns.text(family[row]),
            "kode_kriteria": columns.codes(against[row], (*CODES, "SURVEY_NOT_ELIGIBLE")),
            "tanggal_pengajuan": columns.days(lodged),
            "tanggal_putusan": columns.days(decided, ruled),
            "putusan": columns.codes(np.where(upheld, 0, 1), _RULINGS, ruled),
        }
    )


def payment_rows(
    streams: Streams, listed: Listed, family: Bytes, regency: Ints, area: Province, cycle: Month
) -> pa.Table:
    """hasil_salur: each regency is paid in one month of the quarter, and its results are delivered in that month."""
    stage = (np.array([int(code) for code in area.regencies]) + cycle.index) % 3 == 0
    quarter = Month(cycle.index - cycle.index % 3)
    fails = streams.uniform("payment", cycle) < FAILING
    kind = 1 + (4 * streams.uniform("payment failure", cycle)).astype(np.uint8)
    day = cycle.cutoff_day - (14 * streams.uniform("payment day", cycle)).astype(np.int32)
    paid = [
        np.flatnonzero(((listed.status & active(number)) > 0) & stage[regency]) for number in range(len(PROGRAMMES))
    ]
    row = np.concatenate(paid)
    programme = np.repeat(np.arange(len(PROGRAMMES), dtype=np.uint8), [len(found) for found in paid])
    return pa.table(
        {
            "program": columns.codes(programme, PROGRAMMES),
            "id_keluarga": columns.text(family[row]),
            "periode": columns.constant(quarter.key, len(row)),
            "hasil": columns.codes(np.where(fails, kind, 0)[row], _FAILURES),
            "tanggal": columns.days(day[row]),
        }
    )


def proposal_rows(
    streams: Streams,
    listed: Listed,
    known: Candidates,
    families: Families,
    persons: Persons,
    nik: pa.Array,
    area: Province,
    cycle: Month,
) -> pa.Table:
    """usulan: heads of unlisted families that someone proposes; some without a NIK."""
    fitting = (listed.status == 0) & (known.decile > 0) & (known.decile <= 5)
    row = np.flatnonzero(fitting & (streams.uniform("proposal", cycle) < PROPOSED))
    head = persons.heads[row]
    female = persons.female[head]
    number = ids.numbers(area.number, families.block.first + row)
    told = streams.uniform("proposal nik", cycle)[row] < 0.95
    made = np.hstack([columns.byte_rows([f"U{cycle.key}"]).repeat(len(row), 0), ids.family_ids(number)])
    known_nik = nik.take(pa.array(head))
    return pa.table(
        {
            "id_usulan": columns.text(made),
            "nik": pa.compute.if_else(pa.array(told), known_nik, pa.scalar(None, pa.string())),
            "nama": names.column(area.code[0], streams.uniform("proposal name", cycle)[row], female),
            "jenis_kelamin": columns.codes(female.astype(np.uint8), ("L", "P")),
            "tanggal_lahir": columns.days(persons.birth_day[head]),
            "kode_desa": columns.text(area.villages[families.village[row]]),
            "program": columns.codes(
                (3 * streams.uniform("proposal programme", cycle)[row]).astype(np.uint8) % 2, PROGRAMMES
            ),
            "tanggal_usulan": columns.days(
                cycle.cutoff_day - (25 * streams.uniform("proposal day", cycle)[row]).astype(np.int32)
            ),
            "kanal": columns.codes((3 * streams.uniform("proposal channel", cycle)[row]).astype(np.uint8), _CHANNELS),
        }
    )
