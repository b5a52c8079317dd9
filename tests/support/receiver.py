"""A receiver of webhooks on loopback: a real HTTP server that answers as its paths say, and remembers what it got."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any


@dataclass(frozen=True)
class Received:
    """One request."""

    path: str
    headers: dict[str, str]
    body: bytes


@dataclass
class Receiver:
    """Its paths: `/200` and other statuses, `/redirect`, `/hang`, `/endless`, `/flaky` (503 twice, then 204).

    `/as-told` answers with `status` to what has `refused` in its body, and with 204 to all else.
    """

    port: int
    status: int = 204
    refused: bytes = b""
    got: list[Received] = field(default_factory=list)
    sent_bytes: int = 0

    def url(self, path: str, host: str = "127.0.0.1") -> str:
        return f"http://{host}:{self.port}{path}"

    def paths(self) -> list[str]:
        return [request.path for request in self.got]


@contextmanager
def receiver(port: int = 0) -> Iterator[Receiver]:
    """A receiver, listening."""
    stop = threading.Event()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers.get("content-length", 0)))
            place.got.append(Received(self.path, {name.lower(): value for name, value in self.headers.items()}, body))
            _behave(self, place, stop)

        def do_GET(self) -> None:
            place.got.append(Received(f"GET {self.path}", {}, b""))
            _answer(self, 200)

        def log_message(self, *_: Any) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", port), Handler)
    server.handle_error = lambda *_: None  # type: ignore[method-assign]  # callers hang up
    place = Receiver(server.server_address[1])
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    try:
        yield place
    finally:
        stop.set()
        server.shutdown()
        thread.join()
        server.server_close()


def _behave(handler: BaseHTTPRequestHandler, place: Receiver, stop: threading.Event) -> None:
    path = handler.path
    if path == "/hang":
        stop.wait(20)
    elif path == "/redirect":
        _answer(handler, 307, Location=place.url("/200"))
    elif path == "/endless":
        _endless(handler, place, stop)
    elif path == "/flaky":
        _answer(handler, 503 if place.paths().count(path) <= 2 else 204)
    elif path == "/as-told":
        _answer(handler, place.status if place.refused in place.got[-1].body else 204)
    else:
        _answer(handler, int(path[1:4]))


def _answer(handler: BaseHTTPRequestHandler, status: int, **headers: str) -> None:
    handler.send_response(status)
    for name, value in headers.items():
        handler.send_header(name, value)
    handler.send_header("Content-Length", "0")
    handler.end_headers()


def _endless(handler: BaseHTTPRequestHandler, place: Receiver, stop: threading.Event) -> None:
    handler.send_response(200)
    handler.end_headers()
    until = time.monotonic() + 10
    while not stop.is_set() and time.monotonic() < until:
        handler.wfile.write(bytes(1024))
        place.sent_bytes += 1024
