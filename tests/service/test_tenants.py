"""No call crosses a tenant: every route with an id is tried with the ids of another tenant.

Routes come from the OpenAPI document, which is the app's own. Whoever adds a route with a new parameter in its path
adds to `MAKERS` how to make one. A route that needs more than the document's examples has it in `BODIES` or
`QUERIES`, one that cannot work on what was made is in `DENIED_TO_ITS_OWNER`.
"""

from __future__ import annotations

import json
import re
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, NamedTuple

import httpx
import pytest

from support.api_keys import bearer, new_key
from support.batches import NDJSON, lines
from support.datasets import ended, send
from support.deployment import TINY, deployment
from support.timing import PATIENCE_S, look_again

DOCUMENT: dict[str, Any] = json.loads((Path(__file__).parents[2] / "openapi" / "openapi.json").read_text())
ABSENT = "no-such-thing-0123456789"
PARAMETER = re.compile(r"\{(\w+)\}")


class Route(NamedTuple):
    """A call of the API."""

    method: str
    path: str

    def __str__(self) -> str:
        return f"{self.method} {self.path}"


class Tenants(NamedTuple):
    """Two tenants of one service, and what the first has made: an id for each parameter."""

    owner: httpx.Client
    stranger: httpx.Client
    ids: dict[str, str]


def _completed_run(owner: httpx.Client) -> str:
    answer = owner.post("/v1/runs", json={**TINY, "name": "a secret name", "tags": ["a-secret-tag"]})
    assert answer.status_code == 202, answer.text
    began = time.monotonic()
    while owner.get(answer.headers["location"]).json()["job_status"] != "completed":
        assert time.monotonic() < began + PATIENCE_S
        look_again(began)
    return str(answer.json()["run_id"])


def _webhook(owner: httpx.Client) -> str:
    answer = owner.post("/v1/webhooks", json={"url": "https://hooks.example/a-secret-place"})
    assert answer.status_code == 201, answer.text
    return str(answer.json()["id"])


def _dataset(owner: httpx.Client) -> str:
    tables = {
        "accounts": b'{"id": "a1", "name": "a secret account"}\n{"id": "a2"}\n',
        "reps": b'{"id": "r1"}\n{"id": "r2"}\n',
    }
    dataset_id = str(send(owner, tables, "ndjson", name="a secret name")["dataset_id"])
    assert ended(owner, dataset_id)["valid"]
    return dataset_id


def _policy(owner: httpx.Client) -> str:
    answer = owner.post("/v1/policies", json={"name": "a-secret-policy", "policy": {"constraints": []}})
    assert answer.is_success, answer.text
    return "a-secret-policy"


def _batch(owner: httpx.Client) -> str:
    answer = owner.post("/v1/batches", content=b"".join(lines([TINY, TINY])), headers=NDJSON)
    batch_id = answer.headers["coverplan-batch-id"]
    began = time.monotonic()
    while owner.get(f"/v1/batches/{batch_id}").json()["runs"]["completed"] < 2:
        assert time.monotonic() < began + PATIENCE_S
        look_again(began)
    return batch_id


def _experiment(owner: httpx.Client) -> str:
    document = {"name": "a secret name", "problems": [{"problem": TINY["problem"]}], "options": TINY["options"]}
    answer = owner.post("/v1/experiments", json=document)
    assert answer.status_code == 202, answer.text
    began = time.monotonic()
    while owner.get(answer.headers["location"]).json()["job_status"] != "completed":
        assert time.monotonic() < began + PATIENCE_S
        look_again(began)
    return str(answer.json()["experiment_id"])


