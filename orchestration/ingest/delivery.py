"""Ingest of one source in one cycle: what counts is verified, held as raw Parquet and judged, or refused.

The cycle's own delivery is accepted whole or refused whole, over all its batches; of earlier event deliveries a refused
one is a warning and does not count.
"""

import hashlib
from pathlib import Path

import duckdb

from orchestration.contracts.sources import SOURCES, Source
from orchestration.cycles import parse_cycle
from orchestration.engine import engine
from orchestration.ingest.fetch import fetch, stored_deliveries
from orchestration.ingest.files import UnreadableFile, file_digest
from orchestration.ingest.holding import Holding, delivery_record, holding, raw_folder, read_content
from orchestration.ingest.judging import QUOTAS, judge_own_rows, quota_problems
from orchestration.ingest.landing import (
    STATEMENT,
    arrived,
    earlier_cycles,
    read_delivery,
    source_folder,
    statements,
)
from orchestration.ingest.records import Delivery, IngestedSource, RawFile
from orchestration.settings import Settings, write_json_atomic


class DeliveryRefused(Exception):
    """A source's delivery is refused whole; ``problems`` name file and cause, and no value of a row."""

    def __init__(self, source: str, problems: list[str]) -> None:
        """Collect all problems of the source into one report."""
        super().__init__(f"the delivery of {source} is refused:\n" + "\n".join(f"- {problem}" for problem in problems))
        self.source = source
        self.problems = problems


def ingest_source(settings: Settings, cycle: str, source: str) -> IngestedSource:
    """Fetch, verify, hold and judge what counts of a source in a cycle; its record is written to build/<cycle>.ingest/.

    Raises DeliveryRefused when a required source has not arrived or anything in the cycle's own delivery is wrong;
    then nothing of it is held and no record is left. Raises StoreFailed when the store of deliveries does not answer.
    """
    of = SOURCES[source]
    record = record_path(settings, cycle, source)
    record.unlink(missing_ok=True)
    fetched = fetch(settings, cycle, of)
    if problems := fetched.problems.pop(cycle, []):
        raise DeliveryRefused(source, problems)
    with engine(settings) as connection, holding(settings, of, connection) as hold:
        landed, warnings = arrived(settings, cycle, of)
        problems = [problem for delivery in landed for problem in hold.stage(delivery)]
        if not landed and of.required:
            problems = [f"landing/{cycle}/{source}: has not arrived: there is no {STATEMENT}", *warnings]
        contract = None
        if landed and not problems:
            files = _in_order([hold.delivery(delivery) for delivery in landed])
            try:  # it is the first to read every value
                contract = judge_own_rows(connection, of, cycle, files)
            except duckdb.Error:
                problems = [problem for delivery in landed for problem in hold.damaged(delivery)]
                if not problems:
                    raise
            if source == QUOTAS and not problems:
                problems = quota_problems(connection, cycle, files)
        if problems:
            raise DeliveryRefused(source, problems)
        hold.commit()
        own = [hold.delivery(delivery) for delivery in landed]
        if not landed:
            warnings.append(f"{cycle}/{source}: was not delivered and is empty in this cycle")
        earlier, not_counted = _hold_earlier(settings, cycle, of, hold)
        not_counted += [f"{unfit}; it does not count" for found in fetched.problems.values() for unfit in found]
    deliveries = (*earlier, *own)
    ingested = IngestedSource(
        source=source,
        cycle=cycle,
        deliveries=deliveries,
        warnings=(*fetched.warnings, *warnings, *not_counted, *_extra_columns(source, deliveries)),
        absent=not landed,
        contract=contract,
    )
    write_json_atomic(record, ingested.model_dump(mode="json"))
    return ingested


def record_path(settings: Settings, cycle: str, source: str) -> Path:
    """Where the record of an ingested source is written."""
    return settings.build / f"{cycle}.ingest" / f"{source}.json"


def read_ingested(settings: Settings, cycle: str, source: str) -> IngestedSource:
    """The record of an ingested source; raises FileNotFoundError when it was not ingested or was refused."""
    return IngestedSource.model_validate_json(record_path(settings, cycle, source).read_bytes())


def held_deliveries(settings: Settings, cycle: str, source: str) -> list[RawFile]:
    """Files of that cycle's own delivery when all of it is held in raw, else none; nothing is verified."""
    of = SOURCES[source]
    deliveries = []
    for path, batch in statements(source_folder(settings, cycle, of)):
        landed = read_delivery(path.parent, cycle, batch, of)
        digest = landed.digest(of)
        folder = raw_folder(settings, of, digest)
        content = None if landed.problems else read_content(folder)
        if content is None:
            return []
        deliveries.append(delivery_record(landed, digest, folder, content))
    return _in_order(deliveries)


def deliveries_ready(settings: Settings, cycle: str) -> tuple[list[str], str]:
    """Required sources that have not arrived, and a fingerprint of every delivery.json that counts in the cycle.

    Those in the store of deliveries too, if there is one. Cheap, for schedules and sensors: data files are not looked
    at, nothing is fetched or verified. Raises StoreFailed.
    """
    cycle = parse_cycle(cycle).key
    fingerprint = hashlib.sha256()
    missing = []
    for source in SOURCES.values():
        found = {
            (key, batch): _statement_digest(path)
            for key in (*earlier_cycles(settings, cycle, source), cycle)
            for path, batch in statements(source_folder(settings, key, source))
        }
        found |= stored_deliveries(settings, cycle, source)  # the same whether it was fetched already or not
        if source.required and all(key != cycle for key, _ in found):
            missing.append(source.name)
        for (key, batch), version in sorted(found.items()):
            fingerprint.update(f"{key}/{source.name}/{batch}\0{version}\n".encode())
    return missing, fingerprint.hexdigest()


def _statement_digest(path: Path) -> str:
    try:
        return file_digest(path)
    except UnreadableFile:
        return "unreadable"


def _hold_earlier(settings: Settings, cycle: str, source: Source, hold: Holding) -> tuple[list[Delivery], list[str]]:
    """Earlier deliveries of an event source that count, and warnings about those that do not."""
    deliveries, warnings = [], []
    for key in earlier_cycles(settings, cycle, source):
        landed, not_arrived = arrived(settings, key, source)
        warnings += not_arrived
        for delivery in landed:
            if problems := hold.stage(delivery) or hold.damaged(delivery):
                hold.discard()
                where = f"{key}/{source.name}" + (f"/{delivery.batch}" if delivery.batch else "")
                warnings.append(f"{where}: is refused and does not count: {'; '.join(problems)}")
            else:
                hold.commit()
                deliveries.append(hold.delivery(delivery))
    return deliveries, warnings


def _in_order(deliveries: list[Delivery]) -> list[RawFile]:
    """Files of deliveries of one cycle, in order of the bytes of their path."""
    return sorted((file for delivery in deliveries for file in delivery.files), key=lambda file: file.path.encode())


def _extra_columns(source: str, deliveries: tuple[Delivery, ...]) -> list[str]:
    return [
        f"{delivery.cycle}/{source}"
        + (f"/{delivery.batch}" if delivery.batch else "")
        + f": columns that the contract does not know are ignored: {', '.join(map(ascii, delivery.extra_columns))}"
        for delivery in deliveries
        if delivery.extra_columns
    ]
