"""An object store of the tests' own: SeaweedFS, which speaks S3, on free ports of 127.0.0.1, gone afterwards.

The server comes with a Python package. It reports nothing to anybody, and lets in one pair of dummy credentials.
"""

import json
import random
import shutil
import socket
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import obstore
from obstore.store import S3Store

BUCKET = "published"
KEY, PASSWORD = "dummy", "c0rrect-horse"
_GRPC = 10_000
"""Its servers talk to each other on a second port each, so much higher."""
_SECONDS = 120


class Server:
    """``environment``: what a client finds its way in with."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._ports = dict(zip(("master", "volume", "filer", "s3"), _free_ports(4), strict=True))
        self._process: subprocess.Popen[bytes] | None = None
        self.endpoint = f"http://127.0.0.1:{self._ports['s3']}"
        self.environment = {
            "AWS_ACCESS_KEY_ID": KEY,
            "AWS_SECRET_ACCESS_KEY": PASSWORD,
            "AWS_ENDPOINT_URL": self.endpoint,
            "AWS_ALLOW_HTTP": "true",
            "AWS_REGION": "us-east-1",
        }

    def client(self) -> S3Store:
        """The bucket, past the code under test."""
        return S3Store(
            BUCKET, endpoint=self.endpoint, access_key_id=KEY, secret_access_key=PASSWORD, region="us-east-1",
            client_options={"allow_http": True}, retry_config={"max_retries": 0},
        )  # fmt: skip

    def start(self) -> None:
        """With what the folder holds; until the bucket can be written."""
        identity = {
            "name": "tests",
            "credentials": [{"accessKey": KEY, "secretKey": PASSWORD}],
            "actions": ["Read", "Write", "List", "Tagging"],
        }
        known = self._folder / "s3.json"
        known.write_text(json.dumps({"identities": [identity]}))
        data = self._folder / "data"
        data.mkdir(exist_ok=True)
        ports = [f"-{name}.port={port}" for name, port in self._ports.items()]
        self._process = subprocess.Popen(
            [Path(sys.executable).with_name("weed"), "server", f"-dir={data}", "-ip=127.0.0.1", "-ip.bind=127.0.0.1"]
            + ["-master.telemetry=false", "-master.electionTimeout=1s"]
            + ["-master.volumeSizeLimitMB=64", "-volume.max=20"]
            + ["-s3", f"-s3.config={known}", "-s3.iam=false", "-s3.autoCreateBucket=false"]
            + ["-s3.port.iceberg=0", "-s3.port.lance=0", *ports],
            cwd=self._folder, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
        )  # fmt: skip
        until = time.monotonic() + _SECONDS
        while not self._answers():
            assert self._process.poll() is None, "the object store ended as it began"
            assert time.monotonic() < until, "the object store does not answer"
            time.sleep(0.1)

    def stop(self) -> None:
        """At once, as when its machine dies."""
        if self._process:
            self._process.kill()
            self._process.wait()
            self._process = None
        for port in self._ports.values():
            for number in (port, port + _GRPC):
                for left in Path("/tmp").glob(f"seaweedfs-*-{number}.sock"):
                    left.unlink()

    def _answers(self) -> bool:
        folder = f"http://127.0.0.1:{self._ports['filer']}/buckets/{BUCKET}/"
        try:
            with suppress(urllib.error.HTTPError):  # there already
                urllib.request.urlopen(urllib.request.Request(folder, method="POST"), timeout=5).close()
            obstore.put(self.client(), "awake", b"yes")
        except (OSError, obstore.exceptions.BaseError):
            return False
        return True


@contextmanager
def server() -> Iterator[Server]:
    """Start one, and end it."""
    folder = Path(tempfile.mkdtemp(prefix="mutakhir-s3-"))
    running = Server(folder)
    try:
        running.start()
        yield running
    finally:
        running.stop()
        shutil.rmtree(folder, ignore_errors=True)


def _free_ports(number: int) -> list[int]:
    """Ports that are free, and so are those of the second kind; below those that the system gives to clients."""
    found: list[int] = []
    while len(found) < number:
        port = random.randrange(12_000, 22_000)
        if port not in found and all(map(_is_free, (port, port + _GRPC))):
            found.append(port)
    return found


def _is_free(port: int) -> bool:
    with socket.socket() as tried:
        try:
            tried.bind(("127.0.0.1", port))
        except OSError:
            return False
    return True
