"""To whom packages are encrypted: age recipients by regency, from config/regency_keys.toml, and the encrypting.

Holds public keys alone; the identities that decrypt are with the offices.
"""

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass

import pyrage
from pyrage import x25519

from orchestration.contracts.code_lists import areas, regencies
from orchestration.settings import Settings


class KeysUnfit(RuntimeError):
    """The file of keys cannot be used; names it and the regency."""


@dataclass(frozen=True)
class RegencyKeys:
    """The age recipients of one regency, as text: what is encrypted to them each of them can read."""

    recipients: tuple[str, ...]

    def encrypt(self, plain: bytes) -> bytes:
        """``plain`` as a binary age file."""
        return bytes(pyrage.encrypt(plain, [x25519.Recipient.from_str(key) for key in self.recipients]))


def read_keys(settings: Settings) -> Mapping[str, RegencyKeys]:
    """Keys by regency code. Raises KeysUnfit also when two regencies share one: then one could read the other's."""
    path = settings.regency_keys
    try:
        table = tomllib.loads(path.read_text(encoding="utf-8")).get("regencies", {})
    except (OSError, ValueError) as error:
        raise KeysUnfit(f"{path} cannot be read as TOML ({type(error).__name__})") from None
    if not isinstance(table, dict):
        raise KeysUnfit(f"{path}: `regencies` is no table")
    known, owner, keys = set(regencies()), dict[str, str](), dict[str, RegencyKeys]()
    for code, value in table.items():
        recipients = [value] if isinstance(value, str) else value
        if code not in known:
            raise KeysUnfit(f"{path}: {code!r} is no regency; write the four digits in quotes")
        if not isinstance(recipients, list) or not recipients:
            raise KeysUnfit(f"{path}: {code} has no key; write one age1... or a list of them")
        for recipient in recipients:
            if not _is_recipient(recipient):
                raise KeysUnfit(f"{path}: a key of {code} is no age recipient (age1...)")
            if owner.setdefault(recipient, code) != code:
                raise KeysUnfit(f"{path}: {code} has a key of {owner[recipient]}; each regency needs its own")
        keys[code] = RegencyKeys(tuple(recipients))
    return keys


def regency_name(code: str) -> str:
    """Name of a regency or city, as in the reference of regions."""
    return areas()[code]


def _is_recipient(text: object) -> bool:
    try:
        x25519.Recipient.from_str(text)
    except (pyrage.RecipientError, TypeError):
        return False
    return True
