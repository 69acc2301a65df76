"""A real nginx with config/nginx/mutakhir.conf, and what stands behind it: stand-ins that note what reaches them."""

import datetime
import http.client
import os
import pwd
import shutil
import socket
import ssl
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from orchestration.settings import PROJECT_ROOT

CONFIGURATION = PROJECT_ROOT / "config" / "nginx" / "mutakhir.conf"
NGINX = shutil.which("nginx", path=f"{os.environ['PATH']}:/usr/sbin")
NAME, PERSON = "mutakhir.example.go.id", "sari@kemensos.example"


@dataclass
class Noted:
    """A server that notes each request, path and headers."""

    requests: list[tuple[str, dict[str, str]]] = field(default_factory=list)


class _Server(ThreadingHTTPServer):
    noted: Noted


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: _Server

    def note(self) -> None:
        self.server.noted.requests.append((self.path, dict(self.headers.items())))
        if length := int(self.headers.get("Content-Length") or 0):
            self.rfile.read(length)

    def say(self, status: int, body: bytes = b"", **headers: str) -> None:
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name.replace("_", "-"), value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        pass


class Dagster(_Handler):
    def do_GET(self) -> None:
        self.note()
        if self.headers.get("Upgrade") == "websocket":
            self.send_response(101)
            self.send_header("Connection", "Upgrade")
            self.send_header("Upgrade", "websocket")
            self.end_headers()
            self.wfile.write(self.rfile.read(4)[::-1])
            self.close_connection = True
        else:
            self.say(200, b"Dagster", Cache_Control="public", Referrer_Policy="unsafe-url")

    do_POST = do_GET


class Login(_Handler):
    def do_GET(self) -> None:
        self.note()
        if self.path != "/oauth2/auth":
            self.say(200, b"sign in")
        elif "__Host-mutakhir=good" in self.headers.get("Cookie", ""):
            self.say(202, X_Auth_Request_Email=PERSON)
        else:
            self.say(401)

    do_POST = do_GET


@dataclass
class House:
    """nginx with what stands behind it."""

    port: int
    plain_port: int
    trust: ssl.SSLContext
    dagster: Noted
    login: Noted
    logs: Path

    def connect(self, name: str = NAME) -> ssl.SSLSocket:
        return self.trust.wrap_socket(socket.create_connection(("127.0.0.1", self.port), 10), server_hostname=name)

    def ask(
        self, method: str = "GET", path: str = "/", headers: dict[str, str] | None = None, body: bytes | None = None
    ) -> http.client.HTTPResponse:
        connection = http.client.HTTPConnection(NAME, self.port, timeout=10)
        connection.sock = self.connect()
        connection.request(method, path, body=body, headers={"Host": f"{NAME}:{self.port}", **(headers or {})})
        response = connection.getresponse()
        response.read()
        connection.close()
        return response


def certificate(folder: Path) -> None:
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, NAME)])
    today = datetime.datetime.now(datetime.UTC)
    signed = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(today - datetime.timedelta(days=1))
        .not_valid_after(today + datetime.timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(NAME)]), critical=False)
        .sign(key, hashes.SHA256())
    )
    (folder / "mutakhir.pem").write_bytes(signed.public_bytes(serialization.Encoding.PEM))
    (folder / "mutakhir.key").write_bytes(
        key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    )


def free_ports(count: int) -> list[int]:
    sockets = [socket.socket() for _ in range(count)]
    for free in sockets:
        free.bind(("127.0.0.1", 0))
    ports = [free.getsockname()[1] for free in sockets]
    for free in sockets:
        free.close()
    return ports


def installed(folder: Path, replaced: dict[str, str]) -> Path:
    """The example with what people change changed, inside a main file as a distribution has one."""
    text = CONFIGURATION.read_text()
    for old, new in replaced.items():
        assert old in text, old
        text = text.replace(old, new)
    (folder / "mutakhir.conf").write_text(text)
    (folder / "logs").mkdir()
    temporary = "".join(
        f"    {kind}_temp_path {folder}/{kind};\n" for kind in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
    )
    main = folder / "nginx.conf"
    main.write_text(
        f"user {pwd.getpwuid(os.getuid()).pw_name};\n" * (os.getuid() == 0)
        + f"pid {folder}/nginx.pid;\ndaemon off;\nworker_processes 1;\nevents {{}}\n"
        + f"error_log {folder}/main.log notice;\n"
        + f"http {{\n    access_log off;\n{temporary}    include {folder}/mutakhir.conf;\n}}\n"
    )
    return main


def checked(folder: Path, main: Path) -> subprocess.CompletedProcess[str]:
    assert NGINX, "nginx is missing; make test installs it"
    command = [NGINX, "-t", "-p", str(folder), "-c", str(main), "-e", str(folder / "main.log")]
    return subprocess.run(command, capture_output=True, text=True, check=False)


@contextmanager
def opened(folder: Path) -> Iterator[House]:
    """nginx in a folder of its own, with stand-ins of the login and of Dagster; ended afterwards."""
    certificate(folder)
    servers = {"dagster": _Server(("127.0.0.1", 0), Dagster), "login": _Server(("127.0.0.1", 0), Login)}
    for server in servers.values():
        server.noted = Noted()
        Thread(target=server.serve_forever, args=(0.05,), daemon=True).start()
    port, plain_port = free_ports(2)
    replaced = {
        "127.0.0.1:3000": f"127.0.0.1:{servers['dagster'].server_port}",
        "127.0.0.1:4180": f"127.0.0.1:{servers['login'].server_port}",
        "listen 443 ": f"listen 127.0.0.1:{port} ",
        "listen 80;": f"listen 127.0.0.1:{plain_port};",
        "/etc/ssl/certs": str(folder),
        "/etc/ssl/private": str(folder),
        "/var/log/nginx": str(folder / "logs"),
    }
    main = installed(folder, replaced)
    said = checked(folder, main)
    assert said.returncode == 0 and "test is successful" in said.stderr, said.stderr
    assert NGINX
    process = subprocess.Popen([NGINX, "-p", str(folder), "-c", str(main), "-e", str(folder / "main.log")])
    try:
        for _ in range(200):
            with suppress(OSError), socket.create_connection(("127.0.0.1", port), 1):
                break
            time.sleep(0.05)
        trust = ssl.create_default_context(cafile=str(folder / "mutakhir.pem"))
        noted = {name: server.noted for name, server in servers.items()}
        yield House(port, plain_port, trust, noted["dagster"], noted["login"], folder / "logs")
    finally:
        process.terminate()
        process.wait(30)
        for server in servers.values():
            server.shutdown()
            server.server_close()
