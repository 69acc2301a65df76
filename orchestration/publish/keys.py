"""Signing keys: an Ed25519 private key in a file of its owner, encrypted with a passphrase.

The public key goes to config/approvers.toml, by hand and reviewed; no private key or passphrase is ever in a setting.
"""

import base64
import os
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    PrivateFormat,
    PublicFormat,
    load_pem_private_key,
)

from orchestration.settings import private_dir

MIN_PASSPHRASE = 12
"""Characters: the file may be copied, and then only its passphrase protects it."""


class KeyUnusable(ValueError):
    """The key file cannot be made, read or opened; the message says why."""


def new_key(path: Path, passphrase: str) -> str:
    """Make a key at ``path`` (mode 0600), never over another; returns its public key in base64. Raises KeyUnusable."""
    if len(passphrase) < MIN_PASSPHRASE:
        raise KeyUnusable(f"the passphrase is too short: {MIN_PASSPHRASE} characters at least")
    private = Ed25519PrivateKey.generate()
    content = private.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, BestAvailableEncryption(passphrase.encode()))
    private_dir(path.parent)
    try:
        with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
            file.write(content)
    except FileExistsError:
        raise KeyUnusable(f"{path} exists; name another file, or remove it if the key is no longer used") from None
    return public_text(private)


def load_key(path: Path, passphrase: str) -> Ed25519PrivateKey:
    """The private key in ``path``. Raises KeyUnusable: no such file, no Ed25519 key, wrong passphrase."""
    try:
        key = load_pem_private_key(path.read_bytes(), passphrase.encode())
    except FileNotFoundError:
        raise KeyUnusable(f"there is no key at {path}: `mutakhir keys new`, or name it with --key") from None
    except (ValueError, TypeError) as error:
        raise KeyUnusable(f"{path} cannot be opened: the passphrase is wrong, or it is no encrypted key") from error
    if not isinstance(key, Ed25519PrivateKey):
        raise KeyUnusable(f"{path} is not an Ed25519 key")
    return key


def public_text(private: Ed25519PrivateKey) -> str:
    """The public key in base64, as approvers.toml has it."""
    return base64.b64encode(private.public_key().public_bytes(Encoding.Raw, PublicFormat.Raw)).decode()
