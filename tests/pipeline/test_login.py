"""The login of docs/operations.md: config/nginx/mutakhir.conf in a real nginx, between requests and Dagster.

The OIDC provider's side and Dagster are small stand-ins that note what reaches them. Paths, ports and the certificate
are replaced, everything else is the file that people install.
"""

import http.client
import re
import socket
import ssl
import subprocess
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest

from tests.pipeline.house import NAME, NGINX, PERSON, House, checked, free_ports, opened

pytestmark = pytest.mark.slow

SESSION = {"Cookie": "__Host-mutakhir=good; other=1"}
UPGRADE = {"Connection": "Upgrade", "Upgrade": "websocket", "Sec-WebSocket-Key": "x", "Sec-WebSocket-Version": "13"}
PAGE = {"Accept": "text/html"}
EVERYWHERE = [
    ("GET", "/"),
    ("GET", "/overview/runs?token=secret"),
    ("POST", "/graphql"),
    ("GET", "/logs/a/b/out"),
    ("GET", "/download_debug/1"),
    ("POST", "/report_asset_materialization/release"),
    ("GET", "/server_info"),
    ("GET", "/oauth2x"),
    ("GET", "/oauth2/../graphql"),
    ("GET", "/%6fauth2/%2e%2e/graphql"),
    ("GET", "//oauth2/x/..//../graphql"),
]


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    with opened(tmp_path_factory.mktemp("nginx")) as standing:
        yield standing


@pytest.fixture(autouse=True)
def nothing_noted(house: House) -> None:
    house.dagster.requests.clear()
    house.login.requests.clear()


def test_nginx_accepts_the_file_without_a_warning(house: House) -> None:
    folder = house.logs.parent
    said = checked(folder, folder / "nginx.conf")
    assert (said.returncode, "[warn]" in said.stderr, "[emerg]" in said.stderr) == (0, False, False), said.stderr


def test_nginx_refuses_a_file_that_is_broken(house: House, tmp_path: Path) -> None:
    """The test above can fail."""
    text = (house.logs.parent / "nginx.conf").read_text().replace("events {}", "events {}\nauth_request /x;")
    (tmp_path / "nginx.conf").write_text(text)
    assert checked(tmp_path, tmp_path / "nginx.conf").returncode != 0


@pytest.mark.parametrize("headers", [{}, {"Cookie": "__Host-mutakhir=stolen"}, {"X-Forwarded-User": PERSON}])
@pytest.mark.parametrize(("method", "path"), EVERYWHERE)
def test_without_a_session_nothing_reaches_dagster(
    house: House, method: str, path: str, headers: dict[str, str]
) -> None:
    answer = house.ask(method, path, headers)
    assert answer.status == 401 and house.dagster.requests == []
    assert [path for path, _ in house.login.requests] == ["/oauth2/auth"]


def test_who_opens_a_page_is_sent_to_the_sign_in(house: House) -> None:
    answer = house.ask("GET", "/overview/runs?view=1", PAGE)
    assert (answer.status, house.dagster.requests) == (302, [])
    assert re.fullmatch(r"(https://[^/]+)?/oauth2/start\?rd=/overview/runs\?view=1", answer.headers["Location"])
    assert house.ask("GET", "/oauth2/start?rd=/").status == 200
    assert house.login.requests[-1][0] == "/oauth2/start?rd=/"


@pytest.mark.parametrize("path", ["/graphql", "/websocket"])
def test_a_websocket_without_a_session_is_turned_away(house: House, path: str) -> None:
    assert house.ask("GET", path, UPGRADE).status == 401
    assert house.dagster.requests == []


def test_with_a_session_dagster_is_told_who_it_is(house: House) -> None:
    answer = house.ask("POST", "/graphql?op=1", SESSION, b"{}")
    assert (answer.status, len(house.dagster.requests)) == (200, 1)
    path, headers = house.dagster.requests[0]
    assert path == "/graphql?op=1"
    assert headers["X-Forwarded-User"] == headers["X-Forwarded-Email"] == PERSON
    assert "Cookie" not in headers, "the session stays with nginx"


def test_who_a_client_says_it_is_does_not_count(house: House) -> None:
    false = dict.fromkeys(
        ("X-Forwarded-User", "X-Forwarded-Email", "X-Auth-Request-User", "X-Auth-Request-Email", "Authorization"),
        "minister@kemensos.example",
    )
    house.ask("GET", "/", SESSION | false | {"X-Forwarded-For": "10.0.0.1"})
    _, headers = house.dagster.requests[0]
    assert not [name for name, value in headers.items() if "minister" in value]
    assert (headers["X-Forwarded-User"], headers["X-Forwarded-For"]) == (PERSON, "127.0.0.1")


