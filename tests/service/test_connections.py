"""Connections that send no whole request, too many of them, and who may read what the service keeps."""

from __future__ import annotations

import json
import os
import socket
import stat
import time
from collections.abc import Iterator
from contextlib import ExitStack
from http.client import HTTPResponse
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from support.service import Service, service

HEAD = b"GET /v1/limits HTTP/1.1\r\nHost: 127.0.0.1\r\n"


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    with service(tmp_path_factory.mktemp("service"), warm_children=0) as running:
        yield running


def connected(running: Service, stack: ExitStack) -> socket.socket:
    """A connection that is closed with the stack."""
    place = urlsplit(running.url)
    found = stack.enter_context(socket.create_connection((place.hostname or "", place.port or 0)))
    found.settimeout(30)
    return found


def answer(connection: socket.socket) -> tuple[int, dict[str, object]]:
    """Status and document of what comes until the connection is closed."""
    data = b""
    while piece := connection.recv(1 << 16):
        data += piece
    head, _, body = data.partition(b"\r\n\r\n")
    return int(head.split()[1]), json.loads(body)


def status_of(connection: socket.socket) -> int:
    """The status of one whole answer on a connection that stays open."""
    answer = HTTPResponse(connection)
    answer.begin()
    answer.read()
    return answer.status


def test_heads_that_do_not_arrive_are_given_up(tmp_path: Path) -> None:
    """Nothing at all, a part, a part bit by bit, and a part after a whole request; others are served meanwhile."""
    with ExitStack() as stack, service(tmp_path, head_timeout_s=1) as running, running.client() as http:
        silent, part, slow, second = (connected(running, stack) for _ in range(4))
        part.sendall(HEAD)
        second.sendall(HEAD + b"\r\n")
        assert status_of(second) == 200
        second.sendall(HEAD)
        for letter in HEAD[:15]:
            slow.sendall(bytes([letter]))
            time.sleep(0.05)
        assert http.get("/healthz").status_code == 200
        for connection in (silent, part, slow, second):
            status, document = answer(connection)
            assert (status, document["code"]) == (408, "head_timeout")
        assert "Traceback" not in running.log.read_text()


@pytest.mark.parametrize(
    "data",
    [
        b"rubbish\r\n\r\n",
        HEAD + b"no colon\r\n\r\n",
        HEAD + b"Transfer-Encoding: chunked\r\n\r\nx\r\n",
        b"\x16\x03\x01" * 9,
    ],
)
def test_what_is_no_request_is_told_so(running: Service, data: bytes) -> None:
    """Like everything that is refused, and whoever comes next is served."""
    with ExitStack() as stack, running.client() as http:
        connection = connected(running, stack)
        connection.sendall(data + b"\r\n\r\n")
        status, document = answer(connection)
        assert (status, document["code"]) == (400, "bad_request")
        assert http.get("/healthz").status_code == 200


def test_rubbish_in_a_body_cuts_no_answer_in_two(running: Service) -> None:
    """The tickets of a batch have begun when a chunk is none: nothing but them is sent."""
    with ExitStack() as stack:
        connection = connected(running, stack)
        line = json.dumps({"problem": {"accounts": [{"id": "a"}], "reps": [{"id": "r"}]}}).encode() + b"\n"
        head = b"Content-Type: application/x-ndjson\r\nTransfer-Encoding: chunked\r\n\r\n"
        chunk = b"%x\r\n%s\r\n" % (len(line), line)
        connection.sendall(HEAD.replace(b"GET /v1/limits", b"POST /v1/batches") + head + chunk)
        heard = b""
        while b'"run_id"' not in heard:
            heard += connection.recv(1 << 16)
        connection.sendall(b"rubbish\r\n")
        while data := connection.recv(1 << 16):
            heard += data

    assert heard.count(b"HTTP/1.1") == 1
    assert "Traceback" not in running.log.read_text()


def test_a_whole_head_is_not_given_up(tmp_path: Path) -> None:
    """A body may take longer, and so may the next request on the same connection."""
    with ExitStack() as stack, service(tmp_path, head_timeout_s=1) as running:
        connection = connected(running, stack)
        body = b'{"problem": {"accounts": [{"id": "a"}], "reps": [{"id": "r"}]}}'
        head = f"Content-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n".encode()
        connection.sendall(HEAD.replace(b"GET /v1/limits", b"POST /v1/validate") + head)
        time.sleep(1.5)
        connection.sendall(body)
        assert status_of(connection) == 200
        time.sleep(1.5)
        connection.sendall(HEAD + b"\r\n")
        assert status_of(connection) == 200


def test_more_connections_than_are_taken(tmp_path: Path) -> None:
    """They are told so; once one is closed there is room again."""
    with ExitStack() as stack, service(tmp_path, max_connections=5) as running:
        held = [connected(running, stack) for _ in range(5)]
        refused = connected(running, stack)
        assert answer(refused)[1]["code"] == "busy"
        held.pop().close()
        deadline = time.monotonic() + 30
        while time.monotonic() < deadline:
            late = connected(running, stack)
            late.sendall(HEAD + b"Connection: close\r\n\r\n")
            status, _ = answer(late)
            if status == 200:
                return
            time.sleep(0.1)
    raise AssertionError("there is no room")


@pytest.mark.parametrize("umask", [0o000, 0o022])
def test_state_is_for_its_owner(tmp_path: Path, umask: int) -> None:
    """A folder of before is closed, too."""
    data = tmp_path / "data"
    old = os.umask(umask)
    try:
        data.mkdir(mode=0o777)
        (data / "coverplan.db").touch()
        with service(tmp_path) as running, running.client() as http:
            http.post("/v1/webhooks", json={"url": "https://hooks.example/path"})
            found = {path.name: stat.S_IMODE(path.stat().st_mode) for path in [data, *data.iterdir()]}
    finally:
        os.umask(old)

    assert {"data", "coverplan.db", "blobs"} <= found.keys()
    open_to_others = {name for name, mode in found.items() if mode & 0o077}
    assert not open_to_others & {"data", "coverplan.db", "coverplan.db-wal", "coverplan.db-shm", "blobs"}
