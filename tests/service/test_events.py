"""A solve as a stream of events."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path
from typing import Any

import httpx
import pytest
from httpx_sse import connect_sse

from coverplan.client import Client, RefusedError, UnavailableError
from coverplan.client.errors import ConnectionFailedError
from coverplan.payload.plan import AssignmentIn, Plan, Progress
from coverplan.payload.policy import Policy
from coverplan.payload.problem import Problem
from coverplan.verify import verify
from support.books import hard_request
from support.service import EVENTS, Service, service, wait_for

SMALL = json.loads((Path(__file__).parents[2] / "openapi" / "examples" / "small.json").read_text())


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    with service(tmp_path_factory.mktemp("service"), queue_wait_s=0.2) as running:
        yield running


def test_progress_comes_every_second_and_the_plan_last(running: Service) -> None:
    body = json.dumps(hard_request(time_limit_s=4.0), default=str)
    times, events = [time.monotonic()], []
    with running.client() as http, connect_sse(http, "POST", "/v1/solve", content=body, headers=EVENTS) as source:
        for event in source.iter_sse():
            times.append(time.monotonic())
            events.append((event.event, json.loads(event.data)))

    assert [kind for kind, _ in events] == ["progress"] * (len(events) - 1) + ["plan"]
    assert len(events) > 4
    pauses = sorted(after - before for before, after in pairwise(times[1:-1]))
    assert pauses[-2] < 1.5  # once the tests beside this one may hold the processors
    known = [news["objective_value"] for _, news in events[:-1] if news["objective_value"] is not None]
    assert known == sorted(known)  # incumbents only get better
    plan: Any = events[-1][1]
    assert plan["stopped_by"] == "time_limit"
    request = hard_request(time_limit_s=4.0)
    problem = Problem.model_validate_json(json.dumps(request["problem"], default=str))
    policy = Policy.model_validate_json(json.dumps(request["policy"]))
    assert verify(problem.model_dump(mode="json"), policy.filled(), plan).ok


def test_errors_before_the_solve_are_no_stream(running: Service) -> None:
    with running.client() as http:
        response = http.post("/v1/solve", content=b"{}", headers=EVENTS)

    assert response.status_code == 422
    assert response.headers["content-type"] == "application/problem+json"


def test_the_client_solves_validates_and_evaluates(running: Service) -> None:
    news: list[Progress] = []
    problem = Problem.model_validate_json(json.dumps(SMALL["problem"]))
    with Client(running.url) as client:
        assert client.ready()
        plan = client.solve(problem, SMALL["policy"], SMALL["options"], on_progress=news.append)
        assert plan.objective is not None
        assert news
        assert client.validate(problem, SMALL["policy"]).valid
        given = [
            AssignmentIn(account_id=item.account_id, role=item.role, rep_id=item.rep_id) for item in plan.assignments
        ]
        again = client.evaluate(problem, SMALL["policy"], given)
        assert again.objective is not None
        assert again.objective.value == pytest.approx(plan.objective.value, abs=1e-6)
        assert isinstance(client.solve(problem, start_plan=plan), Plan)


def test_the_client_raises_the_error_document(running: Service) -> None:
    with Client(running.url) as client, pytest.raises(RefusedError) as refusal:
        client.solve({"accounts": [{"id": "a", "territory_id": "x"}], "reps": [{"id": "r"}]})

    assert [issue.code for issue in refusal.value.document.errors] == ["unknown_territory"]


def test_a_busy_service_says_when_to_come_back(running: Service) -> None:
    """The one slot is taken by a stream that is not read to its end."""
    body = json.dumps(hard_request(), default=str)
    with running.client() as http, connect_sse(http, "POST", "/v1/solve", content=body, headers=EVENTS) as source:
        assert source.response.status_code == 200
        with Client(running.url, patience_s=0) as client, pytest.raises(UnavailableError) as refusal:
            client.solve(SMALL["problem"])
    assert refusal.value.retry_after_s > 0

    with Client(running.url, patience_s=0) as client:
        assert wait_for(lambda: _solves(client))


def _solves(client: Client) -> bool:
    try:
        return client.solve(SMALL["problem"]).objective is not None
    except UnavailableError:
        return False


def test_no_service_is_a_connection_failure() -> None:
    def lost(_: httpx.Request) -> httpx.Response:
        raise httpx.ConnectError("refused")

    with Client(patience_s=0, transport=httpx.MockTransport(lost)) as client:
        assert not client.ready()
        with pytest.raises(ConnectionFailedError, match="refused"):
            client.validate({})
