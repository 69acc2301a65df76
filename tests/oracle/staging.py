"""The row rules: which delivered rows are accepted, which rejected by which rule, which flagged (landing contract)."""

from collections import Counter, defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date

from tests.deliveries import Row
from tests.oracle import reference
from tests.oracle.contract import SOURCES, Source
from tests.oracle.rules import Rules
from tests.oracle.values import BLANKS, Broken, Value, nik_disagrees, nik_is_well_formed, parse

ROW_RULES = (
    "unparsable",
    "missing_key",
    "bad_key",
    "bad_code",
    "bad_value",
    "unknown_area",
    "orphan",
    "conflicting_duplicate",
    "superseded",
)
FLAGS = (
    "flag_bad_code",
    "flag_bad_value",
    "flag_unknown_village",
    "flag_bad_nik",
    "flag_nik_area",
    "flag_nik_mismatch",
)


class DeliveryRefused(Exception):
    """A quota row was rejected: the whole delivery is refused."""


@dataclass
class Record:
    """One row, judged: typed values by canonical name, flags, columns emptied by a flag, and the first rule broken."""

    row: Row
    values: dict[str, Value] = field(default_factory=dict)
    flags: set[str] = field(default_factory=set)
    emptied: set[str] = field(default_factory=set)
    rule: str | None = None

    def text(self, column: str) -> str | None:
        """The delivered text of an agency's column, trimmed; None when empty."""
        return (self.row.values.get(column) or "").strip(BLANKS) or None


@dataclass
class Staged:
    """Every counting row of every source, in order of path and row number."""

    records: dict[str, list[Record]]

    def accepted(self, source: str) -> list[Record]:
        """Accepted rows of a source, earlier cycles' included."""
        return [record for record in self.records[source] if record.rule is None]

    def rejected(self, source: str) -> list[Record]:
        """Rejected rows of a source, earlier cycles' included."""
        return [record for record in self.records[source] if record.rule is not None]

    def quality(self, cycle: str) -> dict[tuple[str, str], tuple[int, int, int]]:
        """By (source, rule or flag): delivered, accepted, rejected of the own cycle (mart delivery_quality)."""
        counts = {}
        for source, records in self.records.items():
            own = [record for record in records if record.row.cycle == cycle]
            broken = Counter(record.rule for record in own if record.rule)
            broken.update(flag for record in own if not record.rule for flag in record.flags)
            accepted = sum(record.rule is None for record in own)
            for rule in ROW_RULES + FLAGS:
                counts[source, rule] = (len(own), accepted, broken[rule])
        return counts


def stage(rows: Iterable[Row], rules: Rules) -> Staged:
    """Judge every row that counts in the cycle; raises DeliveryRefused for a bad quota delivery."""
    records: dict[str, list[Record]] = {source: [] for source in SOURCES}
    for row in sorted(rows, key=lambda row: (row.cycle, row.path.encode(), row.number)):
        if counts_in(rules.cycle, row.cycle, SOURCES[row.source]):
            records[row.source].append(judge(row, rules))
    for source in SOURCES:  # families come before persons
        if source == "dtsen_individu":
            _reject_orphans(records[source], records["dtsen_keluarga"])
        _reject_duplicates(records[source], SOURCES[source])
    if any(record.rule not in (None, "superseded") for record in records["kuota_program"]):
        raise DeliveryRefused("kuota_program")
    for record in (*records["dtsen_keluarga"], *records["kemensos_penerima"], *records["dtsen_individu"]):
        _flag(record)
    return Staged(records)


def counts_in(cycle: str, delivered: str, source: Source) -> bool:
    """Whether a delivery counts: snapshots of this cycle, events also of so many earlier ones."""
    months = [int(key[:4]) * 12 + int(key[5:]) for key in (cycle, delivered)]
    return 0 <= months[0] - months[1] <= (source.earlier_cycles or 0)


def judge(row: Row, rules: Rules) -> Record:
    """Parse a row; its rule is the first broken one of those that one row can break alone."""
    if row.unparsable:
        return Record(row, rule="unparsable")
    record = Record(row)
    broken = set()
    for column in SOURCES[row.source].columns:
        value: Value = None
        try:
            value = parse(row.values.get(column.name), column, rules, row.decimal_comma)
        except Broken as error:
            rule = str(error)
            if column.null:
                record.flags.add(f"flag_{rule}")
                record.emptied.add(column.canonical)
            else:
                broken.add(rule)
        else:
            if value is None and not column.null:
                broken.add("missing_key")
        record.values[column.canonical] = value
    record.rule = next((rule for rule in ROW_RULES if rule in broken), None)
    return record


def _reject_orphans(persons: list[Record], families: list[Record]) -> None:
    known = {record.values["family_id"] for record in families if record.rule is None}
    for record in persons:
        if record.rule is None and record.values["family_id"] not in known:
            record.rule = "orphan"


def _reject_duplicates(records: list[Record], source: Source) -> None:
    """Conflicting and superseded rows; only rows that broke no earlier rule take part."""
    clean = [record for record in records if record.rule is None]
    if source.is_event:
        seen = set()
        for record in clean:
            identity = (record.row.cycle, tuple(record.values.values()))
            if identity in seen:
                record.rule = "superseded"
            seen.add(identity)
        return
    by_key: dict[tuple[Value, ...], list[Record]] = defaultdict(list)
    for record in clean:
        by_key[tuple(record.values[column] for column in source.key)].append(record)
    for same in by_key.values():
        newest = same
        if source.newest_by:
            days = [record.values[source.newest_by] for record in same]
            last = max(day for day in days if isinstance(day, date))
            newest = [record for record, day in zip(same, days, strict=True) if day == last]
        conflict = any(record.values != newest[0].values for record in newest)
        for record in same:
            if conflict:
                record.rule = "conflicting_duplicate"
            elif record is not newest[0]:
                record.rule = "superseded"


def _flag(record: Record) -> None:
    """The flags that are not about one bad value: villages and NIK."""
    if record.rule:
        return
    values = record.values
    village = values.get("village_code")
    if village is not None and village not in reference.villages():
        record.flags.add("flag_unknown_village")
    nik = values.get("nik")
    if not isinstance(nik, str):
        return
    if not nik_is_well_formed(nik):
        record.flags.add("flag_bad_nik")
        return
    if nik[:6] not in reference.districts():
        record.flags.add("flag_nik_area")
    birth_date, sex = values["birth_date"], values["sex"]
    if isinstance(birth_date, date) and isinstance(sex, str) and nik_disagrees(nik, birth_date, sex):
        record.flags.add("flag_nik_mismatch")
