"""Seals a candidate: gate results as a mart, every digest, then manifest.json, last and in one rename.

Judges nothing: the gates bring their results and the verdict.
"""

import json
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import duckdb

from orchestration.candidate.datasets import AS_PARQUET, GATE_RESULTS, LISTS, mart, parquet_relation, paths_of
from orchestration.candidate.digests import column_types, content_digest, file_sha256
from orchestration.candidate.manifest import (
    GATE_EVIDENCE,
    MANIFEST,
    Delivery,
    GateResult,
    Manifest,
    StoredDataSet,
    StoredFile,
    Versioned,
)
from orchestration.candidate.statement import statement_of, statement_sha256
from orchestration.candidate.write import ORIGIN, candidate_folder
from orchestration.engine import engine, literal
from orchestration.settings import Settings, write_json_atomic


class CandidateUnfit(RuntimeError):
    """The candidate cannot be sealed as it lies there."""


def unseal(settings: Settings, cycle: str) -> Path:
    """Take the seal off, before anything in the candidate is written again, and what a killed sealing left.

    Returns the candidate's folder. Raises CandidateUnfit when there is none.
    """
    folder = candidate_folder(settings, cycle)
    if not (folder / ORIGIN).is_file():
        raise CandidateUnfit(f"{folder} is no candidate: run the cycle {cycle} from the start")
    for path in (folder / MANIFEST, *folder.glob(".*")):
        path.unlink(missing_ok=True)
    return folder


def seal(settings: Settings, cycle: str, gate_results: Sequence[Mapping[str, Any]], passed: bool) -> Manifest:
    """Write marts/gate_results.parquet and then manifest.json into the candidate; sealing again is allowed.

    ``gate_results`` are rows of ``GateResult``; ``passed`` is the verdict. Raises CandidateUnfit.
    """
    folder = unseal(settings, cycle)
    if not (folder / GATE_EVIDENCE).is_file():
        raise CandidateUnfit(f"{folder / GATE_EVIDENCE} is not there: `mutakhir run --cycle {cycle} --from gates`")
    origin = json.loads((folder / ORIGIN).read_text(encoding="utf-8"))
    results = sorted((GateResult.model_validate(dict(row)) for row in gate_results), key=lambda row: row.gate)
    with engine(settings) as connection:
        _write_gate_results(connection, folder, results)
        data_sets = _describe(connection, folder)
    rows = {name: data_set.rows for name, data_set in data_sets.items() if name != GATE_RESULTS.name}
    if rows != origin["rows"]:
        differing = sorted(name for name in rows.keys() | origin["rows"] if rows.get(name) != origin["rows"].get(name))
        raise CandidateUnfit(
            f"{folder}: {', '.join(differing)} changed since the build wrote them: run the cycle {cycle} again"
        )
    build = origin["build"]
    unstated = Manifest(
        cycle=cycle,
        release=None,
        reason=None,
        created_at=datetime.now(UTC).isoformat(timespec="seconds"),
        run_id=build["run_id"],
        code_version=build["code_version"],
        contract=Versioned.model_validate(origin["contract"]),
        rules=Versioned.model_validate(origin["rules"]),
        seeds_digest=build["seeds_digest"],
        deliveries=sorted(
            (Delivery.model_validate(delivery) for delivery in build["deliveries"]),
            key=lambda delivery: (delivery.source, delivery.cycle, delivery.batch),
        ),
        data_sets=data_sets,
        files=[_stored(folder, GATE_EVIDENCE)],
        gate_results=results,
        passed=passed,
        signoffs=[],
        previous=None,
        statement={},
        statement_sha256="",
    )
    statement = statement_of(unstated)
    manifest = unstated.model_copy(update={"statement": statement, "statement_sha256": statement_sha256(statement)})
    write_json_atomic(folder / MANIFEST, manifest.model_dump(mode="json"))
    return manifest


def _write_gate_results(connection: duckdb.DuckDBPyConnection, folder: Path, results: Sequence[GateResult]) -> None:
    """Written beside and renamed, so that a reader never meets half a file."""
    columns = GATE_RESULTS.columns
    connection.execute(
        f"create table gate_results ({', '.join(f'{name} {type_name}' for name, type_name in columns.items())})"
    )
    if results:
        connection.executemany(
            f"insert into gate_results values ({', '.join('?' * len(columns))})",
            [[getattr(result, name) for name in columns] for result in results],
        )
    beside = folder / ".gate_results"
    connection.execute(f"copy (from gate_results order by gate) to {literal(beside)} {AS_PARQUET}")
    beside.chmod(0o600)
    beside.replace(folder / f"{GATE_RESULTS.name}.parquet")


def _describe(connection: duckdb.DuckDBPyConnection, folder: Path) -> dict[str, StoredDataSet]:
    """Every data set in the folder with its digests, read back from the files."""
    paths = [path.relative_to(folder).as_posix() for path in folder.rglob("*.parquet")]
    marts = [
        mart(Path(path).stem, column_types(connection, parquet_relation([folder / path])))
        for path in paths_of("marts", paths)
    ]
    described = {}
    for data_set in (*LISTS, *marts):
        files = paths_of(data_set.name, paths)
        rows, digest = content_digest_of(connection, folder, files, data_set.content_columns)
        described[data_set.name] = StoredDataSet(
            rows=rows,
            content_digest=digest,
            columns=data_set.content_columns,
            provenance=sorted(data_set.provenance),
            files=[_stored(folder, path) for path in files],
        )
    return described


def content_digest_of(
    connection: duckdb.DuckDBPyConnection, folder: Path, files: Sequence[str], columns: Sequence[str]
) -> tuple[int, str]:
    """Rows and content digest of one data set's files; a data set without rows has no files.

    Raises duckdb.Error or KeyError when a file is no Parquet or lacks a column.
    """
    if not files:
        return 0, "0"
    relation = parquet_relation([folder / path for path in files])
    types = column_types(connection, relation)
    digest = content_digest(connection, relation, {name: types[name] for name in columns})
    return digest.rows, digest.value


def _stored(folder: Path, path: str) -> StoredFile:
    file = folder / path
    return StoredFile(path=path, sha256=file_sha256(file), bytes=file.stat().st_size)