MAKERS: dict[str, Callable[[httpx.Client], str]] = {
    "batch_id": _batch,
    "dataset_id": _dataset,
    "experiment_id": _experiment,
    "name": _policy,
    "run_id": _completed_run,
    "webhook_id": _webhook,
}
"""How its owner makes what a parameter names."""
PARTS = {"table": "accounts", "version": "1"}
"""Parameters that name a part of what was made: the same for every tenant."""
BODIES = {
    Route("PUT", "/v1/datasets/{dataset_id}/tables/{table}"): ("application/x-ndjson", b'{"id": "a1"}\n'),
    Route("POST", "/v1/datasets/{dataset_id}/patch"): ("application/json", b'{"accounts": {"remove": ["a2"]}}'),
}
"""Media type and body of routes without an example in the document, or one that does not fit."""
QUERIES = {Route("GET", "/v1/policies/{name}/diff"): {"from": "1"}}
NAMED: dict[str, tuple[Callable[[httpx.Client], str], Callable[[str], dict[str, Any]]]] = {
    "start_run_id": (_completed_run, lambda run_id: {**TINY, "start_run_id": run_id}),
    "dataset_id": (_dataset, lambda dataset_id: {"dataset_id": dataset_id}),
    "policy_ref": (_policy, lambda name: {"problem": TINY["problem"], "policy_ref": {"name": name}}),
}
"""What the body of a run may name: how to make it, and the body that does."""
DENIED_TO_ITS_OWNER = {Route("PUT", "/v1/datasets/{dataset_id}/tables/{table}"): 409}
"""Routes that answer the owner, too, with this status: what was made is in no state for it."""

ROUTES = [
    Route(method.upper(), path)
    for path, methods in DOCUMENT["paths"].items()
    for method in methods
    if PARAMETER.search(path)
]
LISTS = [path for path, methods in DOCUMENT["paths"].items() if "get" in methods and not PARAMETER.search(path)]
CALMEST_FIRST = sorted(ROUTES, key=lambda route: ("GET", "HEAD", "PUT", "PATCH", "POST", "DELETE").index(route.method))
"""What a route does to what was made must not keep the next from being tried."""


@pytest.fixture(scope="module", params=["sqlite", "postgresql"])
def tenants(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Tenants]:
    """A service with a worker, keys of two tenants, and one of each thing that the first has made."""
    folder = tmp_path_factory.mktemp("tenants")
    url = None if request.param == "sqlite" else request.getfixturevalue("postgres").database()
    database = url or f"sqlite:///{folder / 'data' / 'coverplan.db'}"
    owner, stranger = (bearer(new_key(database, tenant=tenant)) for tenant in ("owner", "stranger"))
    with (
        deployment(folder, database_url=url) as started,
        httpx.Client(base_url=started.url, headers=owner, timeout=60, trust_env=False) as mine,
        httpx.Client(base_url=started.url, headers=stranger, timeout=60, trust_env=False) as theirs,
    ):
        yield Tenants(mine, theirs, {name: make(mine) for name, make in MAKERS.items()})


def _call(client: httpx.Client, route: Route, ids: dict[str, str]) -> httpx.Response:
    """The route with these ids, its first example as body, and the least that it requires."""
    operation = DOCUMENT["paths"][route.path][route.method.lower()]
    media_type, body = BODIES.get(route) or _example(operation)
    headers = {"Content-Type": media_type} if media_type else {}
    path = route.path.format(**ids, **PARTS)
    return client.request(route.method, path, params=QUERIES.get(route), headers=headers, content=body)


def _patient_call(client: httpx.Client, route: Route, ids: dict[str, str]) -> httpx.Response:
    """The same by the owner, again while a worker is at what the route is to change."""
    until = time.monotonic() + 30
    while (answer := _call(client, route, ids)).status_code == 409 and route not in DENIED_TO_ITS_OWNER:
        assert time.monotonic() < until, answer.text
        time.sleep(0.1)
    return answer


def _example(operation: dict[str, Any]) -> tuple[str, bytes]:
    for media_type, content in operation.get("requestBody", {}).get("content", {}).items():
        for example in content.get("examples", {}).values():
            return media_type, json.dumps(example["value"]).encode()
    return "", b""


def _shape(answer: httpx.Response, ids: dict[str, str]) -> dict[str, Any]:
    """An error without what differs from call to call: its request's id, and the ids of the call."""
    text = answer.text
    for value in ids.values():
        text = text.replace(value, "ID")
    return {**json.loads(text), "request_id": None}


