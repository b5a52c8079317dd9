"""Batches of tiny runs, and what they must come to."""

from __future__ import annotations

import json
import socket
import time
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

import httpx

from support.deployment import TINY, Deployment
from support.timing import PATIENCE_S, look_again

NDJSON = {"Content-Type": "application/x-ndjson"}


def tiny(number: int) -> dict[str, Any]:
    """Four accounts that two reps can cover: the best plan is worth the sum of their potentials."""
    accounts = [{"id": f"a{n}", "potential": number + n} for n in range(4)]
    return {**TINY, "problem": {**TINY["problem"], "accounts": accounts}}


def worth(number: int) -> float:
    """Of the best plan of `tiny`: n + (n + 1) + (n + 2) + (n + 3)."""
    return 4.0 * number + 6.0


def lines(documents: Iterable[Any]) -> Iterator[bytes]:
    """Documents as lines; bytes stay as they are."""
    for document in documents:
        yield (document if isinstance(document, bytes) else json.dumps(document).encode()) + b"\n"


def post(running: Deployment, documents: Iterable[Any], **headers: str) -> tuple[str, list[dict[str, Any]]]:
    """Submit a batch; its id and its tickets."""
    with running.client(120) as client:
        answer = client.post("/v1/batches", content=lines(documents), headers={**NDJSON, **headers})
    assert answer.status_code == httpx.codes.ACCEPTED, answer.text
    batch_id: str = answer.headers["Coverplan-Batch-Id"]
    assert answer.headers["Location"] == f"/v1/batches/{batch_id}"
    return batch_id, [json.loads(line) for line in answer.text.splitlines()]


def wait(running: Deployment, batch_id: str, seconds: float = PATIENCE_S) -> dict[str, Any]:
    """The state of a batch once all its runs have ended."""
    began = time.monotonic()
    with running.client() as client:
        while True:
            state: dict[str, Any] = client.get(f"/v1/batches/{batch_id}").json()
            if state["closed"] and not state["runs"]["queued"] and not state["runs"]["running"]:
                return state
            assert time.monotonic() < began + seconds, state
            look_again(began)


def results(running: Deployment, batch_id: str, **parameters: Any) -> list[dict[str, Any]]:
    """What its lines came to."""
    with running.client() as client:
        answer = client.get(f"/v1/batches/{batch_id}/results", params=parameters)
    assert answer.status_code == httpx.codes.OK, answer.text
    return [json.loads(line) for line in answer.text.splitlines()]


class HalfCall:
    """A call whose body is sent piece by piece over a bare socket."""

    def __init__(self, running: Deployment, key: str | None = None) -> None:
        self.socket = socket.create_connection(("127.0.0.1", running.port), timeout=30)
        head = [
            "POST /v1/batches HTTP/1.1",
            f"Host: 127.0.0.1:{running.port}",
            "Content-Type: application/x-ndjson",
            "Transfer-Encoding: chunked",
        ]
        if key is not None:
            head.append(f"Idempotency-Key: {key}")
        self.socket.sendall("\r\n".join([*head, "", ""]).encode())
        self.heard = b""

    def send(self, documents: Sequence[Any]) -> None:
        """Some lines more."""
        data = b"".join(lines(documents))
        self.socket.sendall(f"{len(data):x}\r\n".encode() + data + b"\r\n")

    def hear(self, tickets: int) -> None:
        """Read until so many tickets have come."""
        while self.heard.count(b'{"line":') < tickets:
            data = self.socket.recv(65536)
            assert data, self.heard
            self.heard += data

    def cut(self) -> None:
        """Hang up in the middle of a line."""
        self.socket.sendall(b'5\r\n{"pro\r\n')
        self.socket.close()
