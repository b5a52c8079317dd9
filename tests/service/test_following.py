"""One request can be followed: from its line in the service's log to the lines of the worker, and who sent it."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from opentelemetry import trace
from opentelemetry.trace import NonRecordingSpan, SpanContext, TraceFlags

from coverplan.tracing import Trace, continued
from support.api_keys import bearer, new_key
from support.datasets import ended, send
from support.deployment import TINY, Deployment, deployment
from support.service import in_process, wait_for
from support.timing import PATIENCE_S

TRACE_ID = "4bf92f3577b34da6a3ce929d0e0e4736"
PARENT = f"00-{TRACE_ID}-00f067aa0ba902b7-01"
NDJSON = {"Content-Type": "application/x-ndjson"}
EXPERIMENT = {"problems": [{"problem": TINY["problem"]}], "options": TINY["options"]}


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Deployment]:
    with deployment(tmp_path_factory.mktemp("followed")) as started:
        yield started


def asked(request_id: str, **more: str) -> dict[str, str]:
    """The headers of a call that is followed."""
    return {"X-Request-ID": request_id, "traceparent": PARENT, "tracestate": "shop=1,other=2", **more}


def lines(running: Deployment, log: str, **facts: Any) -> list[dict[str, Any]]:
    """Lines of a log that say these facts."""
    found = [json.loads(line) for line in running.log(log).splitlines() if line.startswith("{")]
    return [line for line in found if facts.items() <= line.items()]


def told(running: Deployment, event: str, **facts: Any) -> list[dict[str, Any]]:
    """The same of the worker, once there is a line of this event."""
    assert wait_for(lambda: lines(running, "worker-0.log", event=event, **facts), PATIENCE_S)
    return lines(running, "worker-0.log", event=event, **facts)


def test_a_run_is_followed_from_its_call_to_its_end(running: Deployment) -> None:
    """Its id is in the line of its call, and of each later one; the call's id and trace in the lines of the worker."""
    with running.client() as client:
        run_id = client.post("/v1/runs", json=TINY, headers=asked("call-1")).json()["run_id"]
        state = running.wait(run_id)
        client.get(f"/v1/runs/{run_id}/plan", headers={"X-Request-ID": "call-2"})

    [posted] = lines(running, "api.log", event="request", request_id="call-1")
    assert (posted["run_id"], posted["trace_id"], posted["status"]) == (run_id, TRACE_ID, 202)
    [looked] = lines(running, "api.log", event="request", request_id="call-2")
    assert looked["run_id"] == run_id
    assert "trace_id" not in looked
    for event in ("run started", "run ended"):
        [line] = told(running, event, run_id=run_id)
        assert (line["request_id"], line["trace_id"]) == ("call-1", TRACE_ID)
    assert (state["request_id"], state["created_by"]) == ("call-1", None)


def test_a_call_that_is_made_again_leads_to_the_same_run(running: Deployment) -> None:
    headers = asked("first", **{"Idempotency-Key": "followed"})
    with running.client() as client:
        run_id = client.post("/v1/runs", json=TINY, headers=headers).json()["run_id"]
        client.post("/v1/runs", json=TINY, headers={**headers, "X-Request-ID": "again"})

    [line] = lines(running, "api.log", event="request", request_id="again")
    assert line["run_id"] == run_id


