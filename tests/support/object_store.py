"""A store of objects that speaks as much of S3 as reading and writing needs; credentials are in the environment."""

from __future__ import annotations

import re
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

_RANGE = re.compile(r"bytes=(\d+)-(\d+)")


class ObjectStore:
    """What it holds, by `BUCKET/KEY`."""

    def __init__(self, port: int) -> None:
        self.objects: dict[str, bytes] = {}
        self.statuses: dict[str, int] = {}
        """Objects of which it says something else."""
        self.asked: list[tuple[str, str]] = []
        """Methods and objects, in order."""
        self.env = {
            "AWS_ENDPOINT_URL": f"http://127.0.0.1:{port}",
            "AWS_ALLOW_HTTP": "true",
            "AWS_ACCESS_KEY_ID": "key",
            "AWS_SECRET_ACCESS_KEY": "secret",
            "AWS_REGION": "us-east-1",
        }
        """Of those who use it."""


@contextmanager
def object_store() -> Iterator[ObjectStore]:
    """One that listens on loopback."""

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            name = self.path.split("?")[0].lstrip("/")
            store.asked.append((self.command, name))
            if name in store.statuses or name not in store.objects:
                self._answer(store.statuses.get(name, 404), b"")
                return
            content = store.objects[name]
            if self.headers.get("if-match") not in (None, _tag(content)):
                self._answer(412, b"")
                return
            asked = _RANGE.fullmatch(self.headers.get("range", ""))
            if asked is None:
                self._answer(200, content, ETag=_tag(content))
                return
            first, last = int(asked[1]), min(int(asked[2]), len(content) - 1)
            told = {"ETag": _tag(content), "Content-Range": f"bytes {first}-{last}/{len(content)}"}
            self._answer(206, content[first : last + 1], **told)

        def do_HEAD(self) -> None:
            self.do_GET()

        def do_PUT(self) -> None:
            name = self.path.split("?")[0].lstrip("/")
            store.asked.append(("PUT", name))
            content = self.rfile.read(int(self.headers["content-length"]))
            if name in store.statuses:
                self._answer(store.statuses[name], b"")
                return
            store.objects[name] = content
            self._answer(200, b"", ETag=_tag(content))

        def log_message(self, *_: object) -> None:
            """Say nothing."""

        def _answer(self, status: int, content: bytes, **headers: str) -> None:
            self.send_response(status)
            for field, value in headers.items():
                self.send_header(field.replace("_", "-"), value)
            self.send_header("Last-Modified", "Mon, 30 Nov 2026 20:00:00 GMT")
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            if self.command != "HEAD":
                self.wfile.write(content)

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    store = ObjectStore(server.server_port)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield store
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def _tag(content: bytes) -> str:
    return f'"{hash(content):x}"'
