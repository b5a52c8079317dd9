"""SIGTERM in the middle of solves, streams and batches: everybody is answered, and a client rides through."""

from __future__ import annotations

import json
import signal
import time
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import httpx
from httpx_sse import connect_sse

from benchmarks.attack.balance import settle
from benchmarks.attack.effort import Effort
from benchmarks.attack.ledger import Ledger, ledger
from benchmarks.attack.outcome import Outcome, Takeover
from benchmarks.attack.target import Target, postgres, target
from coverplan.client import Client
from coverplan.verify import verify
from support.batches import HalfCall, tiny
from support.deployment import slow

PART = "closing"
ROUNDS = 5
SOLVES, STREAMS, LISTENERS = 2, 2, 8
"""Calls under way when the service is asked to stop: two have a slot, two wait for one."""
_SOLVE_S = 60.0
_UNTIL_SOLVING_S = 2.5
_STOPPED_S = 20.0
_EVENTS = {"Accept": "text/event-stream"}
DOCUMENT = slow(_SOLVE_S, accounts=120, reps=10)


def attack(effort: Effort, folder: Path) -> Iterator[Outcome]:
    """The service is asked to stop and started again, a few times, as a deployment does it."""
    outcome, away = Outcome(PART, "SIGTERM of the API in the middle of solves, streams and batches"), list[float]()
    with ExitStack() as stack:
        running = stack.enter_context(target(folder, stack.enter_context(postgres()), queue_wait_s=60, shutdown_s=5))
        kept = stack.enter_context(ledger(running))
        kept.begin_traffic()
        for _ in effort.rounds(ROUNDS):
            run_id = kept.submit(slow(20))
            running.begun(run_id, 1)
            away.append(_stopped(kept, run_id, outcome))
            kept.finish(run_id)
            kept.wait(run_id)
        outcome.takeovers.append(Takeover.of("stopped, started, answers again", away))
        settle(kept, outcome)
    yield outcome


def _stopped(kept: Ledger, run_id: str, outcome: Outcome) -> float:
    """Stop the service while it is at all kinds of calls; returns the seconds until it answers again."""
    running = kept.running
    with ThreadPoolExecutor(SOLVES + STREAMS + LISTENERS + 1) as callers:
        solves = [callers.submit(_solve, running) for _ in range(SOLVES)]
        streams = [callers.submit(_stream, running) for _ in range(STREAMS)]
        listeners = [callers.submit(_listen, running, run_id) for _ in range(LISTENERS)]
        rider = callers.submit(_ride, kept)
        batch = HalfCall(running, key=f"batch-{run_id}")
        batch.send([tiny(1), tiny(2)])
        batch.hear(2)
        time.sleep(_UNTIL_SOLVING_S)
        if running.api is None:
            raise RuntimeError("it does not run")
        running.api.send_signal(signal.SIGTERM)
        began = time.monotonic()
        _look_at_batch(batch, outcome)
        code = running.api.wait(_STOPPED_S)
        if code not in (0, -signal.SIGTERM):
            outcome.fault(f"the service ended with {code}")
        running.start_api("--role", "api")
        back = time.monotonic() - began
        for one in solves:
            _look_at_solve(one, outcome)
        for stream in streams:
            _look_at_stream(stream, "plan", outcome)
        for stream in listeners:
            _look_at_stream(stream, "closing", outcome)
        outcome.tried += 2
        if (fault := rider.result()) is not None:
            outcome.fault(f"the bundled client: {fault}")
    return back


def _solve(running: Target) -> httpx.Response | Exception:
    with running.client(120) as client:
        try:
            return client.post("/v1/solve", json=DOCUMENT)
        except httpx.TransportError as error:
            return error


def _stream(running: Target) -> tuple[str, dict[str, Any]]:
    """The last event of a streamed solve, or the code of the answer."""
    try:
        with running.client(120) as client, connect_sse(client, "POST", "/v1/solve", json=DOCUMENT) as source:
            if not source.response.is_success:
                return "refused", json.loads(source.response.read())
            last = ("nothing", dict[str, Any]())
            for event in source.iter_sse():
                last = (event.event, json.loads(event.data))
            return last
    except httpx.TransportError as error:
        return "broken off", {"error": str(error)}


def _listen(running: Target, run_id: str) -> tuple[str, dict[str, Any]]:
    """The last event of a run's stream."""
    last = ("nothing", dict[str, Any]())
    try:
        with running.client(120) as client, connect_sse(client, "GET", f"/v1/runs/{run_id}/events") as source:
            for event in source.iter_sse():
                last = (event.event, json.loads(event.data or "{}"))
    except httpx.TransportError as error:
        return "broken off", {"error": str(error)}
    return last


def _ride(kept: Ledger) -> str | None:
    """The client solves and waits for a run, whatever the service does meanwhile; what went wrong."""
    document = slow(6, accounts=120, reps=10)
    try:
        with Client(kept.running.url) as client:
            run = client.runs.submit(document["problem"], document["policy"], document["options"])
            kept.adopt(document, run.run_id)
            state = client.runs.wait(run.run_id)
    except Exception as error:  # noqa: BLE001 - whatever it is, it must not be
        return f"{type(error).__name__}: {error}"
    return None if state.job_status == "completed" else f"its run is {state.job_status}"


def _look_at_solve(one: Future[httpx.Response | Exception], outcome: Outcome) -> None:
    """The best plan, or 503 with Retry-After."""
    outcome.tried += 1
    answer = one.result()
    if isinstance(answer, Exception):
        outcome.fault(f"a solve was broken off: {answer!r}")
    elif answer.status_code == httpx.codes.OK:
        plan = answer.json()
        if not verify(DOCUMENT["problem"], DOCUMENT["policy"], plan).ok:
            outcome.fault("the plan of a solve that was stopped does not verify")
        elif plan["stopped_by"] != "shutdown":
            outcome.fault(f"a solve that was stopped says {plan['stopped_by']}")
    elif answer.status_code != httpx.codes.SERVICE_UNAVAILABLE or "retry-after" not in answer.headers:
        outcome.fault(f"a solve was answered with {answer.status_code}: {answer.text[:200]}")


def _look_at_stream(one: Future[tuple[str, dict[str, Any]]], wanted: str, outcome: Outcome) -> None:
    outcome.tried += 1
    kind, data = one.result()
    told = kind == wanted or (kind in ("error", "refused") and data.get("code") in ("shutting_down", "busy"))
    if not told:
        outcome.fault(f"the last event of a stream is {kind} instead of {wanted}: {str(data)[:200]}")


def _look_at_batch(batch: HalfCall, outcome: Outcome) -> None:
    """Whoever sends lines is told that no more are taken: the last line says why."""
    outcome.tried += 1
    batch.socket.settimeout(_STOPPED_S)
    try:
        while data := batch.socket.recv(1 << 16):
            batch.heard += data
    except OSError as error:
        outcome.fault(f"a batch was broken off: {error!r}")
        return
    if b"shutting_down" not in batch.heard:
        outcome.fault(f"a batch in the middle of its lines ends with {batch.heard[-200:]!r}")
