"""The core on pandas: everything in memory, columns as pyarrow has them.

Here are the steps; each stands in pandas_families.py, pandas_evidence.py or pandas_lists.py.
"""

from collections.abc import Callable

import pandas as pd
import pyarrow.dataset as ds

from benchmarks.peers import pandas_evidence as second
from benchmarks.peers import pandas_families as first
from benchmarks.peers import pandas_lists as third
from benchmarks.peers.pandas_families import Frame
from benchmarks.peers.rules import Rules
from benchmarks.peers.task import COLUMNS, RESULTS, Task


def run(task: Task) -> None:
    """Write the results of the core."""
    task.told |= {"version": pd.__version__, "settings": {"types": "ArrowDtype"}}
    with task.phase("core"):

        def read(source: str) -> Frame:
            rows = ds.dataset(task.files(source)).to_table(columns=list(COLUMNS[source]))
            return rows.to_pandas(types_mapper=pd.ArrowDtype)

        for name, frame in results(read, task.rules).items():
            frame[list(RESULTS[name])].to_parquet(task.folder / f"{name}.parquet")


def results(read: Callable[[str], Frame], rules: Rules) -> dict[str, Frame]:
    """The results of the core, by name."""
    accepted, _, _ = first.accepted(read("dtsen_keluarga"), "id_keluarga", "tanggal_pemutakhiran")
    persons, versions, settled = first.accepted(read("dtsen_individu"), "id_individu", "tanggal_pemutakhiran")
    incomplete = versions.id_keluarga[~versions.id_individu.isin(settled.id_individu)]
    persons = persons.rename(
        columns={"id_individu": "person_id", "id_keluarga": "family_id", "nomor_induk_kependudukan": "nik"}
    )
    events, objections = read("dukcapil_peristiwa"), first.objections(read("sanggahan"), rules)
    exempt = objections.family_id[objections.upheld & (objections.criterion == "NO_LIVING_MEMBER")]
    facts, within = first.nik_facts(persons, pd.Index(accepted.id_keluarga), events, rules)
    families = first.families(accepted, persons, incomplete, facts, within, exempt, rules)
    registered = second.registered(read("register_pengecualian"), persons, facts, exempt, rules)
    del accepted, persons
    listed = second.listed(read("kemensos_penerima"), families, rules)
    verifications = second.verifications(read("verifikasi_lapangan"), rules)
    payments = read("hasil_salur")
    evidence = second.evidence(families, listed, verifications, registered, events, payments, rules)
    judged = second.judged(evidence, verifications, objections, rules)
    verdicts = (
        judged[~judged.cleared]
        .assign(gravest=lambda of: 1000 * of.action + of.precedence, review=lambda of: of.action == 3)
        .groupby(["family_id", "programme"], as_index=False)
        .agg(gravest=("gravest", "min"), review=("review", "max"))
    )
    decided = third.decided(listed, verdicts, verifications, rules)
    candidates = third.candidates(families, listed, verdicts, objections, rules)
    selections = third.selections(candidates, *third.places(read("kuota_program"), decided, rules))
    return {
        "decisions": third.decisions(decided, selections, rules),
        "summary": third.summary(families, listed, judged),
    }
