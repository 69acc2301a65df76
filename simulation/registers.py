"""Registers that exclude or flag: which families have a member in one, and the rows of register_pengecualian.

How many families of the nation each register touches follows published sizes where there are any; how that falls with
welfare is an assumption: next to none of the poorest, many of the best off.
"""

from dataclasses import dataclass
from datetime import date
from statistics import NormalDist

import numpy as np
import pyarrow as pa

from simulation import columns
from simulation.clock import UNIX, Month
from simulation.columns import Bytes, Flags, Floats
from simulation.defects.everyday import Identity
from simulation.persons import Persons
from simulation.plan import Streams
from simulation.population import Families

#: Register and the families of the nation it touches, millions. Published: ASN over 6 M (January 2026), TNI 404,500
#: and police about 476,000; the others are assumptions.
REGISTERS = {
    "ASN": 6.0,
    "TNI_POLRI": 0.88,
    "PENSIONER_STATE": 3.0,
    "STATE_OFFICIAL": 0.02,
    "BUMN_BUMD": 1.2,
    "STATE_PAID": 1.4,
    "VILLAGE_OFFICIAL": 1.0,
    "CERTIFIED_TEACHER": 0.7,
    "HEALTH_WORKER": 0.9,
    "COMPANY_OFFICER": 2.4,
    "ABOVE_MIN_WAGE": 12.0,
    "SOCIAL_STAFF": 0.08,
}
CODES = (*REGISTERS, "GAMBLING_FLAG")
GAMBLING = len(REGISTERS)
NONE = 255
#: How much likelier than on average a family of each tenth of welfare, poorest first, is touched (assumption).
_BY_TENTH = (0.02, 0.025, 0.03, 0.05, 0.34, 0.70, 1.20, 1.80, 2.60, 3.20)
#: Families flagged for gambling, in the poorer six tenths and above; 603,999 of 28.4 M recipients' NIK were (PPATK,
#: July 2025).
_GAMBLING = (0.011, 0.004)
GAMBLING_AS_OF = (date(2025, 7, 1) - UNIX).days


@dataclass(frozen=True)
class Registered:
    """One row a family: position in CODES of the register a member is in (NONE), and whether one is flagged."""

    register: Bytes
    gambling: Flags

    @property
    def excluded(self) -> Flags:
        """In a register that excludes."""
        return np.asarray(self.register != NONE)


def draw_registered(streams: Streams, families: Families) -> Registered:
    """Which families are touched; the same in every cycle."""
    tenth = _tenth(families.welfare)
    total = sum(REGISTERS.values())
    draw = streams.uniform("register")
    chance = np.array([min(share * total / 95.0, 0.9) for share in _BY_TENTH], np.float32)[tenth]
    within = np.cumsum(list(REGISTERS.values())) / total
    which = np.searchsorted(within[:-1], np.minimum(draw / chance, 1)).astype(np.uint8)
    gambling = streams.uniform("gambling") < np.where(tenth < 6, _GAMBLING[0], _GAMBLING[1])
    return Registered(np.where(draw < chance, which, NONE).astype(np.uint8), gambling)


def _tenth(welfare: Floats) -> Bytes:
    """Tenth of the families of the nation by true welfare, roughly, from 0."""
    edges = [NormalDist(0.2, 1.0).inv_cdf(tenth / 10) for tenth in range(1, 10)]
    return np.searchsorted(np.array(edges, np.float32), welfare).astype(np.uint8)


def register_rows(
    streams: Streams, registered: Registered, persons: Persons, identity: Identity, cycle: Month
) -> pa.Table:
    """The rows of register_pengecualian: the head, or the spouse of every fourth, by the NIK as delivered."""
    head = persons.heads
    spouse = (persons.spouses >= 0) & (streams.uniform("who is registered") < 0.25)
    member = np.where(spouse, persons.spouses, head)
    excluded = np.flatnonzero(registered.excluded & persons.present[member])
    teachers = excluded[(registered.register[excluded] == 0) & (streams.uniform("teacher")[excluded] < 0.25)]
    gamblers = np.flatnonzero(registered.gambling & persons.present[head])
    rows = np.concatenate([member[excluded], member[teachers], head[gamblers]])
    code = np.concatenate(
        [
            registered.register[excluded],
            np.full(len(teachers), CODES.index("CERTIFIED_TEACHER"), np.uint8),
            np.full(len(gamblers), GAMBLING, np.uint8),
        ]
    )
    # employers report the first day of the month; the financial intelligence unit matched once
    as_of = np.where(code == GAMBLING, GAMBLING_AS_OF, (cycle.first_day - UNIX).days)
    known = identity.known[rows]
    return pa.table(
        {
            "nik": identity.nik.take(columns.integers(rows[known])),
            "register": columns.codes(code[known], CODES),
            "tanggal_data": columns.days(np.minimum(as_of[known], cycle.cutoff_day)),
        }
    )