def test_what_comes_of_a_call_is_followed_too(running: Deployment) -> None:
    """Lines of a batch, cells of an experiment with its comparison, and the check of a dataset."""
    with running.client() as client:
        batch = client.post("/v1/batches", content=json.dumps(TINY), headers=asked("batch-call", **NDJSON))
        experiment = client.post("/v1/experiments", json=EXPERIMENT, headers=asked("experiment-call")).json()
        client.headers.update(asked("dataset-call"))
        tables = {"accounts": b'{"id": "a1"}\n', "reps": b'{"id": "r1"}\n'}
        dataset_id = send(client, tables, "ndjson")["dataset_id"]
        ended(client, dataset_id)

    batch_id = batch.headers["coverplan-batch-id"]
    assert lines(running, "api.log", request_id="batch-call", event="request")[0]["batch_id"] == batch_id
    for request_id, event in (
        ("batch-call", "run ended"),
        ("experiment-call", "run ended"),
        ("experiment-call", "experiment completed"),
        ("dataset-call", "dataset checked"),
    ):
        assert {line["trace_id"] for line in told(running, event, request_id=request_id)} == {TRACE_ID}
    assert lines(running, "api.log", event="request", experiment_id=experiment["experiment_id"])


def test_who_created_something_is_told(database_url: str, tmp_path: Path) -> None:
    """The key of the call, of runs of a batch too; another key of the tenant sees it."""
    headers, other = (bearer(new_key(database_url)) for _ in range(2))
    with in_process(database_url, tmp_path) as client:

        def told(path: str) -> dict[str, Any]:
            document: dict[str, Any] = client.request("GET", path, headers=other).json()
            return document

        made = [
            client.request("POST", "/v1/runs", json=TINY, headers=headers).headers["location"],
            client.request("POST", "/v1/experiments", json=EXPERIMENT, headers=headers).headers["location"],
            client.request("POST", "/v1/datasets", json={}, headers=headers).headers["location"],
            client.request("POST", "/v1/batches", content=json.dumps(TINY), headers=headers | NDJSON).headers[
                "location"
            ],
        ]
        states = [*map(told, made), *told(f"/v1/runs?batch_id={made[-1].rpartition('/')[2]}")["items"]]

    assert len(states) == 5
    for state in states:
        assert state["created_by"]["name"] == "a test's"
        assert state["created_by"]["key_id"].startswith("key-")
        assert len(state["request_id"]) == 32


@pytest.mark.parametrize(
    ("headers", "expected"),
    [
        ({"traceparent": PARENT}, Trace(PARENT)),
        ({"traceparent": PARENT, "tracestate": "a=1, b=2"}, Trace(PARENT, "a=1,b=2")),
        ({"traceparent": PARENT, "tracestate": f"a={'x' * 200},b={'x' * 200},c={'x' * 200}"}, Trace(PARENT)),
        ({"traceparent": PARENT, "tracestate": "no state\x00"}, Trace(PARENT)),
        ({"tracestate": "a=1"}, Trace()),
        ({"traceparent": PARENT.replace("00-", "ff-", 1)}, Trace()),
        ({"traceparent": PARENT.replace(TRACE_ID, "0" * 32)}, Trace()),
        ({"traceparent": PARENT.upper()}, Trace()),
        ({"traceparent": PARENT + "-more"}, Trace()),
        ({"traceparent": "'; DROP TABLE runs"}, Trace()),
        ({}, Trace()),
    ],
)
def test_a_trace_is_taken_up_as_the_standard_says(headers: dict[str, str], expected: Trace) -> None:
    """What is wrong is as if it were not there; a state of more than 512 characters is dropped."""
    assert Trace.of(headers) == expected
    assert Trace.of(expected.headers) == expected


def test_a_span_at_work_is_what_is_passed_on() -> None:
    """Where an SDK makes spans, the parent is ours, in the trace of the caller."""
    ours = SpanContext(int(TRACE_ID, 16), 7, is_remote=False, trace_flags=TraceFlags(1))
    with trace.use_span(NonRecordingSpan(ours)):
        found = Trace.of({"traceparent": PARENT})

    assert found == Trace(f"00-{TRACE_ID}-{7:016x}-01")


def test_work_goes_on_in_the_trace_of_the_call() -> None:
    with continued(Trace(PARENT, "a=1"), "run", run_id="run-1") as within:
        assert within.id == TRACE_ID
        assert Trace.of({}) == within
    assert Trace.of({}) == Trace()