@pytest.mark.parametrize("path", ["/graphql", "/websocket"])
def test_a_websocket_with_a_session_is_passed_on(house: House, path: str) -> None:
    with house.connect() as connection:
        lines = [f"GET {path} HTTP/1.1", f"Host: {NAME}", *(f"{k}: {v}" for k, v in (UPGRADE | SESSION).items())]
        connection.sendall("\r\n".join(lines).encode() + b"\r\n\r\nabcd")
        received = b""
        while not received.endswith(b"dcba") and (more := connection.recv(4096)):
            received += more
    assert received.startswith(b"HTTP/1.1 101") and received.endswith(b"dcba")
    assert house.dagster.requests[0][1]["X-Forwarded-User"] == PERSON


@pytest.mark.parametrize(
    "origin", ["https://elsewhere.example", f"http://{NAME}", f"https://{NAME}.evil.example", "null"]
)
def test_a_page_of_another_site_cannot_use_the_session(house: House, origin: str) -> None:
    for headers in (SESSION, SESSION | UPGRADE):
        assert house.ask("GET", "/graphql", headers | {"Origin": origin}).status == 403
    assert house.dagster.requests == []
    assert house.ask("GET", "/graphql", SESSION | {"Origin": f"https://{NAME}:{house.port}"}).status == 200


def test_the_question_to_the_login_cannot_be_asked_from_outside(house: House) -> None:
    assert house.ask("GET", "/oauth2/auth", SESSION).status == 404
    assert house.login.requests == []


def test_answers_carry_the_headers_of_a_careful_page(house: House) -> None:
    for answer in (house.ask("GET", "/", SESSION), house.ask("GET", "/", PAGE), house.ask("GET", "/graphql")):
        assert answer.headers["Strict-Transport-Security"] == "max-age=31536000"
        assert answer.headers.get_all("X-Content-Type-Options") == ["nosniff"]
        assert answer.headers.get_all("Referrer-Policy") == ["same-origin"]
        assert answer.headers.get_all("Cache-Control") == ["no-store"]
        assert answer.headers["X-Frame-Options"] == "DENY"
        assert answer.headers["Server"] == "nginx", "without its version"


def test_another_name_gets_no_certificate(house: House) -> None:
    with pytest.raises(ssl.SSLError):
        house.connect("elsewhere.example.go.id")


def test_plain_http_is_sent_to_https(house: House) -> None:
    connection = http.client.HTTPConnection("127.0.0.1", house.plain_port, timeout=10)
    connection.request("GET", "/runs", headers={"Host": "elsewhere.example"} | SESSION)
    answer = connection.getresponse()
    assert (answer.status, answer.headers["Location"]) == (301, f"https://{NAME}/runs")
    connection.close()
    assert house.dagster.requests == []


def test_logs_name_the_person_and_no_query_string(house: House) -> None:
    house.ask("GET", "/overview?needle=1", SESSION)
    house.ask("GET", "/oauth2/callback?code=needle")
    house.ask("GET", "/x?needle=2", PAGE)
    house.ask("GET", "/oauth2/auth?needle=3")
    written = "".join(path.read_text() for path in house.logs.iterdir())
    assert f"{PERSON} [" in written and '"GET /overview HTTP/1.1" 200' in written
    assert "/oauth2/callback" in written and "needle" not in written


def test_who_asks_too_often_is_told_so(house: House) -> None:
    asked = [house.ask("GET", "/oauth2/start").status for _ in range(40)]
    assert asked[0] == 200 and 429 in asked
    assert house.ask("GET", "/", SESSION).status == 200, "the page itself has a limit of its own"


def test_while_the_login_is_down_nobody_enters(house: House, tmp_path: Path) -> None:
    """The same file, in front of a login that nobody answers for."""
    folder = house.logs.parent
    port, plain_port, nobody = free_ports(3)
    text = (folder / "mutakhir.conf").read_text()
    login = re.search(r"upstream mutakhir_login +\{ server 127.0.0.1:(\d+)", text)
    assert login
    for old, new in ((login[1], nobody), (house.port, port), (house.plain_port, plain_port)):
        text = text.replace(f":{old}", f":{new}")
    (tmp_path / "mutakhir.conf").write_text(text)
    main = (folder / "nginx.conf").read_text().replace(f"{folder}/", f"{tmp_path}/")
    (tmp_path / "nginx.conf").write_text(main)
    assert NGINX
    arguments = ["-p", str(tmp_path), "-c", str(tmp_path / "nginx.conf"), "-e", str(tmp_path / "main.log")]
    process = subprocess.Popen([NGINX, *arguments])
    try:
        other = House(port, plain_port, house.trust, house.dagster, house.login, house.logs)
        for _ in range(200):
            with suppress(OSError), socket.create_connection(("127.0.0.1", port), 1):
                break
            time.sleep(0.05)
        assert other.ask("GET", "/graphql", SESSION).status == 500
    finally:
        process.terminate()
        process.wait(30)
    assert house.dagster.requests == []
