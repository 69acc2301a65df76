"""Reading delivered files safely: only regular ones, and with the digest of what was read."""

import hashlib
import os
import stat
from pathlib import Path
from typing import IO

CHUNK_BYTES = 8 << 20

# What a file may make of us (docs/landing.md, Limits): far beyond any delivery of the nation.
MAX_ROWS = 1 << 30
MAX_COLUMNS = 1000
MAX_NAME_LENGTH = 200  # of a column, in characters
MAX_HEADER_BYTES = 1 << 20  # of a CSV file
MAX_UNPACKED_BYTES = 1 << 40
MAX_RATIO = 300  # unpacked to packed, once RATIO_FROM_BYTES are unpacked; CSV of codes reaches about 50
RATIO_FROM_BYTES = 256 << 20


class UnreadableFile(Exception):
    """A file that cannot be read as what it says it is; the message names the cause and no value of a row."""


def open_regular(path: Path) -> IO[bytes]:
    """Open a file for reading; a symbolic link, folder, pipe or device raises UnreadableFile."""
    try:
        handle = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
    except OSError as error:
        raise UnreadableFile(f"cannot be opened ({os.strerror(error.errno or 0)})") from None
    if not stat.S_ISREG(os.fstat(handle).st_mode):
        os.close(handle)
        raise UnreadableFile("is not a regular file")
    return os.fdopen(handle, "rb", buffering=0)


def require_unpackable(packed: int, unpacked: int) -> None:
    """Raise UnreadableFile when a compressed file of ``packed`` bytes unpacks to more than one may: a bomb."""
    if unpacked > min(max(RATIO_FROM_BYTES, MAX_RATIO * packed), MAX_UNPACKED_BYTES):
        raise UnreadableFile("unpacks to more than a delivery may hold")


class DigestingReader:
    """Reads a file on and keeps the SHA-256 and size of what was read."""

    def __init__(self, file: IO[bytes]) -> None:
        """Start with nothing read."""
        self._file = file
        self._sha256 = hashlib.sha256()
        self.size = 0

    def read(self, size: int) -> bytes:
        """The next bytes, at most ``size``; none at the end."""
        data = self._file.read(size)
        self._sha256.update(data)
        self.size += len(data)
        return data

    def digest_to_end(self) -> str:
        """SHA-256 of the whole file: what was not yet read is read."""
        while self.read(CHUNK_BYTES):
            pass
        return self._sha256.hexdigest()


def file_digest(path: Path) -> str:
    """SHA-256 of a regular file, 64 hexadecimal digits; raises UnreadableFile."""
    with open_regular(path) as file:
        try:
            return DigestingReader(file).digest_to_end()
        except OSError as error:
            raise UnreadableFile(f"cannot be read ({type(error).__name__})") from None
