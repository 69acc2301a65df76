"""The manifest of a candidate or release: its form, and reading it. Sealing (seal.py) and publishing write it."""

import hashlib
import math
from pathlib import Path
from typing import Annotated, Any

from pydantic import BaseModel, BeforeValidator, ConfigDict, ValidationError

MANIFEST = "manifest.json"
GATE_EVIDENCE = "gate_evidence.json"
"""What the gates judged, written by them into the candidate; publishing evaluates the verdict from it again."""


class ManifestDamaged(RuntimeError):
    """A manifest.json that is no manifest."""


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Versioned(_Part):
    """A version that people count, and the digest of what it stands for."""

    version: int
    digest: str


class DeliveryFile(_Part):
    """One data file as the agency listed it."""

    name: str
    sha256: str
    rows: int


class Delivery(_Part):
    """One delivery that counted; ``digest`` identifies it (source, cycle, contract version, files)."""

    source: str
    cycle: str
    batch: str
    digest: str
    files: list[DeliveryFile]


class StoredFile(_Part):
    """One file of the candidate or release; ``path`` is POSIX, relative to its folder."""

    path: str
    sha256: str
    bytes: int


class StoredDataSet(_Part):
    """One data set: rows and content digest over ``columns``, in their order; ``provenance`` columns lie outside it."""

    rows: int
    content_digest: str
    columns: list[str]
    provenance: list[str]
    files: list[StoredFile]


def _finite_or_none(value: Any) -> Any:
    return None if isinstance(value, float) and not math.isfinite(value) else value


Measured = Annotated[float | None, BeforeValidator(_finite_or_none)]
"""A number, or None: also what is no finite number was not measured."""


class GateResult(_Part):
    """One judged gate; ``value`` None: it could not be measured, and so it failed."""

    cycle: str
    gate: str
    tool: str
    value: Measured
    lower: Measured
    upper: Measured
    severity: str
    passed: bool
    detail: str


class Previous(_Part):
    """The release before, by the sha256 of its manifest."""

    cycle: str
    release: str
    manifest_sha256: str


class Policy(_Part):
    """Which roles must sign a release, and whether each by another person."""

    roles: list[str]
    different_people: bool = True


class Signoff(_Part):
    """A person's signature, in a role, over a document: Ed25519 over its bytes, key and signature in base64."""

    cycle: str
    document_sha256: str
    person: str
    role: str
    public_key: str
    signed_at: str
    signature: str


class Manifest(_Part):
    """What a candidate or release holds, and what it was made from.

    In a candidate ``release``, ``previous``, ``policy``, ``difference`` and ``audit_head`` are null. ``difference`` is
    to the release before; ``audit_head`` the digest of the newest entry of the audit trail when the release was made.
    """

    cycle: str
    release: str | None
    reason: str | None
    created_at: str
    run_id: str
    code_version: str
    contract: Versioned
    rules: Versioned
    seeds_digest: str
    deliveries: list[Delivery]
    data_sets: dict[str, StoredDataSet]
    files: list[StoredFile]
    gate_results: list[GateResult]
    passed: bool
    policy: Policy | None = None
    signoffs: list[Signoff]
    previous: Previous | None
    difference: dict[str, Any] | None = None
    audit_head: str | None = None
    statement: dict[str, Any]
    statement_sha256: str

    def all_files(self) -> dict[str, StoredFile]:
        """Every file beside the manifest itself, by path."""
        stored = [file for data_set in self.data_sets.values() for file in data_set.files]
        return {file.path: file for file in (*stored, *self.files)}


def read_manifest(folder: Path) -> tuple[Manifest, str]:
    """The manifest in ``folder`` and its sha256. Raises FileNotFoundError (unsealed) or ManifestDamaged."""
    path = folder / MANIFEST
    content = path.read_bytes()
    try:
        return Manifest.model_validate_json(content, strict=True), hashlib.sha256(content).hexdigest()
    except ValidationError:
        raise ManifestDamaged(f"{path} is not a manifest") from None
