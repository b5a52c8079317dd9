"""Every operation of the OpenAPI document, and how to make what their paths name.

Whoever adds a route with a new parameter in its path adds to `MAKERS` how to make one. A route that needs more than the
document's examples has it in `BODIES` or `QUERIES`, one that cannot work on what was made is in `DENIED_TO_ITS_OWNER`.
"""

from __future__ import annotations

import json
import re
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, NamedTuple

import httpx

from support.batches import NDJSON, lines
from support.datasets import ended, send
from support.deployment import TINY
from support.timing import PATIENCE_S, look_again

DOCUMENT: dict[str, Any] = json.loads((Path(__file__).parents[2] / "openapi" / "openapi.json").read_text())
PARAMETER = re.compile(r"\{(\w+)\}")


class Route(NamedTuple):
    """A call of the API."""

    method: str
    path: str

    def __str__(self) -> str:
        return f"{self.method} {self.path}"

    @property
    def operation(self) -> dict[str, Any]:
        """What the document says of it."""
        found: dict[str, Any] = DOCUMENT["paths"][self.path][self.method.lower()]
        return found


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


def _key(owner: httpx.Client) -> str:
    answer = owner.post("/v1/keys", json={"name": "a secret name"})
    assert answer.status_code == 201, answer.text
    return str(answer.json()["id"])


MAKERS: dict[str, Callable[[httpx.Client], str]] = {
    "batch_id": _batch,
    "dataset_id": _dataset,
    "experiment_id": _experiment,
    "key_id": _key,
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
DENIED_TO_ITS_OWNER = {Route("PUT", "/v1/datasets/{dataset_id}/tables/{table}"): 409}
"""Routes that answer the owner, too, with this status: what was made is in no state for it."""

CALMEST_FIRST = sorted(
    (Route(method.upper(), path) for path, methods in DOCUMENT["paths"].items() for method in methods),
    key=lambda route: ("GET", "HEAD", "PUT", "PATCH", "POST", "DELETE").index(route.method),
)
"""All routes. What one does to what was made must not keep the next from being tried."""


def call(client: httpx.Client, route: Route, ids: Mapping[str, str]) -> httpx.Response:
    """The route with these ids, its first example as body, and the least that it requires."""
    media_type, body = body_of(route)
    headers = {"Content-Type": media_type} if media_type else {}
    path = route.path.format(**ids, **PARTS)
    return client.request(route.method, path, params=QUERIES.get(route), headers=headers, content=body)


def patient_call(client: httpx.Client, route: Route, ids: Mapping[str, str]) -> httpx.Response:
    """The same by the owner, again while a worker is at what the route is to change."""
    until = time.monotonic() + 30
    while (answer := call(client, route, ids)).status_code == 409 and route not in DENIED_TO_ITS_OWNER:
        assert time.monotonic() < until, answer.text
        time.sleep(0.1)
    return answer


def body_of(route: Route) -> tuple[str, bytes]:
    """Media type and content of a body that a route takes; empty where it takes none."""
    return BODIES.get(route) or _example(route.operation)


def _example(operation: Mapping[str, Any]) -> tuple[str, bytes]:
    for media_type, content in operation.get("requestBody", {}).get("content", {}).items():
        for example in content.get("examples", {}).values():
            return media_type, json.dumps(example["value"]).encode()
    return "", b""
