"""Starting and stopping the service."""

from __future__ import annotations

import json
import signal
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import httpx
import psutil
import pytest
from httpx_sse import connect_sse

from coverplan.api.serve import UnsafeAddressError, check_address
from coverplan.payload.checkpoint import Checkpoint
from coverplan.payload.requests import CHECKPOINT_FILE
from coverplan.settings import Settings, is_loopback
from coverplan.store.database import Database
from coverplan.store.migrate import migrate
from coverplan.verify import verify
from support.api_keys import new_key
from support.books import hard_request
from support.deployment import TINY
from support.service import EVENTS, JSON, service, wait_for


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "192.168.1.5", "planner.corp", ""])
def test_an_address_that_others_reach_needs_a_key_or_a_word(host: str, tmp_path: Path) -> None:
    """A key is of no use where none is asked for."""
    url = f"sqlite:///{tmp_path / 'coverplan.db'}"
    database = Database.open(url)
    migrate(database)
    with pytest.raises(UnsafeAddressError, match="coverplan keys create"):
        check_address(Settings(host=host), database)
    check_address(Settings(host=host, insecure=True), database)
    new_key(url)
    check_address(Settings(host=host), database)
    with pytest.raises(UnsafeAddressError, match="insecure"):
        check_address(Settings(host=host, require_keys="never"), database)
    database.close()


@pytest.mark.parametrize("host", ["127.0.0.1", "127.9.9.9", "::1", "[::1]", "localhost", "LOCALHOST"])
def test_loopback_is_open(host: str, tmp_path: Path) -> None:
    database = Database.open(f"sqlite:///{tmp_path / 'coverplan.db'}")
    migrate(database)
    assert is_loopback(host)
    check_address(Settings(host=host), database)
    database.close()


def test_the_log_is_json_and_carries_the_request_id(tmp_path: Path) -> None:
    """And a load balancer that asks by HEAD is answered."""
    with service(tmp_path) as running, running.client() as client:
        for path in ("/healthz", "/readyz", "/v1/constraint-kinds"):
            head, whole = client.head(path), client.get(path)
            assert (head.status_code, head.content) == (200, b"")
            assert head.headers.get("content-length") == whole.headers.get("content-length")
        run_id = client.post("/v1/runs", json=TINY).json()["run_id"]
        assert client.head(f"/v1/runs/{run_id}/events").status_code == 200  # GET would wait for a worker
        client.get("/v1/limits", headers={"X-Request-ID": "mine-1"})
        client.get("/v1/limits", headers={"X-Request-ID": 'spoofed"}'})

    lines = [json.loads(line) for line in running.log.read_text().splitlines()]
    requests = [line for line in lines if line["event"] == "request" and line["path"] == "/v1/limits"]
    assert requests[0]["request_id"] == "mine-1"
    assert "spoofed" not in requests[1]["request_id"]


def test_stopping_kills_running_solves(tmp_path: Path) -> None:
    body = json.dumps(hard_request(), default=str)
    with (
        service(tmp_path, shutdown_s=1) as running,
        running.client() as http,
        connect_sse(http, "POST", "/v1/solve", content=body, headers=EVENTS) as source,
    ):
        next(source.iter_sse())
        children = running.children()
        running.process.send_signal(signal.SIGTERM)
        assert running.process.wait(timeout=10) is not None
        _, alive = psutil.wait_procs(children, timeout=5)
        assert not alive
        with pytest.raises(httpx.HTTPError):
            http.get("/healthz")


def has_a_plan(work: Path) -> bool:
    """Whether some solve has kept a plan among its files."""
    kept = [Checkpoint.read(file.parent) for file in work.rglob(CHECKPOINT_FILE)]
    return any(one.reps is not None for one in kept)


PATIENT_S = 20
"""Seconds that running requests get to end: a child has to start and to decode the plan."""


def test_a_solve_is_answered_by_a_service_that_stops(tmp_path: Path) -> None:
    """With the best plan so far."""
    request = hard_request()
    body = json.dumps(request, default=str)
    with service(tmp_path, shutdown_s=PATIENT_S) as running, running.client() as http, ThreadPoolExecutor(1) as threads:
        waiting = threads.submit(http.post, "/v1/solve", content=body, headers=JSON)
        assert wait_for(lambda: has_a_plan(tmp_path / "work"), 60)
        running.process.send_signal(signal.SIGTERM)
        answer = waiting.result(60)
        assert running.process.wait(timeout=30) is not None

    plan = answer.json()
    assert answer.status_code == 200, plan
    assert (plan["solution_status"], plan["stopped_by"]) == ("feasible", "shutdown")
    assert verify(request["problem"], request["policy"], plan).ok
    assert "Traceback" not in running.log.read_text()


def test_a_call_that_has_no_answer_yet_is_told_to_come_back(tmp_path: Path) -> None:
    """It waits for a slot, and the service stops at once."""
    body = json.dumps(hard_request(), default=str)
    with service(tmp_path, shutdown_s=PATIENT_S) as running, running.client() as http, ThreadPoolExecutor(2) as threads:
        first = threads.submit(http.post, "/v1/solve", content=body, headers=JSON)
        assert wait_for(lambda: has_a_plan(tmp_path / "work"), 60)
        second = threads.submit(http.post, "/v1/solve", content=body, headers=JSON)
        time.sleep(1)
        running.process.send_signal(signal.SIGTERM)
        answer = second.result(60)
        first.result(60)

    assert (answer.status_code, answer.json()["code"]) == (503, "shutting_down")
    assert int(answer.headers["retry-after"]) > 0


@pytest.mark.parametrize("shutdown_s", [0, PATIENT_S])
def test_the_stream_of_a_solve_ends_with_an_event(tmp_path: Path, shutdown_s: float) -> None:
    """Its plan where there is time for it, and else an error that says why."""
    body = json.dumps(hard_request(), default=str)
    heard: list[tuple[str, dict[str, Any]]] = []
    with (
        service(tmp_path, shutdown_s=shutdown_s) as running,
        running.client() as http,
        connect_sse(http, "POST", "/v1/solve", content=body, headers=EVENTS) as source,
    ):
        stopping = False
        for event in source.iter_sse():
            heard.append((event.event, json.loads(event.data)))
            if not stopping and heard[-1][1].get("objective_value") is not None:
                stopping = True
                running.process.send_signal(signal.SIGTERM)

    assert "Traceback" not in running.log.read_text()
    kind, last = heard[-1]
    if shutdown_s:
        assert (kind, last["stopped_by"]) == ("plan", "shutdown")
    else:
        assert (kind, last["code"]) == ("error", "shutting_down")


def test_a_stream_of_events_says_that_the_service_stops(tmp_path: Path) -> None:
    """Whoever listens goes on with the next service, after the last number that was heard."""
    with service(tmp_path, shutdown_s=PATIENT_S) as running, running.client() as http:
        run_id = http.post("/v1/runs", content=json.dumps(hard_request(), default=str), headers=JSON).json()["run_id"]
        heard = []
        with connect_sse(http, "GET", f"/v1/runs/{run_id}/events") as source:
            for event in source.iter_sse():
                if event.event == "queued":
                    running.process.send_signal(signal.SIGTERM)
                if event.data:
                    heard.append((event.event, event.id))

    assert heard == [("queued", "1"), ("closing", "1")]
    assert "Traceback" not in running.log.read_text()
