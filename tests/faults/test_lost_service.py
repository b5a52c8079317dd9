"""The service is killed, the database is stopped: what was accepted is there afterwards."""

from __future__ import annotations

import signal
import threading
import time
from pathlib import Path

import httpx

from support.deployment import TINY, deployment, slow
from support.postgres import Postgres
from support.timing import PATIENCE_S

SUBMISSIONS = 200


def test_a_killed_service_has_lost_no_run_and_doubled_none(database_url: str, tmp_path: Path) -> None:
    """200 submissions are in flight when it is killed; each is sent again under its key until it is acknowledged."""
    url = None if database_url.startswith("sqlite") else database_url
    tickets: dict[str, set[str]] = {f"call-{n}": set() for n in range(SUBMISSIONS)}
    with deployment(tmp_path, workers=1, database_url=url, slots=2) as running:
        client = httpx.Client(
            base_url=running.url, timeout=60, trust_env=False, limits=httpx.Limits(max_connections=64)
        )
        threads = [threading.Thread(target=_submit, args=(client, *entry)) for entry in tickets.items()]
        for thread in threads:
            thread.start()
        until = time.monotonic() + PATIENCE_S
        while sum(map(len, tickets.values())) < SUBMISSIONS // 4:
            assert time.monotonic() < until
            time.sleep(0.01)
        assert running.api is not None
        running.api.send_signal(signal.SIGKILL)
        running.api.wait()
        acknowledged = sum(map(len, tickets.values()))
        running.start_api("--role", "api")
        for thread in threads:
            thread.join()
        client.close()
        runs = [run_id for ids in tickets.values() for run_id in ids]
        states = [running.wait(run_id, seconds=120) for run_id in runs]
        listed, cursor = [], None
        with running.client() as reader:
            while True:
                answer = reader.get("/v1/runs", params={"limit": 200} | ({"cursor": cursor} if cursor else {})).json()
                listed += [item["run_id"] for item in answer["items"]]
                cursor = answer["next_cursor"]
                if cursor is None:
                    break

    assert acknowledged < SUBMISSIONS
    assert all(len(ids) == 1 for ids in tickets.values())
    assert {state["job_status"] for state in states} == {"completed"}
    assert sorted(listed) == sorted(runs)


def _submit(client: httpx.Client, key: str, ids: set[str]) -> None:
    """Submit until acknowledged, as a client does that does not know whether it was heard."""
    until = time.monotonic() + 120
    while time.monotonic() < until:
        try:
            answer = client.post("/v1/runs", json=TINY, headers={"Idempotency-Key": key})
        except httpx.TransportError:
            time.sleep(0.5)
            continue
        if answer.status_code == httpx.codes.ACCEPTED:
            ids.add(answer.json()["run_id"])
            return
        assert answer.status_code in (409, 503), answer.text
        time.sleep(0.5)


def test_a_stopped_database_loses_nothing(tmp_path: Path) -> None:
    """PostgreSQL is down for five seconds in the middle of a run: 503 meanwhile, and the run completes."""
    server = Postgres()
    try:
        with deployment(tmp_path, database_url=server.database()) as running:
            run_id = running.submit(slow(8))
            running.wait(run_id, "running")
            time.sleep(2)
            server.halt()
            began = time.monotonic()
            answers = []
            with running.client() as client:
                while time.monotonic() - began < 5:
                    answers.append(client.get(f"/v1/runs/{run_id}"))
                    answers.append(client.post("/v1/runs", json=TINY))
                    time.sleep(0.3)
            server.resume()
            state = running.wait_through(run_id, seconds=60)
            again = running.wait(running.submit(TINY), seconds=30)
    finally:
        server.stop()

    assert {answer.status_code for answer in answers} == {503}
    assert {answer.headers["content-type"] for answer in answers} == {"application/problem+json"}
    assert all("retry-after" in answer.headers for answer in answers)
    assert state["job_status"] == again["job_status"] == "completed"
