"""Somebody who is told: a web server on 127.0.0.1 that keeps what apprise's json:// posts to it."""

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

Alert = dict[str, str]


class Receiver:
    """``url`` for MUTAKHIR_ALERTS; ``alerts`` in the order in which they came; answers with ``status``."""

    def __init__(self, port: int) -> None:
        self.url = f"json://127.0.0.1:{port}/hook?+X-Token=s3cr3t"
        self.alerts: list[Alert] = []
        self.status = 200

    @property
    def titles(self) -> list[str]:
        return [alert["title"] for alert in self.alerts]


@contextmanager
def receiver() -> Iterator[Receiver]:
    """Listen on a free port."""

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            alert = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            if found.status == 200:
                found.alerts.append(alert)
            self.send_response(found.status)
            self.end_headers()

        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    found = Receiver(server.server_port)
    threading.Thread(target=server.serve_forever, args=[0.05], daemon=True).start()
    try:
        yield found
    finally:
        server.shutdown()
        server.server_close()
