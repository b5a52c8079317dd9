"""Measure what durable runs cost on PostgreSQL with two workers: submitting, queueing, stopping, recovering.

    python -m benchmarks.service [--tiny N] [--short N] [--stops N] [--kills N] [--out build/bench]

The server, the service and the workers are processes of their own on this machine, started as the tests start them.
"""

from __future__ import annotations

import argparse
import datetime as dt
import signal
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

sys.path.append(str(Path(__file__).parents[1] / "tests"))

from benchmarks.figures import Figure, put
from support.deployment import TINY, Deployment, deployment, slow
from support.postgres import Postgres

CALLERS = 4
SHORT_S = 0.5


def tiny_runs(running: Deployment, count: int) -> Iterator[Figure]:
    """Tiny runs, submitted by several callers at once: how long a call takes, and runs a second end to end."""
    waits: list[float] = []
    lock = threading.Lock()

    def call(share: int) -> None:
        with running.client() as client:
            for _ in range(share):
                began = time.perf_counter()
                answer = client.post("/v1/runs", json={**TINY, "tags": ["tiny"]})
                waited = time.perf_counter() - began
                answer.raise_for_status()
                with lock:
                    waits.append(waited)

    threads = [threading.Thread(target=call, args=(count // CALLERS,)) for _ in range(CALLERS)]
    began = time.perf_counter()
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    with running.client() as client:
        for status in ("queued", "running"):
            while client.get("/v1/runs", params={"status": status, "limit": 1}).json()["items"]:
                time.sleep(0.05)
    took = time.perf_counter() - began
    print(f"{len(waits)} tiny runs: {len(waits) / took:.0f} a second from the first call to the last plan")
    yield Figure.of("POST /v1/runs under load", f"{len(waits)} tiny runs, {CALLERS} callers", waits)
    yield Figure.of("tiny run, end to end under load", f"{len(waits)} runs", [took / len(waits)])


def waits(running: Deployment, count: int) -> Iterator[Figure]:
    """A tiny run on an idle queue: from accepted to begun, and to its plan."""
    states = [running.wait(running.submit(TINY)) for _ in range(count)]
    begun = [_seconds(state, "created_at", "started_at") for state in states]
    ended = [_seconds(state, "created_at", "ended_at") for state in states]
    yield Figure.of("accepted to begun, idle queue", "tiny run", begun)
    yield Figure.of("accepted to plan, idle queue", "tiny run", ended)


def short_runs(running: Deployment, count: int) -> Iterator[Figure]:
    """Runs that use all of a short time limit: what passes beyond it, loading and storing included."""
    document = slow(SHORT_S, "auto", accounts=80, reps=8)
    over: list[float] = []

    def call(share: int) -> None:
        for _ in range(share):
            state = running.wait(running.submit(document), seconds=120)
            over.append(_seconds(state, "started_at", "ended_at") - SHORT_S)

    threads = [threading.Thread(target=call, args=(count // 2,)) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    yield Figure.of("overshoot of the time limit, loading and storing included", f"{SHORT_S:g} s runs", over)


def stops(running: Deployment, count: int) -> Iterator[Figure]:
    """Running solves are cancelled: until the call is answered, and until the run has ended."""
    answered, over = [], []
    with running.client() as client:
        for _ in range(count):
            run_id = running.submit(slow(60, "auto"))
            running.wait(run_id, "running")
            time.sleep(1)
            began = time.perf_counter()
            client.post(f"/v1/runs/{run_id}/cancel").raise_for_status()
            answered.append(time.perf_counter() - began)
            running.wait(run_id)
            over.append(time.perf_counter() - began)
    yield Figure.of("cancel, until answered", "300x20x10", answered)
    yield Figure.of("cancel, until over", "300x20x10", over)


def kills(running: Deployment, count: int) -> Iterator[Figure]:
    """A worker is killed in the middle of a run: until another one has taken over."""
    took = []
    for _ in range(count):
        running.await_workers()
        run_id = running.submit(slow(6, "auto"))
        running.wait(run_id, "running")
        time.sleep(1)
        victim = next(worker for worker in running.workers if run_id in running.log(running.logs[worker.pid]))
        victim.send_signal(signal.SIGKILL)
        victim.wait()
        began = time.perf_counter()
        running.workers.remove(victim)
        while running.state(run_id)["attempts"] < 2:
            time.sleep(0.02)
        took.append(time.perf_counter() - began)
        running.start_worker()
        running.wait(run_id)
    yield Figure.of("killed worker, until another has its run", "300x20x10", took)


def main() -> None:
    """Print the figures and keep them."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--tiny", type=int, default=1000)
    parser.add_argument("--short", type=int, default=200)
    parser.add_argument("--stops", type=int, default=20)
    parser.add_argument("--kills", type=int, default=5)
    parser.add_argument("--out", type=Path, default=Path("build/bench"))
    given = parser.parse_args()
    server = Postgres()
    phases = (
        (waits, 50),
        (tiny_runs, given.tiny),
        (short_runs, given.short),
        (stops, given.stops),
        (kills, given.kills),
    )
    try:
        with tempfile.TemporaryDirectory() as folder:
            settings: dict[str, Any] = {"database_url": server.database(), "log_level": "info"}
            with deployment(Path(folder), workers=2, **settings) as running:
                for phase, count in phases:
                    for figure in phase(running, count):
                        print(figure.line(), flush=True)
                        put(given.out, [figure])
    finally:
        server.stop()


def _seconds(state: dict[str, Any], start: str, end: str) -> float:
    return (dt.datetime.fromisoformat(state[end]) - dt.datetime.fromisoformat(state[start])).total_seconds()


if __name__ == "__main__":
    main()
