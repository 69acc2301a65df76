"""The core on Polars: lazy frames over the Parquet files, run by the streaming engine.

What is read more than once is collected once. There is no md5 among its functions: it is computed for the few
candidates that tie without it. Here are the steps; each stands in polars_families.py, polars_evidence.py or
polars_lists.py.
"""

import polars as pl
from polars import col, lit

from benchmarks.peers import polars_evidence as second
from benchmarks.peers import polars_families as first
from benchmarks.peers import polars_lists as third
from benchmarks.peers.polars_families import Rows, kept
from benchmarks.peers.rules import Rules
from benchmarks.peers.task import COLUMNS, RESULTS, THREADS, Task


def run(task: Task) -> None:
    """Write the results of the core."""
    assert pl.thread_pool_size() == THREADS, "POLARS_MAX_THREADS is set before it is imported"
    task.told |= {"version": pl.__version__, "settings": {"POLARS_MAX_THREADS": THREADS, "engine": "streaming"}}
    with task.phase("core"):
        rows = {source: pl.scan_parquet(task.files(source)).select(columns) for source, columns in COLUMNS.items()}
        for name, frame in results(rows, task.rules).items():
            frame.select(list(RESULTS[name])).sink_parquet(task.folder / f"{name}.parquet", engine="streaming")


def results(rows: Rows, rules: Rules) -> Rows:
    """The results of the core, by name."""
    accepted, _, _ = first.accepted(rows["dtsen_keluarga"], ["id_keluarga"], "tanggal_pemutakhiran")
    persons, versions, settled = first.accepted(rows["dtsen_individu"], ["id_individu"], "tanggal_pemutakhiran")
    incomplete = versions.join(settled, on="id_individu", how="anti").select(family_id="id_keluarga").unique()
    persons = persons.rename(
        {"id_individu": "person_id", "id_keluarga": "family_id", "nomor_induk_kependudukan": "nik"}
    )
    objections = first.objections(rows["sanggahan"], rules)
    exempt = objections.filter(col.criterion == "NO_LIVING_MEMBER", "upheld").select("family_id", exempt=lit(True))
    facts, repeated = first.nik_facts(rows["dtsen_individu"], persons, accepted, rows["dukcapil_peristiwa"], rules)
    members = first.members(persons, facts, exempt, rules)
    families = first.families(accepted, members, incomplete, repeated, rules)
    listed = second.listed(rows["kemensos_penerima"], families, rules)
    verifications = second.verifications(rows["verifikasi_lapangan"], rules)
    registered = second.registered(rows["register_pengecualian"], persons, facts, exempt, rules)
    evidence = second.evidence(rows, families, listed, verifications, registered, rules)
    judged = second.judged(evidence, verifications, objections, rules)
    verdicts = kept(
        judged.filter(~col.cleared)
        .group_by("family_id", "programme")
        .agg(gravest=(1000 * col.action + col.precedence).min(), review=(col.action == 3).any())
    )
    decided = third.decided(listed, verdicts, verifications, rules)
    candidates = third.candidates(families, listed, verdicts, objections, rules)
    selections = third.selections(candidates, *third.places(rows["kuota_program"], decided, rules))
    return {
        "decisions": third.decisions(decided, selections, rules),
        "summary": third.summary(families, listed, judged),
    }
