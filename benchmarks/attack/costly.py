"""Small calls that want much: answered soon, others are served meanwhile, and who hangs up costs nothing more."""

from __future__ import annotations

import gzip
import json
import socket
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import psutil

from benchmarks.attack.outcome import Outcome, Takeover
from benchmarks.attack.target import Target
from benchmarks.attack.wire import fault_of, request, speak
from support.malformed import EVIL
from support.timing import PATIENCE_S

AT_ONCE = 6
"""Callers of each, who hang up."""
BAR_S = 10.0
"""Within which a call must be answered, others waiting or not."""
IDLE_S = 10.0
"""After that long the service must be idle again."""
_BUSY = 0.1
"""Processors of a service that is still at what nobody waits for; probes take less."""
EMPTY = gzip.compress(b"", mtime=0)


def estimate() -> bytes:
    """Seventeen kilobytes that would be expanded to 200 problems under 10,000 policies of 100 rules."""
    axes = [
        {"path": f"/constraints/[id=c{axis}]/utilisation", "values": [round(0.5 + i / 200, 3) for i in range(100)]}
        for axis in range(2)
    ]
    problem = {"accounts": [{"id": "a", "potential": 1}], "reps": [{"id": "r"}]}
    document = {
        "problems": [{"id": f"p{number}", "problem": problem} for number in range(200)],
        "grid": {"policy": {"constraints": [{"kind": "capacity", "id": f"c{i}"} for i in range(100)]}, "axes": axes},
        "options": {"time_limit_s": 1},
    }
    return json.dumps(document).encode()


CALLS: dict[str, tuple[str, bool, Callable[[], bytes]]] = {
    "an estimate of two million cells": ("/v1/experiments/estimate", False, estimate),
    "2 MB of empty gzip members": ("/v1/validate", True, lambda: EMPTY * (2_000_000 // len(EMPTY))),
    "4 MB of empty gzip members": ("/v1/validate", True, lambda: EMPTY * (4_000_000 // len(EMPTY))),
    **{name: ("/v1/solve", "bomb" in name, make) for name, (make, _) in EVIL.items()},
}
"""Path, whether it is compressed, and how its body is made."""


def attack(running: Target, outcome: Outcome) -> None:
    """Each by one caller who waits, then by six who hang up."""
    took = list[float]()
    for name, (path, packed, make) in CALLS.items():
        headers = [("Content-Type", "application/json"), *([("Content-Encoding", "gzip")] if packed else [])]
        data = request("POST", path, headers, make())
        outcome.tried += 1 + AT_ONCE
        answer = speak(running.port, data)
        took.append(answer.seconds)
        print(name, round(answer.seconds, 2), answer.status, flush=True)
        if (fault := fault_of(answer)) is not None:
            outcome.fault(f"{name}: {fault}")
        with ThreadPoolExecutor(AT_ONCE) as callers:
            list(callers.map(lambda data: _hang_up(running, data), [data] * AT_ONCE))
        if not _idle(running):
            outcome.fault(f"{name}: the service is still at it {IDLE_S:g} s after {AT_ONCE} callers have hung up")
    outcome.takeovers.append(Takeover.of("answered", took))


def _hang_up(running: Target, data: bytes) -> None:
    try:
        with socket.create_connection(("127.0.0.1", running.port), timeout=PATIENCE_S) as connection:
            connection.sendall(data)
    except OSError:
        return


def _idle(running: Target) -> bool:
    """Whether the service soon has nothing to do."""
    if running.api is None:
        return False
    process, until = psutil.Process(running.api.pid), time.monotonic() + IDLE_S
    process.cpu_percent()
    while time.monotonic() < until:
        time.sleep(0.5)
        if process.cpu_percent() < 100 * _BUSY:
            return True
    return False
