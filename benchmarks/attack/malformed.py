"""Malformed calls: no 5xx, no hang, every refusal an error document, probes answered meanwhile, memory bounded."""

from __future__ import annotations

import random
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import httpx

from benchmarks.attack import connections, costly, protocol
from benchmarks.attack.calls import Call, calls
from benchmarks.attack.effort import Effort
from benchmarks.attack.outcome import Outcome
from benchmarks.attack.target import Probe, Target, postgres, target
from benchmarks.attack.things import things
from benchmarks.attack.wire import fault_of, speak
from support.operations import CALMEST_FIRST
from support.receiver import receiver
from support.timing import PATIENCE_S

PART = "malformed"
SEED = 13
MUTATIONS = 60
"""Of the example of each operation that takes a body."""
CALLERS = 4
PROBE_BAR_S = 5.0
MEMORY_BAR_MB = 1024.0
HEAD_S, BODY_S, CONNECTIONS = 3, 3, 300
"""Of the service that is attacked: what is slow is given up soon."""


def attack(effort: Effort, folder: Path) -> Iterator[Outcome]:
    """On one service, with a worker only while something is to be made for the calls to name."""
    patience = {"head_timeout_s": HEAD_S, "body_timeout_s": BODY_S, "max_connections": CONNECTIONS}
    room = {"queue_wait_s": 60, "queue_length": 1000}
    with ExitStack() as stack:
        server = stack.enter_context(postgres())
        running = stack.enter_context(target(folder, server, workers=1, **patience, **room))
        told = stack.enter_context(receiver())
        with running.client() as client:
            ids = things(client, told)
        running.workers.pop().terminate()
        steps: Sequence[tuple[str, Callable[[Outcome], None]]] = (
            ("calls of every operation", lambda outcome: operations(running, ids, effort, outcome)),
            ("bytes that are no HTTP", lambda outcome: protocol.attack(running, effort, outcome)),
            ("connections that are slow, half open, or too many", lambda outcome: connections.attack(running, outcome)),
            ("calls that cost more than they are", lambda outcome: costly.attack(running, outcome)),
        )
        for what, step in steps:
            yield watched(running, what, step)
        yield watched(running, "what was accepted on the way", lambda outcome: _drained(running, outcome))


def watched(running: Target, what: str, step: Callable[[Outcome], None]) -> Outcome:
    """A step, during which the service answers probes and does not grow."""
    outcome = Outcome(PART, what)
    with Probe(running) as probe:
        step(outcome)
    outcome.slowest_probe_s, outcome.peak_mb = round(probe.slowest_s, 3), round(probe.peak_mb, 1)
    if probe.slowest_s > PROBE_BAR_S:
        outcome.fault(f"/healthz took {probe.slowest_s:.1f} s")
    if probe.failed:
        outcome.fault(f"{probe.failed} probes were not answered with 200")
    if probe.peak_mb > MEMORY_BAR_MB:
        outcome.fault(f"the service grew to {probe.peak_mb:,.0f} MB")
    return outcome


def operations(running: Target, ids: Mapping[str, str], effort: Effort, outcome: Outcome) -> None:
    """All kinds of calls, of all operations, by a few callers at once; with less time, a sample of each."""
    rng = random.Random(SEED)
    chosen = [call for route in CALMEST_FIRST for call in _sample(list(calls(route, ids, MUTATIONS, rng)), effort, rng)]
    rng.shuffle(chosen)

    def make(call: Call) -> None:
        answer = speak(running.port, call.data, method=call.method)
        if (fault := fault_of(answer)) is not None:
            outcome.fault(f"{call.route}: {call}: {fault}")

    with ThreadPoolExecutor(CALLERS) as callers:
        for number, _ in enumerate(callers.map(make, chosen), 1):
            outcome.tried = number


def _sample(every: list[Call], effort: Effort, rng: random.Random) -> list[Call]:
    return rng.sample(every, effort.of(len(every)))


def _drained(running: Target, outcome: Outcome) -> None:
    """What malformed calls left in the queue is cancelled, and a worker finds nothing in it that it cannot work on."""
    with running.client() as client:
        for path, word, stop in (
            ("/v1/webhooks", "id", None),
            ("/v1/experiments", "experiment_id", "stop"),
            ("/v1/batches", "batch_id", "cancel"),
        ):
            for item in _listed(client, path):
                place = f"{path}/{item[word]}"
                answer = client.delete(place) if stop is None else client.post(f"{place}/{stop}")
                if not answer.is_success:
                    outcome.fault(f"{place}: {answer.status_code} {answer.text[:200]}")
        running.start_worker()
        running.await_workers()
        began = time.monotonic()
        while any(client.get("/v1/runs", params={"status": one}).json()["items"] for one in ("queued", "running")):
            if time.monotonic() > began + PATIENCE_S:
                outcome.fault("the queue does not drain")
                return
            time.sleep(0.2)
        for state in _listed(client, "/v1/runs"):
            outcome.tried += 1
            if (state["error"] or {}).get("code") == "internal_error":
                outcome.fault(f"{state['run_id']} failed: {state['error']}")


def _listed(client: httpx.Client, path: str) -> list[dict[str, Any]]:
    found, cursor = list[dict[str, Any]](), None
    while True:
        page = client.get(path, params={"limit": 200} | ({} if cursor is None else {"cursor": cursor})).json()
        found += page["items"]
        if (cursor := page["next_cursor"]) is None:
            return found
