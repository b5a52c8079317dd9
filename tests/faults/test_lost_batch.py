"""Workers and services are killed in the middle of batches: each line runs once, and has one result."""

from __future__ import annotations

import json
import signal
import time
from pathlib import Path
from typing import Any

import httpx
import pytest

from support.batches import NDJSON, HalfCall, lines, post, results, tiny, wait, worth
from support.deployment import Deployment, deployment, slow
from support.receiver import receiver
from support.timing import PATIENCE_S

LINES = 150


def test_a_worker_is_killed_in_the_middle_of_a_pack(database_url: str, tmp_path: Path) -> None:
    """Another one works on the rest of the pack; what had ended stays as it is, and the end of all is told once."""
    url = None if database_url.startswith("sqlite") else database_url
    with receiver() as place, deployment(tmp_path, database_url=url, webhook_allow='["127.0.0.0/8"]') as running:
        with running.client() as client:
            webhook_id = client.post("/v1/webhooks", json={"url": place.url("/200")}).json()["id"]
        batch_id, tickets = post(running, (tiny(n) for n in range(1, LINES + 1)))
        before = _when_some_have_ended(running, batch_id, 10)
        victim = running.workers.pop()
        victim.send_signal(signal.SIGKILL)
        victim.wait()
        running.start_worker()
        state = wait(running, batch_id)
        found = results(running, batch_id)
        with running.client() as client:
            events = [client.get(f"/v1/runs/{ticket['run_id']}/events").text for ticket in tickets]
            told = client.get(f"/v1/webhooks/{webhook_id}/deliveries").json()["items"]

    assert [(one["kind"], one["batch_id"]) for one in told] == [("batch.completed", batch_id)]
    assert before < LINES
    assert state["runs"]["completed"] == LINES
    assert [one["plan"]["objective"]["value"] for one in found] == pytest.approx([worth(n + 1) for n in range(LINES)])
    assert [text.count("event: ended") for text in events] == [1] * LINES
    assert sum(text.count("event: started") for text in events) <= LINES + 6  # six are near


def test_a_run_over_which_workers_are_lost_takes_no_others_along(tmp_path: Path) -> None:
    """Three workers are killed over the first run of a batch: those that were near it twice are not the third time."""
    with deployment(tmp_path) as running:
        batch_id, tickets = post(running, [slow(4), *(tiny(n) for n in range(1, 33))])
        suspect = tickets[0]["run_id"]
        near = list[set[str]]()
        for attempt in (1, 2, 3):
            _when_begun(running, suspect, attempt)
            near.append(_claimed(running, batch_id, attempt))
            victim = running.workers.pop()
            victim.send_signal(signal.SIGKILL)
            victim.wait()
            running.start_worker()
        counts = wait(running, batch_id)["runs"]
        attempts = _attempts(running, batch_id)

    assert counts["completed"] == len(tickets)
    assert len(near[0]) > 1
    assert suspect in near[1]  # and those that had no slot before it
    assert near[2] == {suspect}
    assert attempts.pop(suspect) == 4
    assert max(attempts.values()) <= 3


def test_a_service_is_killed_while_it_takes_lines_in(database_url: str, tmp_path: Path) -> None:
    """Lines that had their tickets are there; the same call again takes in the others, each once."""
    url = None if database_url.startswith("sqlite") else database_url
    documents = [tiny(n) for n in range(1, LINES + 1)]
    with deployment(tmp_path, database_url=url, slots=2) as running:
        call = HalfCall(running, "killed")
        call.send(documents[:100])
        call.hear(70)
        assert running.api is not None
        running.api.send_signal(signal.SIGKILL)
        running.api.wait()
        call.socket.close()
        running.start_api("--role", "api")
        batch_id, tickets = _again(running, documents)
        state = wait(running, batch_id)
        found = results(running, batch_id)
        with running.client() as client:
            listed = client.get("/v1/batches").json()["items"]

    told = call.heard.count(b'"run_id":"run-')
    assert told >= 70
    assert all(ticket["run_id"].encode() in call.heard for ticket in tickets[:told])
    assert (state["lines"], state["runs"]["completed"]) == (LINES, LINES)
    assert len({one["run_id"] for one in found}) == LINES
    assert [one["batch_id"] for one in listed] == [batch_id]


def test_a_service_that_stops_says_so_in_the_last_line(tmp_path: Path) -> None:
    """The same call to the next service takes in the rest, each line once."""
    documents = [tiny(n) for n in range(1, 9)]
    with deployment(tmp_path, workers=0, shutdown_s=2) as running:
        call = HalfCall(running, "killed")
        call.send(documents[:4])
        call.hear(4)
        assert running.api is not None
        running.api.send_signal(signal.SIGTERM)
        while data := call.socket.recv(65536):
            call.heard += data
        running.api.wait(30)
        call.socket.close()
        running.start_api("--role", "api")
        batch_id, tickets = _again(running, documents)
        with running.client() as client:
            state = client.get(f"/v1/batches/{batch_id}").json()

    last = json.loads(call.heard.split(b"\r\n")[-4])
    assert (last["line"], last["error"]["code"]) == (None, "shutting_down")
    assert call.heard.endswith(b"0\r\n\r\n")
    assert (len(tickets), state["lines"], state["closed"]) == (8, 8, True)


def _when_begun(running: Deployment, run_id: str, attempt: int) -> None:
    until = time.monotonic() + PATIENCE_S
    while (state := running.state(run_id))["attempts"] < attempt or state["phase"] == "load":
        assert time.monotonic() < until, state
        time.sleep(0.02)


def _claimed(running: Deployment, batch_id: str, attempt: int) -> set[str]:
    """Runs of a batch that are claimed for so many times by now, and have not ended."""
    return {run["run_id"] for run in _runs(running, batch_id) if run["attempts"] == attempt and not run["ended_at"]}


def _attempts(running: Deployment, batch_id: str) -> dict[str, int]:
    return {run["run_id"]: run["attempts"] for run in _runs(running, batch_id)}


def _runs(running: Deployment, batch_id: str) -> list[dict[str, Any]]:
    with running.client() as client:
        found: list[dict[str, Any]] = client.get("/v1/runs", params={"batch_id": batch_id, "limit": 100}).json()[
            "items"
        ]
    return found


def _when_some_have_ended(running: Deployment, batch_id: str, some: int) -> int:
    until = time.monotonic() + PATIENCE_S
    with running.client() as client:
        while (ended := client.get(f"/v1/batches/{batch_id}").json()["runs"]["completed"]) < some:
            assert time.monotonic() < until
            time.sleep(0.02)
    return int(ended)


def _again(running: Deployment, documents: list[Any]) -> tuple[str, list[dict[str, Any]]]:
    """The call again; a service on PostgreSQL waits a while for the one that was at it."""
    headers = {**NDJSON, "Idempotency-Key": "killed"}
    until = time.monotonic() + 30
    while True:
        with running.client() as client:
            answer = client.post("/v1/batches", content=lines(documents), headers=headers)
        if answer.status_code != httpx.codes.CONFLICT:
            return post(running, documents, **{"Idempotency-Key": "killed"})
        assert time.monotonic() < until
        time.sleep(0.2)
