"""A store of objects under a URL: puts that never replace, a switch that loses no race, reads in pieces.

Knows nothing of releases (publish/push.py) or deliveries (ingest/fetch.py). Credentials are in the environment
(AWS_ACCESS_KEY_ID, ...), never in the URL. Messages are words of our own: a store's answer may repeat what it was sent.
"""

import hashlib
import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import obstore
from filelock import FileLock
from obstore.exceptions import (
    AlreadyExistsError,
    BaseError,
    PermissionDeniedError,
    PreconditionError,
    UnauthenticatedError,
)
from obstore.store import LocalStore, ObjectStore, from_url

from orchestration.settings import private_dir

if TYPE_CHECKING:
    from obstore import ObjectMeta, UpdateVersion  # names of the type stubs alone

SCHEMES = ("s3", "gs", "az", "file")
RETRIES = 8
"""How often a request is tried again: half a minute in all, with growing pauses."""
IN_ONE_PUT = 16 << 20
"""Up to so many bytes a file goes in one request, which the store itself refuses when the object is there."""
_PIECE = 16 << 20
"""Bytes of one request of a larger one."""
_LOCK_SECONDS = 60


class StoreFailed(RuntimeError):
    """The store does not do what it is asked, or holds something else: what is wrong, where, what to do."""

    def __init__(self, what: str, where: str, todo: str) -> None:
        """``todo`` is a sentence."""
        super().__init__(f"{what} ({where}). {todo}")
        self.what, self.where, self.todo = what, where, todo


@dataclass(frozen=True)
class Listed:
    """An object as a listing names it; ``version`` changes when it is put again."""

    path: str
    size: int
    version: str


@dataclass(frozen=True)
class Object:
    """What was read, and the version that tells it from what others put there since."""

    content: bytes
    version: "UpdateVersion"


