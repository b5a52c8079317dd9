"""HTTP as bytes, so that nothing keeps a call from being malformed; and what every answer must be."""

from __future__ import annotations

import contextlib
import http.client
import io
import json
import re
import socket
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from coverplan.payload.error_document import ERROR_KINDS, ErrorDocument

PATIENCE_S = 30.0
"""A call that is answered later hangs."""
PROBLEM = "application/problem+json"
_CHUNK = 1 << 16
_LENGTH = re.compile(rb"(?i)\r\ncontent-length: *(\d+)")
_LAST_CHUNK = b"0\r\n\r\n"
_MOST = 1 << 22
"""Of an answer, no more is read than this."""

Headers = Sequence[tuple[str | bytes, str | bytes]]


@dataclass(frozen=True)
class Answer:
    """What came back; status 0: the connection was closed without an answer, -1: nothing came in time."""

    status: int
    headers: Mapping[str, str]
    body: bytes
    seconds: float


def request(method: str | bytes, target: str | bytes, headers: Headers = (), body: bytes | None = None) -> bytes:
    """A request as it stands, with `Host`, `Connection: close` and `Content-Length` unless they are given."""
    names = {_bytes(name).lower() for name, _ in headers}
    lines = [_bytes(method) + b" " + _bytes(target) + b" HTTP/1.1"]
    if b"host" not in names:
        lines.append(b"Host: 127.0.0.1")
    if b"connection" not in names:
        lines.append(b"Connection: close")
    if body is not None and not names & {b"content-length", b"transfer-encoding"}:
        lines.append(b"Content-Length: %d" % len(body))
    lines += [_bytes(name) + b": " + _bytes(value) for name, value in headers]
    return b"\r\n".join([*lines, b"", b""]) + (body or b"")


def speak(port: int, data: bytes, patience_s: float = PATIENCE_S, method: str = "GET") -> Answer:
    """Send bytes to the service, and read the first answer; `method` says whether that has a body."""
    began = time.monotonic()
    try:
        with socket.create_connection(("127.0.0.1", port), timeout=patience_s) as connection:
            with contextlib.suppress(ConnectionError):  # it may answer and hang up before all was sent
                connection.sendall(data)
            heard = _hear(connection, began + patience_s)
    except TimeoutError:
        return Answer(-1, {}, b"", time.monotonic() - began)
    except ConnectionError:
        heard = b""
    return read(heard, time.monotonic() - began, method)


def read(heard: bytes, seconds: float, method: str = "GET") -> Answer:
    """The first answer in these bytes."""
    answer = http.client.HTTPResponse(_Heard(heard), method=method)  # type: ignore[arg-type]
    try:
        answer.begin()
        body = answer.read(_MOST)
    except (http.client.HTTPException, ValueError):
        return Answer(0, {}, heard, seconds)
    headers = {name.lower(): value for name, value in answer.getheaders()}
    return Answer(answer.status, headers, body, seconds)


def fault_of(answer: Answer, *, may_hang_up: bool = False, may_be_busy: bool = False) -> str | None:
    """What is wrong with an answer to a malformed call; None: nothing."""
    if answer.status == -1:
        return f"no answer within {answer.seconds:.0f} s"
    if answer.status == 0:
        return None if may_hang_up else f"no answer, the connection was closed: {answer.body[:80]!r}"
    busy = answer.status == http.client.SERVICE_UNAVAILABLE and "retry-after" in answer.headers
    if answer.status >= http.client.INTERNAL_SERVER_ERROR and not (busy and may_be_busy):
        return f"answered with {answer.status}: {answer.body[:200]!r}"
    return _fault_of_error(answer) if answer.status >= http.client.BAD_REQUEST else None


def _fault_of_error(answer: Answer) -> str | None:
    if answer.headers.get("content-type") != PROBLEM:
        return f"{answer.status} is of type {answer.headers.get('content-type')}: {answer.body[:80]!r}"
    if answer.headers.get("content-length", "0") != str(len(answer.body)):
        return None  # HEAD, or more than is read
    try:
        document = ErrorDocument.model_validate(json.loads(answer.body))
    except ValueError as error:
        return f"{answer.status} has no error document: {error}"
    if document.status != answer.status or document.code not in ERROR_KINDS:
        return f"{answer.status} says {document.status} {document.code}"
    needed = {405: "allow", 401: "www-authenticate", 429: "retry-after", 503: "retry-after"}.get(answer.status)
    return f"{answer.status} without {needed}" if needed is not None and needed not in answer.headers else None


class _Heard:
    """Bytes as the socket that `http.client` reads from."""

    def __init__(self, data: bytes) -> None:
        self._data = data

    def makefile(self, _mode: str) -> io.BytesIO:
        return io.BytesIO(self._data)


def _hear(connection: socket.socket, until: float) -> bytes:
    """The first answer, or all that comes until the other side hangs up."""
    heard = b""
    while len(heard) < _MOST and not _is_whole(heard):
        connection.settimeout(max(0.01, until - time.monotonic()))
        try:
            data = connection.recv(_CHUNK)
        except ConnectionError:  # it hung up without reading all that was sent
            break
        if not data:
            break
        heard += data
    return heard


def _is_whole(heard: bytes) -> bool:
    """Whether an answer is complete, by its own account."""
    head, end, body = heard.partition(b"\r\n\r\n")
    if not end:
        return False
    length = _LENGTH.search(head)
    return len(body) >= int(length[1]) if length else body.endswith(_LAST_CHUNK)


def _bytes(text: str | bytes) -> bytes:
    return text if isinstance(text, bytes) else text.encode("utf-8", "surrogatepass")
