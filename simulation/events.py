"""The civil registry's events: deaths, moves, and NIK that do not match; rows of dukcapil_peristiwa.

Each delivery repeats the last EVENT_MONTHS months, since registration is late; the registry keeps the dead for as long.
A family moves with all its members; the registry hears of its new village at the next visit (assumption).
"""

import numpy as np
import pyarrow as pa

from simulation import columns
from simulation.clock import EVENT_MONTHS, EVENTS_BEGIN, Month
from simulation.defects.everyday import Identity
from simulation.persons import Persons
from simulation.population import Families

TYPES = ("KEMATIAN", "PINDAH", "TIDAK_PADAN", "PADAN")
DEATH, MOVE, UNMATCHED, MATCHED = range(4)
#: Shares of persons a month, and of those who match again a month later (assumptions).
UNMATCHED_RATE, MATCHED_AGAIN = 0.0002, 0.5


def dead(persons: Persons, cycle: Month) -> np.ndarray:
    """Who has died up to the cutoff of the cycle."""
    return np.asarray(persons.death_month <= cycle.index)


def event_rows(persons: Persons, families: Families, identity: Identity, cycle: Month) -> pa.Table:
    """The rows of dukcapil_peristiwa for a block, by delivered NIK."""
    draw = persons.roster.uniform
    known = persons.present & identity.known
    rows, kinds, dates = [], [], []

    def add(who: np.ndarray, kind: int, month: Month, attribute: str) -> None:
        found = np.flatnonzero(who & known)
        rows.append(found)
        kinds.append(np.full(len(found), kind, np.uint8))
        dates.append(month.cutoff_day - (28 * draw(attribute, month)[found]).astype(np.int32))

    for back in range(EVENT_MONTHS):
        month = cycle + -back
        if month < EVENTS_BEGIN:
            continue
        add(persons.death_month == month.index, DEATH, month, "death day")
        alive = persons.death_month > month.index
        add(alive & (families.move_month[persons.family] == month.index), MOVE, month, "move day")
        unmatched = draw("unmatched", month)
        add(alive & (unmatched < UNMATCHED_RATE), UNMATCHED, month, "unmatched day")
        before = draw("unmatched", month + -1)
        add(alive & (before < UNMATCHED_RATE * MATCHED_AGAIN), MATCHED, month, "matched day")
    return pa.table(
        {
            "nik": identity.nik.take(columns.integers(np.concatenate(rows or [np.zeros(0, np.int64)]))),
            "jenis_peristiwa": columns.codes(np.concatenate(kinds or [np.zeros(0, np.uint8)]), TYPES),
            "tanggal_peristiwa": columns.days(np.concatenate(dates or [np.zeros(0, np.int32)])),
        }
    )
