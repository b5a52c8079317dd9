"""Listeners far behind, very many, deaf, or revoked: all hear everything, and nobody keeps the service from others."""

from __future__ import annotations

import socket
import time
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import ExitStack
from pathlib import Path

import httpx

from benchmarks.attack.balance import settle
from benchmarks.attack.effort import Effort
from benchmarks.attack.ledger import ledger
from benchmarks.attack.outcome import Outcome, Takeover
from benchmarks.attack.target import Probe, Target, postgres, target
from benchmarks.attack.wire import request
from coverplan.store import runs
from support.deployment import slow

PART = "streams"
EVENTS = 3000
"""Before the run's end: a listener who begins at the first is far behind one who begins at the last."""
LISTENERS, DEAF, GONE = 60, 60, 100
PROBE_BAR_S = 2.0
_RUN_S = 240.0
_BETWEEN_S = 0.02
_PROGRESS = {"t": 1.0, "objective_value": 1.0, "dual_bound": 2.0, "gap": 1.0, "phase": "search"}


def attack(effort: Effort, folder: Path) -> Iterator[Outcome]:
    """All of them listen to one run at the same time."""
    outcome = Outcome(PART, "listeners of one run: behind, many, deaf, gone")
    with ExitStack() as stack:
        running = stack.enter_context(target(folder, stack.enter_context(postgres()), workers=1))
        kept = stack.enter_context(ledger(running))
        run_id = kept.submit(slow(_RUN_S))
        running.begun(run_id, 1)
        _go_on(running, run_id, EVENTS)
        with Probe(running) as probe, ThreadPoolExecutor(LISTENERS) as listeners:
            deaf = [_call(running, run_id) for _ in range(effort.of(DEAF))]
            starts = [number * EVENTS // LISTENERS for number in range(effort.of(LISTENERS))]
            heard = [listeners.submit(_listen, running, run_id, after) for after in starts]
            for _ in range(effort.of(GONE)):
                _call(running, run_id).close()
            _go_on(running, run_id, 100)
            time.sleep(1)
            kept.finish(run_id)
            outcome.tried = len(deaf) + len(starts) + effort.of(GONE)
            began = time.monotonic()
            _compare(outcome, starts, heard)
            outcome.takeovers.append(Takeover.of("all have heard the end", [time.monotonic() - began]))
            for one in deaf:
                one.close()
        outcome.slowest_probe_s = round(probe.slowest_s, 3)
        if probe.slowest_s > PROBE_BAR_S or probe.failed:
            outcome.fault(f"/healthz took {probe.slowest_s:.1f} s, {probe.failed} were not answered")
        settle(kept, outcome)
    yield outcome


def _go_on(running: Target, run_id: str, count: int) -> None:
    """Events of a run as its worker writes them, only more of them."""
    with running.database.begin() as connection:
        for _ in range(count):
            runs.record(connection, run_id, 1, _PROGRESS)


def _listen(running: Target, run_id: str, after: int) -> list[int | str]:
    """Numbers of what is heard, and the kind of the last."""
    numbers, kind = list[int | str](), ""
    headers = {"Last-Event-ID": str(after)} if after else {}
    with (
        httpx.Client(base_url=running.url, timeout=60, trust_env=False, verify=False) as client,
        client.stream("GET", f"/v1/runs/{run_id}/events", headers=headers) as answer,
    ):
        for line in answer.iter_lines():
            if line.startswith("id: "):
                numbers.append(int(line.removeprefix("id: ")))
                time.sleep(_BETWEEN_S if after == 0 and len(numbers) % 100 == 0 else 0)
            elif line.startswith("event: "):
                kind = line.removeprefix("event: ")
    return [*numbers, kind]


def _compare(outcome: Outcome, starts: list[int], heard: list[Future[list[int | str]]]) -> None:
    last = 0
    for after, future in zip(starts, heard, strict=True):
        *numbers, kind = future.result()
        last = last or int(numbers[-1])
        if kind != "ended" or numbers != list(range(after + 1, last + 1)):
            outcome.lost += 1
            outcome.remarks.append(
                f"a listener from {after} heard {len(numbers)} events of {last - after}, then {kind}"
            )


def _call(running: Target, run_id: str) -> socket.socket:
    """A call for events of which nothing is read."""
    connection = socket.create_connection(("127.0.0.1", running.port), timeout=60)
    connection.sendall(request("GET", f"/v1/runs/{run_id}/events", [("Connection", "keep-alive")]))
    return connection
