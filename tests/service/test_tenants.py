"""No call crosses a tenant: every route with an id is tried with the ids of another tenant.

Routes come from the OpenAPI document, which is the app's own; `support.operations` knows how to make what they name.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

import httpx
import pytest

from coverplan.payload.keys import Scope
from support.api_keys import bearer, new_key
from support.batches import NDJSON, lines
from support.deployment import TINY, deployment
from support.operations import (
    BODIES,
    CALMEST_FIRST,
    DENIED_TO_ITS_OWNER,
    MAKERS,
    PARAMETER,
    PARTS,
    QUERIES,
    Route,
    call,
    patient_call,
)

ABSENT = "no-such-thing-0123456789"


class Tenants(NamedTuple):
    """Two tenants of one service, and what the first has made: an id for each parameter."""

    owner: httpx.Client
    stranger: httpx.Client
    ids: dict[str, str]


NAMED: dict[str, tuple[Callable[[httpx.Client], str], Callable[[str], dict[str, Any]]]] = {
    "start_run_id": (MAKERS["run_id"], lambda run_id: {**TINY, "start_run_id": run_id}),
    "dataset_id": (MAKERS["dataset_id"], lambda dataset_id: {"dataset_id": dataset_id}),
    "policy_ref": (MAKERS["name"], lambda name: {"problem": TINY["problem"], "policy_ref": {"name": name}}),
}
"""What the body of a run may name: how to make it, and the body that does."""

ROUTES = [route for route in CALMEST_FIRST if PARAMETER.search(route.path)]
LISTS = [route.path for route in CALMEST_FIRST if route.method == "GET" and not PARAMETER.search(route.path)]


@pytest.fixture(scope="module", params=["sqlite", "postgresql"])
def tenants(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Tenants]:
    """A service with a worker, keys of two tenants, and one of each thing that the first has made."""
    folder = tmp_path_factory.mktemp("tenants")
    url = None if request.param == "sqlite" else request.getfixturevalue("postgres").database()
    database = url or f"sqlite:///{folder / 'data' / 'coverplan.db'}"
    owner, stranger = (
        bearer(new_key(database, tenant=tenant, scopes=tuple(Scope))) for tenant in ("owner", "stranger")
    )
    with (
        deployment(folder, database_url=url) as started,
        httpx.Client(base_url=started.url, headers=owner, timeout=60, trust_env=False) as mine,
        httpx.Client(base_url=started.url, headers=stranger, timeout=60, trust_env=False) as theirs,
    ):
        yield Tenants(mine, theirs, {name: make(mine) for name, make in MAKERS.items()})


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
    kept = {route: call(tenants.owner, route, tenants.ids).text for route in ROUTES if _is_state(route)}

    for route in ROUTES:
        refused = call(tenants.stranger, route, tenants.ids)
        assert (refused.status_code, refused.json()["code"]) == (404, "not_found"), f"{route}: {refused.text}"
        assert _shape(refused, tenants.ids) == _shape(call(tenants.stranger, route, absent), absent), route
    assert {route: call(tenants.owner, route, tenants.ids).text for route in kept} == kept
    for route in ROUTES:
        answer = patient_call(tenants.owner, route, tenants.ids)
        expected = DENIED_TO_ITS_OWNER.get(route)
        assert answer.status_code == expected if expected else answer.is_success, f"{route}: {answer.text}"


def test_no_list_shows_what_another_tenant_made(tenants: Tenants) -> None:
    """Nor do filters by its name, its tag or an id find it."""
    made = MAKERS["run_id"](tenants.owner)
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
    MAKERS["run_id"](tenants.owner)

    mine = tenants.owner.post("/v1/runs", json=document, headers=key)
    theirs = tenants.stranger.post("/v1/runs", json=document, headers=key)

    assert (mine.status_code, theirs.status_code) == (200, 202)
    assert mine.json()["run_id"] != theirs.json()["run_id"]
    assert "idempotency-replayed" not in theirs.headers


def _is_state(route: Route) -> bool:
    """Whether a route shows one thing made, as JSON."""
    return route.method == "GET" and route.path.endswith("}")
