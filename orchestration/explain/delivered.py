"""The delivered rows behind a piece of evidence, while raw/ still holds them; else the reason why there is none.

What is shown of a row is what the criterion looks at, never the whole row.
"""

from collections.abc import Mapping
from functools import cached_property
from typing import Any

import duckdb

from orchestration.explain.answer import Member, Row, Text
from orchestration.explain.lookup import Folder
from orchestration.explain.masks import masked_name, masked_nik, shown
from orchestration.explain.phrases import phrase
from orchestration.ingest.family_rows import NAMES, DeliveredRow, rows_naming
from orchestration.settings import Settings

_PERSONS = "dtsen_individu"
_COLUMNS = {
    "dtsen_keluarga": ("village_code", "welfare_decile", "welfare_rank", "updated_on"),
    _PERSONS: ("person_id", "family_role", "full_name", "nik"),
    "kemensos_penerima": ("programme", "status", "listed_since", "channel", "village_code"),
    "register_pengecualian": ("register", "as_of_date", "nik"),
    "dukcapil_peristiwa": ("event_type", "event_date", "nik"),
    "verifikasi_lapangan": ("verified_on", "result", "reason", "regency_code"),
    "hasil_salur": ("programme", "period", "result", "disbursed_on"),
}
_COMPONENTS = ("sex", "birth_date", "school_participation", "school_level", "disability", "pregnant")
_MORE = {"NO_PAYEE": ("birth_date",), "NO_PKH_COMPONENT": _COMPONENTS, "COMPONENTS_UNCERTAIN": _COMPONENTS}
_EVENTS = {"NO_LIVING_MEMBER": "KEMATIAN", "MOVED": "PINDAH"}
_BY_ABSENCE = ("NOT_IN_REGISTRY", "MEMBERS_INCOMPLETE")


class Delivered:
    """The rows of one family in the deliveries of one release; each delivery is read once."""

    def __init__(
        self, settings: Settings, connection: duckdb.DuckDBPyConnection, folder: Folder, family_id: str, unmask: bool
    ) -> None:
        """Nothing is read yet."""
        self._settings = settings
        self._connection = connection
        self._folder = folder
        self._family_id = family_id
        self._unmask = unmask
        self._read: dict[tuple[str, str], list[DeliveredRow] | None] = {}
        self.person_files: frozenset[tuple[str, str]] | None = None
        """Where alone to look for the family's persons, by delivery digest and name of the file; None: everywhere."""

    @cached_property
    def _persons(self) -> list[DeliveredRow] | None:
        """The family's persons as the cycle had them; None when any of that delivery is gone."""
        digests = [
            delivery.digest
            for delivery in self._folder.manifest.deliveries
            if (delivery.source, delivery.cycle) == (_PERSONS, self._folder.cycle)
        ]
        found = [self._naming(_PERSONS, digest) for digest in digests]
        if not found or any(rows is None for rows in found):
            return None
        return [row for rows in found for row in rows or []]

    def _naming(self, source: str, digest: str) -> list[DeliveredRow] | None:
        """Rows of a delivery that name the family or, where a source names persons, its members."""
        if (source, digest) not in self._read:
            by_nik = "family_id" not in NAMES[source]
            wanted = {row.values["nik"] or "" for row in self._persons or []} - {""} if by_nik else {self._family_id}
            only = None
            if source == _PERSONS and self.person_files is not None:
                only = {name for delivery, name in self.person_files if delivery == digest}
            self._read[source, digest] = rows_naming(
                self._settings, self._connection, source, digest, "nik" if by_nik else "family_id", wanted, only
            )
        return self._read[source, digest]

    @cached_property
    def _person_of(self) -> dict[str | None, str | None]:
        """Persons by NIK, for rows that know no other name of a person."""
        return {row.values["nik"]: row.values["person_id"] for row in self._persons or [] if row.values["nik"]}

    def members(self) -> list[Member] | None:
        """Who belongs to the family, by the registry's delivery; None when that is gone."""
        if self._persons is None:
            return None
        return [
            Member(
                person_id=row.values["person_id"],
                family_role=row.values["family_role"],
                full_name=row.values["full_name"] if self._unmask else masked_name(row.values["full_name"]),
                nik=row.values["nik"] if self._unmask else masked_nik(row.values["nik"]),
            )
            for row in self._persons
        ]

    def behind(self, evidence: Mapping[str, Any]) -> tuple[list[Row], Text | None]:
        """The rows behind a row of the data set evidence, and why there is none."""
        source, digest, criterion = evidence["source"], evidence["delivery_digest"], evidence["criterion"]
        if digest is None or source not in _COLUMNS:
            return [], phrase("rows", "no_digest")
        rows = self._naming(source, digest)
        if rows is None:
            return [], phrase("rows", "gone")
        by_nik = "family_id" not in NAMES[source]  # only then are the persons read, of which a nation has many
        if by_nik and self._persons is None:
            return [], phrase("rows", "persons_gone")
        columns = _COLUMNS[source] + _MORE.get(criterion, ())
        found = [
            Row(
                file=row.file,
                row_number=row.row_number,
                person_id=self._person_of.get(row.values["nik"]) if by_nik else None,
                values=shown(row, columns, self._unmask),
            )
            for row in rows
            if _shows(evidence, row.values)
        ]
        if found:
            return found, None
        return [], phrase("rows", "absent" if criterion in _BY_ABSENCE else "not_found")


def _shows(evidence: Mapping[str, Any], values: Mapping[str, str | None]) -> bool:
    """Whether a delivered row that names the family shows this evidence."""
    criterion, day = evidence["criterion"], evidence["evidence_date"].isoformat()

    def code(name: str) -> str:
        return (values[name] or "").upper()

    match evidence["source"]:
        case "register_pengecualian":
            return (code("register"), values["as_of_date"]) == (criterion, day)
        case "dukcapil_peristiwa":
            same_day = criterion != "MOVED" or values["event_date"] == day
            return code("event_type") == _EVENTS.get(criterion) and same_day
        case "verifikasi_lapangan":
            return bool(values["verified_on"] == day)
        case "hasil_salur":
            return (code("programme"), values["disbursed_on"]) == (evidence["programme"], day)
        case "kemensos_penerima":
            return bool(code("programme") == evidence["programme"])
        case _:
            return True
