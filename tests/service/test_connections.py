"""Connections that send no whole request, too many of them, and who may read what the service keeps."""

from __future__ import annotations

import json
import os
import socket
import stat
import time
from contextlib import ExitStack
from http.client import HTTPResponse
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from support.service import Service, service

HEAD = b"GET /v1/limits HTTP/1.1\r\nHost: 127.0.0.1\r\n"


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
