"""Connections that bring nothing, a part, a bit at a time, or go away; and more of them than are taken."""

from __future__ import annotations

import contextlib
import json
import select
import socket
import time
from collections.abc import Iterator, Sequence

from benchmarks.attack.outcome import Outcome
from benchmarks.attack.target import Target
from benchmarks.attack.wire import PATIENCE_S, fault_of, read, request, speak
from support.deployment import TINY

MANY, SLOW, TOO_MANY = 200, 60, 400
"""Of each kind: the service takes 300 connections at a time."""
GIVEN_UP_S = 12.0
"""By then what the service waits for, for three seconds, must be over, on a machine at work."""
_PART = b"GET /v1/limits HTTP/1.1\r\nHost: 127.0.0.1\r\n"
_BODY = json.dumps(TINY).encode()
_POST = request("POST", "/v1/validate", [("Content-Type", "application/json"), ("Content-Length", str(len(_BODY)))])
_WHOLE = request("POST", "/v1/solve", [("Content-Type", "application/json")], _BODY)


def attack(running: Target, outcome: Outcome) -> None:
    """Each kind by itself; others are served meanwhile, and afterwards nothing is left of them."""
    _given_up(running, outcome, "nothing is sent", [b""], may_hang_up=True)
    _given_up(running, outcome, "an unfinished head", [_PART], may_hang_up=False)
    _given_up(running, outcome, "a head letter by letter", [bytes([letter]) for letter in _PART], may_hang_up=False)
    _given_up(running, outcome, "an unfinished body", [_POST + _BODY[:20]], may_hang_up=False)
    _given_up(running, outcome, "a body letter by letter", [_POST, *(b"%c" % one for one in _BODY)], may_hang_up=False)
    _hung_up(running, outcome)
    _deaf(running, outcome)
    _too_many(running, outcome)
    if (fault := fault_of(speak(running.port, _WHOLE))) is not None:
        outcome.fault(f"a sound call afterwards: {fault}")


def _given_up(running: Target, outcome: Outcome, what: str, pieces: Sequence[bytes], *, may_hang_up: bool) -> None:
    """So many connections that send the pieces slowly, and never more: all are answered, or closed, soon."""
    with _connected(running, MANY if len(pieces) == 1 else SLOW) as open_ones:
        outcome.tried += len(open_ones)
        heard = dict.fromkeys(open_ones, b"")
        waiting, until, rest = set(open_ones), time.monotonic() + GIVEN_UP_S, list(pieces)
        while waiting and time.monotonic() < until:
            if rest:
                _send(waiting, rest.pop(0))
            waiting -= _listen(waiting, heard)
        if waiting:
            outcome.fault(f"{what}: {len(waiting)} of {len(open_ones)} connections are open after {GIVEN_UP_S:g} s")
        for data in {data for one, data in heard.items() if one not in waiting}:
            fault = fault_of(read(data, 0.0), may_hang_up=may_hang_up, may_be_busy=True)
            if fault is not None:
                outcome.fault(f"{what}: {fault}")


def _hung_up(running: Target, outcome: Outcome) -> None:
    """Whole calls whose callers hang up before they are answered."""
    with _connected(running, MANY) as open_ones:
        outcome.tried += len(open_ones)
        _send(open_ones, _WHOLE)


def _deaf(running: Target, outcome: Outcome) -> None:
    """Callers who ask for the same large answer many times, and never read."""
    asked = request("GET", "/v1/constraint-kinds", [("Connection", "keep-alive")]) * 50
    with _connected(running, SLOW) as open_ones:
        outcome.tried += len(open_ones)
        for one in open_ones:
            one.setblocking(False)
        _send(open_ones, asked)
        time.sleep(1)


def _too_many(running: Target, outcome: Outcome) -> None:
    """More connections than are taken: the others are told so, and those that were first are served."""
    with _connected(running, TOO_MANY) as open_ones:
        outcome.tried += len(open_ones)
        heard = dict.fromkeys(open_ones, b"")
        waiting, until = set(open_ones), time.monotonic() + GIVEN_UP_S
        while waiting and time.monotonic() < until:
            waiting -= _listen(waiting, heard)
        answers = [read(data, 0.0) for data in heard.values()]
        if waiting or not any(answer.status == 503 for answer in answers):
            outcome.fault(f"too many connections: {len(waiting)} are open, nobody is told")
        for fault in {fault_of(answer, may_hang_up=True, may_be_busy=True) for answer in answers} - {None}:
            outcome.fault(f"too many connections: {fault}")


def _send(sockets: set[socket.socket] | list[socket.socket], data: bytes) -> None:
    for one in sockets:
        with contextlib.suppress(OSError):
            one.sendall(data)


def _listen(sockets: set[socket.socket], heard: dict[socket.socket, bytes]) -> set[socket.socket]:
    """Read for a moment; returns those that the other side has closed."""
    polling = select.poll()
    by_number = {one.fileno(): one for one in sockets}
    for number in by_number:
        polling.register(number, select.POLLIN)
    closed = set()
    for number, _ in polling.poll(50):
        one = by_number[number]
        try:
            data = one.recv(1 << 16)
        except OSError:
            data = b""
        heard[one] += data
        if not data:
            closed.add(one)
    return closed


@contextlib.contextmanager
def _connected(running: Target, count: int) -> Iterator[list[socket.socket]]:
    """So many connections, closed at the end."""
    with contextlib.ExitStack() as stack:
        yield [
            stack.enter_context(socket.create_connection(("127.0.0.1", running.port), timeout=PATIENCE_S))
            for _ in range(count)
        ]