class Store:
    """Objects below ``url``. Every method raises StoreFailed when the store does not do what it is asked."""

    def __init__(self, url: str) -> None:
        """Reaches for nothing yet. ``url``: s3://bucket/prefix, gs://, az:// or file:///folder."""
        parts = urlsplit(url)
        if parts.username or parts.password or parts.query or parts.fragment:
            raise StoreFailed(
                "the address of the store says more than a place",
                f"{parts.scheme}://...",
                "Credentials go into the environment: AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY for S3.",
            )
        self.url = url.rstrip("/")
        if parts.scheme not in SCHEMES or not (parts.netloc or parts.path.strip("/")):
            known = ", ".join(f"{scheme}://" for scheme in SCHEMES)
            raise StoreFailed("this is no place in a store", url, f"It begins with one of {known}")
        with self._asked("opened"):
            self._store = _opened(self.url, parts.scheme)

    def read(self, path: str) -> Object | None:
        """A small object; None when it is not there."""
        with self._asked("read", path):
            try:
                found = obstore.get(self._store, path)
            except FileNotFoundError as missing:
                if "NoSuchBucket" in str(missing):
                    raise
                return None
            return Object(bytes(found.bytes()), _version(found.meta["e_tag"], found.meta["version"]))

    def objects(self, below: str) -> list[Listed]:
        """All objects below a prefix, in order of their paths."""
        with self._asked("listed", below):
            found = [_listed(found) for batch in obstore.list(self._store, below) for found in batch]
        return sorted(found, key=lambda listed: listed.path)

    def names(self, below: str) -> list[str]:
        """The paths of all objects below a prefix, in order."""
        return [found.path for found in self.objects(below)]

    def look(self, path: str) -> Listed | None:
        """An object as a listing would name it now; None when it is not there."""
        with self._asked("looked at", path):
            try:
                return _listed(obstore.head(self._store, path))
            except FileNotFoundError:
                return None

    def folders(self) -> list[str]:
        """The names before the first slash, in order."""
        with self._asked("listed"):
            return sorted(obstore.list_with_delimiter(self._store)["common_prefixes"])

    def sha256(self, path: str) -> str | None:
        """Of an object's bytes, read for it; None when it is not there."""
        taken = hashlib.sha256()
        with self._asked("read", path):
            try:
                for piece in self._pieces(path):
                    taken.update(piece)
            except FileNotFoundError:
                return None
        return taken.hexdigest()

    def fetch(self, path: str, to: Path) -> None:
        """Copy an object into a file."""
        private_dir(to.parent)
        with self._asked("read", path), to.open("wb") as file:
            for piece in self._pieces(path):
                file.write(piece)
        to.chmod(0o600)

    def create(self, path: str, file: Path, sha256: str) -> None:
        """Put a file where nothing is, and read it back; one that is there with these bytes was put before."""
        with file.open("rb") as content:
            stated = hashlib.file_digest(content, "sha256").hexdigest() == sha256
        if not stated:
            raise StoreFailed("the file has other bytes than its manifest says", str(file), "`mutakhir verify`")
        put = self._put_new(path, file)
        if self.sha256(path) == sha256:
            return
        where = f"{self.url}/{path}"
        if put:
            raise StoreFailed("what is read back is not what was put", where, "Remove it there, then publish again.")
        raise StoreFailed(
            "something else is there under this name, and was left as it is", where, "See docs/object-storage.md."
        )

    def switch(self, path: str, content: bytes, before: Object | None) -> bool:
        """Replace an object that is still what was read (None: nothing was there); False when somebody was faster.

        An answer that was lost on the way is no failure: what counts is what the store holds.
        """
        with self._asked("switched", path):
            try:
                if isinstance(self._store, LocalStore) and before:
                    self._switch_file(path, content, before)
                else:
                    version = before.version if before else None
                    obstore.put(self._store, path, content, mode=version or "create", use_multipart=False)
            except (AlreadyExistsError, PreconditionError):
                found = self.read(path)
                return found is not None and found.content == content
        return True

    def _put_new(self, path: str, file: Path) -> bool:
        """Whether it was put; False when something was there.

        No store refuses a put in parts through this library, so it is asked before a large one: whoever puts a release
        has put its manifest first, and that only one can.
        """
        with self._asked("put", path):
            try:
                if file.stat().st_size <= IN_ONE_PUT:
                    obstore.put(self._store, path, file, mode="create", use_multipart=False)
                elif self.look(path):
                    return False
                else:
                    obstore.put(self._store, path, file, use_multipart=True, chunk_size=_PIECE, max_concurrency=4)
            except AlreadyExistsError:
                return False
        return True

    def _switch_file(self, path: str, content: bytes, before: Object) -> None:
        """A file system knows no conditional put: look and rename under a lock."""
        assert isinstance(self._store, LocalStore)
        place = Path(str(self._store.prefix), path)
        with FileLock(place.with_name(f".{place.name}.lock"), timeout=_LOCK_SECONDS, mode=0o600):
            if self.read(path) != before:
                raise PreconditionError(path)
            obstore.put(self._store, path, content, use_multipart=False)

    def _pieces(self, path: str) -> Iterator[bytes]:
        reader = obstore.open_reader(self._store, path, buffer_size=_PIECE)
        while piece := bytes(reader.read(_PIECE)):
            yield piece

    @contextmanager
    def _asked(self, what: str, path: str = "") -> Iterator[None]:
        where = f"{self.url}/{path}" if path else self.url
        try:
            yield
        except (BaseError, OSError) as error:
            answer = str(error)  # a listing that is refused is a GenericError; its status stands in the text alone
            if isinstance(error, OSError) and error.errno is not None:  # the store's own errors have no number
                problem = f"a file here cannot be read or written: {os.strerror(error.errno)}"
                todo = "Make room or mend its permissions, then do the same again."
            elif isinstance(error, (PermissionDeniedError, UnauthenticatedError)) or " 403 " in answer:
                problem = "the store does not let these credentials in"
                todo = "Look at AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY, and what the store allows them."
            elif isinstance(error, FileNotFoundError) or " 404 " in answer:
                problem = "there is no such bucket" if "NoSuchBucket" in answer else "it is not there"
                todo = "Make the bucket first, or correct the address."
            elif "builder error" in answer:
                problem, todo = "the store is not asked without TLS", "Where that is meant: AWS_ALLOW_HTTP=true."
            else:
                problem = "the store does not answer as it should"
                todo = "Look at the address (AWS_ENDPOINT_URL) and the network, then do the same again."
        else:
            return
        raise StoreFailed(f"it cannot be {what}: {problem}", where, todo) from None


def _opened(url: str, scheme: str) -> ObjectStore:
    if scheme == "file":
        return from_url(url, mkdir=True)
    return from_url(url, retry_config={"max_retries": RETRIES, "retry_timeout": timedelta(seconds=60)})


def _listed(found: "ObjectMeta") -> Listed:
    return Listed(found["path"], found["size"], found["e_tag"] or str(found["last_modified"]))


def _version(e_tag: str | None, version: str | None) -> "UpdateVersion":
    found: UpdateVersion = {}
    if e_tag is not None:
        found["e_tag"] = e_tag
    if version is not None:
        found["version"] = version
    return found
