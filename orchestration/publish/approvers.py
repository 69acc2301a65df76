"""Who may sign, and what a release needs: config/approvers.toml. Public keys only; judges no signature (signoff.py)."""

import base64
import binascii
import hashlib
import json
import tomllib
from datetime import date
from pathlib import Path
from typing import Annotated

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from pydantic import BaseModel, ConfigDict, Field, StringConstraints, ValidationError, model_validator

from orchestration.candidate.manifest import Policy

Name = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=100)]
KEY_BYTES = 32
"""Length of an Ed25519 public key."""


class ApproversInvalid(ValueError):
    """approvers.toml is missing or cannot be used; nothing is published by a policy that cannot be read."""


class Approver(BaseModel):
    """A person's public key, the roles it signs in, and the days on which it is valid (both included)."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    person: Name
    roles: Annotated[list[Name], Field(min_length=1)]
    public_key: str
    valid_from: date
    valid_to: date

    @model_validator(mode="after")
    def _usable(self) -> "Approver":
        try:
            raw = base64.b64decode(self.public_key, validate=True)
        except binascii.Error:
            raw = b""
        if len(raw) != KEY_BYTES:
            raise ValueError("public_key is no Ed25519 key in base64")
        if self.valid_to < self.valid_from:
            raise ValueError("valid_to lies before valid_from")
        return self

    @property
    def key(self) -> Ed25519PublicKey:
        """The key itself."""
        return Ed25519PublicKey.from_public_bytes(base64.b64decode(self.public_key))


class Approvers(BaseModel):
    """The whole file: the policy, and everyone who may sign."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    policy: Policy
    approver: list[Approver] = []

    @model_validator(mode="after")
    def _one_entry_a_key(self) -> "Approvers":
        keys = [approver.public_key for approver in self.approver]
        if len(set(keys)) < len(keys):
            raise ValueError("a public key is listed twice")
        return self

    def of_key(self, public_key: str) -> Approver | None:
        """Whose key it is; None when nobody's."""
        return next((approver for approver in self.approver if approver.public_key == public_key), None)


def read_approvers(path: Path) -> Approvers:
    """The file's policy and approvers. Raises ApproversInvalid, also when the file is missing."""
    try:
        return Approvers.model_validate(tomllib.loads(path.read_text(encoding="utf-8")))
    except FileNotFoundError:
        raise ApproversInvalid(f"{path} is missing: it says who signs, and which roles a release needs") from None
    except (ValidationError, tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise ApproversInvalid(f"{path} cannot be used: {_why(error)}") from error


def entry_text(person: str, role: str, public_key: str, valid_from: date, valid_to: date) -> str:
    """An approver's entry as it stands in the file."""
    return (
        f"[[approver]]\nperson = {json.dumps(person, ensure_ascii=False)}\nroles = [{json.dumps(role)}]\n"
        f'public_key = "{public_key}"\nvalid_from = {valid_from}\nvalid_to = {valid_to}\n'
    )


def add_entry(path: Path, entry: str) -> None:
    """Add an entry to the end of the file, if the whole can still be used. Raises ApproversInvalid."""
    text = f"{path.read_text(encoding='utf-8').rstrip()}\n\n{entry}"
    beside = path.with_name(f".{path.name}.new")
    beside.write_text(text, encoding="utf-8")
    try:
        read_approvers(beside)
        beside.chmod(path.stat().st_mode)
        beside.replace(path)
    finally:
        beside.unlink(missing_ok=True)


def key_id(public_key: str) -> str:
    """The first 16 hexadecimal digits of the sha256 of a public key: what people compare by eye."""
    return hashlib.sha256(base64.b64decode(public_key)).hexdigest()[:16]


def _why(error: Exception) -> str:
    if not isinstance(error, ValidationError):
        return str(error)
    return "; ".join(f"{'.'.join(map(str, problem['loc'])) or 'file'}: {problem['msg']}" for problem in error.errors())
