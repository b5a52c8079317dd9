"""Workers are killed in the middle of their runs: each run ends once, and none of its events is lost."""

from __future__ import annotations

import json
import random
import signal
import time
from pathlib import Path
from typing import Any

import pytest
from httpx_sse import connect_sse

from coverplan.verify import verify
from support.deployment import TINY, Deployment, deployment, slow, state_of
from support.postgres import Postgres
from support.service import wait_for
from support.started import Started
from support.timing import PATIENCE_S, look_again

KILLS = 20
DOCUMENTS = [slow(2), slow(2, method="priced")]


def _kill(worker: Started) -> None:
    worker.send_signal(signal.SIGKILL)
    worker.wait()


def _events(running: Deployment, run_id: str) -> list[tuple[int, str]]:
    with running.client() as client, connect_sse(client, "GET", f"/v1/runs/{run_id}/events") as source:
        return [(int(event.id), event.event) for event in source.iter_sse() if event.data]


def _until_at_work(running: Deployment, run_id: str, attempts: int) -> float:
    """When a worker has begun this attempt."""
    began = time.monotonic()
    with running.client() as client:
        while state_of(client, run_id)["attempts"] < attempts:
            assert time.monotonic() < began + PATIENCE_S, running.log("worker-0.log")
            look_again(began)
    return time.monotonic()


@pytest.mark.long
@pytest.mark.timeout(400)
def test_twenty_kills_lose_nothing(postgres: Postgres, tmp_path: Path) -> None:
    """On PostgreSQL another worker takes over within five seconds, twenty times in a row at random moments."""
    moments = random.Random(4)
    with deployment(tmp_path, workers=2, database_url=postgres.database()) as running:
        took, made = list[float](), list[str]()
        for kill in range(KILLS):
            for run_id in made[-2:-1]:
                running.wait(run_id)  # so that a kill hits the run before at most, and no run is given up
            running.await_workers()
            run_id = running.submit(DOCUMENTS[kill % 2])
            made.append(run_id)
            _until_at_work(running, run_id, 1)
            time.sleep(moments.uniform(0.0, 1.2))
            victim = _worker_of(running, run_id)
            _kill(victim)
            began = time.monotonic()
            running.workers.remove(victim)
            running.start_worker()
            took.append(_until_at_work(running, run_id, 2) - began)
        states = [running.wait(run_id, seconds=60) for run_id in made]
        events = [_events(running, run_id) for run_id in made]
        with running.client() as client:
            plans = [client.get(f"/v1/runs/{run_id}/plan").json() for run_id in made]

    assert [state["job_status"] for state in states] == ["completed"] * KILLS
    assert all(state["attempts"] >= 2 for state in states)  # a kill may hit the run before, too
    for heard, state in zip(events, states, strict=True):
        assert [number for number, _ in heard] == list(range(1, len(heard) + 1))
        assert [kind for _, kind in heard].count("ended") == 1
        assert [kind for _, kind in heard].count("started") == state["attempts"]
    problem, policy = DOCUMENTS[0]["problem"], DOCUMENTS[0]["policy"]
    assert all(verify(problem, policy, plan).ok for plan in plans)
    assert max(took) < 5.0, took


def _worker_of(running: Deployment, run_id: str) -> Started:
    """The worker whose log says that it began the run."""
    until = time.monotonic() + 10
    while time.monotonic() < until:
        for worker in running.workers:
            if f'"run_id": "{run_id}"' in (running.folder / running.logs[worker.pid]).read_text():
                return worker
        time.sleep(0.05)
    raise AssertionError("no worker has begun it")


def test_the_embedded_worker_goes_on_after_a_restart(tmp_path: Path) -> None:
    """On SQLite the run is taken up within five seconds of the restart, and what was found before is kept."""
    with deployment(tmp_path) as running:
        run_id = running.submit(slow(60))
        assert wait_for(lambda: list((tmp_path / "data").rglob("checkpoint.npz")), 30)
        (victim,) = running.workers
        before = running.state(run_id)
        _kill(victim)
        running.workers.clear()
        running.start_worker()
        running.await_workers()
        began = time.monotonic()
        took = _until_at_work(running, run_id, 2) - began
        state = _finished(running, run_id)

    assert took < 5.0
    assert (before["job_status"], before["attempts"]) == ("running", 1)
    assert (state["job_status"], state["attempts"]) == ("completed", 2)
    assert state["objective_value"] >= before["objective_value"] - 1e-6


def _finished(running: Deployment, run_id: str) -> dict[str, Any]:
    """The state of a run that its caller ends once its attempt has found a plan."""
    with running.client() as client, connect_sse(client, "GET", f"/v1/runs/{run_id}/events") as source:
        attempt = 0
        for event in source.iter_sse():
            attempt += event.event == "started"
            if attempt == 2 and event.event == "progress" and json.loads(event.data)["objective_value"] is not None:
                break
        assert client.post(f"/v1/runs/{run_id}/finish").is_success
    return running.wait(run_id, seconds=40)


def test_a_run_that_loses_every_worker_is_given_up(tmp_path: Path) -> None:
    """With one loss allowed the second one is the last: `worker_lost`, and the queue goes on."""
    with deployment(tmp_path, max_attempts=1) as running:
        run_id = running.submit(slow(60))
        for attempt in (1, 2):
            _until_at_work(running, run_id, attempt)
            _kill(running.workers.pop())
            running.start_worker()
        state = running.wait(run_id, seconds=30)
        assert (state["job_status"], state["error"]["code"]) == ("failed", "worker_lost")
        assert running.wait(running.submit(TINY))["job_status"] == "completed"


def test_a_worker_that_is_asked_to_stop_hands_its_run_back(database_url: str, tmp_path: Path) -> None:
    """The next worker goes on, and nothing counts as lost."""
    url = None if database_url.startswith("sqlite") else database_url
    with deployment(tmp_path, database_url=url, shutdown_s=0.5, max_attempts=1) as running:
        run_id = running.submit(slow(60))
        assert wait_for(lambda: running.state(run_id)["objective_value"] is not None, 30)
        worker = running.workers.pop()
        worker.send_signal(signal.SIGTERM)
        assert worker.wait(timeout=15) == 0
        assert running.state(run_id)["job_status"] == "queued"
        running.start_worker()
        assert _finished(running, run_id)["job_status"] == "completed"