def test_every_parameter_can_be_made() -> None:
    """A route that nobody can call here would be tested by nothing."""
    assert {name for route in ROUTES for name in PARAMETER.findall(route.path)} == {*MAKERS, *PARTS}
    assert {*BODIES, *QUERIES, *DENIED_TO_ITS_OWNER} <= set(ROUTES)


def test_no_route_knows_what_another_tenant_made(tenants: Tenants) -> None:
    """404, in the very words for what does not exist; nothing happens to it; and its owner gets to it by each route."""
    absent = dict.fromkeys(tenants.ids, ABSENT)
    kept = {route: _call(tenants.owner, route, tenants.ids).text for route in ROUTES if _is_state(route)}

    for route in ROUTES:
        refused = _call(tenants.stranger, route, tenants.ids)
        assert (refused.status_code, refused.json()["code"]) == (404, "not_found"), f"{route}: {refused.text}"
        assert _shape(refused, tenants.ids) == _shape(_call(tenants.stranger, route, absent), absent), route
    assert {route: _call(tenants.owner, route, tenants.ids).text for route in kept} == kept
    for route in CALMEST_FIRST:
        answer = _patient_call(tenants.owner, route, tenants.ids)
        expected = DENIED_TO_ITS_OWNER.get(route)
        assert answer.status_code == expected if expected else answer.is_success, f"{route}: {answer.text}"


def test_no_list_shows_what_another_tenant_made(tenants: Tenants) -> None:
    """Nor do filters by its name, its tag or an id find it."""
    made = _completed_run(tenants.owner)
    filters: list[dict[str, str]] = [{}, {"tag": "a-secret-tag"}, {"name": "a secret name"}]

    for path in LISTS:
        for wanted in filters:
            shown = tenants.stranger.get(path, params=wanted).text
            assert not any(value in shown for value in (*tenants.ids.values(), made)), path
    assert made in tenants.owner.get("/v1/runs").text


@pytest.mark.parametrize("word", NAMED)
def test_a_run_takes_nothing_from_another_tenant(word: str, tenants: Tenants) -> None:
    """What a body names is looked up among the caller's own, too; in a batch as in a single run."""
    make, request_of = NAMED[word]
    made = make(tenants.owner)

    refused = tenants.stranger.post("/v1/runs", json=request_of(made))
    absent = tenants.stranger.post("/v1/runs", json=request_of(ABSENT))

    assert refused.status_code == absent.status_code == 404
    assert _shape(refused, {"id": made}) == _shape(absent, {"id": ABSENT})
    assert [_ticket(tenants.stranger, request_of(name))["error"]["code"] for name in (made, ABSENT)] == [
        "not_found"
    ] * 2
    assert tenants.owner.post("/v1/runs", json=request_of(made)).status_code == 202
    assert _ticket(tenants.owner, request_of(made))["run_id"]


def _ticket(client: httpx.Client, request: dict[str, Any]) -> dict[str, Any]:
    """What a batch of one line is answered."""
    answer = client.post("/v1/batches", content=b"".join(lines([request])), headers=NDJSON)
    ticket: dict[str, Any] = json.loads(answer.text)
    return ticket


def test_a_run_of_the_same_content_is_not_another_tenants(tenants: Tenants) -> None:
    """Reuse of what has the same content, and answers under the same idempotency key, stay within a tenant."""
    document = {**TINY, "reuse": True}
    key = {"Idempotency-Key": "everybody-takes-this-one"}
    _completed_run(tenants.owner)

    mine = tenants.owner.post("/v1/runs", json=document, headers=key)
    theirs = tenants.stranger.post("/v1/runs", json=document, headers=key)

    assert (mine.status_code, theirs.status_code) == (200, 202)
    assert mine.json()["run_id"] != theirs.json()["run_id"]
    assert "idempotency-replayed" not in theirs.headers


def _is_state(route: Route) -> bool:
    """Whether a route shows one thing made, as JSON."""
    return route.method == "GET" and route.path.endswith("}")
