"""HEAD wherever GET answers, and what need not be sent twice."""

from __future__ import annotations

import asyncio
import json
from collections import defaultdict
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from starlette.responses import StreamingResponse
from starlette.types import Message, Scope

from coverplan.api.app import create_app
from coverplan.api.edge.head import Head
from coverplan.settings import Settings
from support.deployment import TINY
from support.service import InProcess, in_process

DOCUMENT: dict[str, Any] = json.loads((Path(__file__).parents[2] / "openapi" / "openapi.json").read_text())
GETS = {path: methods["get"] for path, methods in DOCUMENT["paths"].items() if "get" in methods}
PATHS = ["/openapi.json", *GETS]
ENDLESS = [path for path, get in GETS.items() if "text/event-stream" in get["responses"]["200"].get("content", {})]
OF_ITS_OWN = {"x-request-id", "date"}
QUERIES = {"/v1/policies/{name}/diff": {"from": "1"}, "/v1/batches/{batch_id}/results": {"partial": "true"}}
EXPERIMENT = {"problems": [{"problem": TINY["problem"]}], "options": TINY["options"]}
NDJSON = {"Content-Type": "application/x-ndjson"}


@pytest.fixture(scope="module")
def client(tmp_path_factory: pytest.TempPathFactory) -> Iterator[InProcess]:
    folder = tmp_path_factory.mktemp("heads")
    with in_process(f"sqlite:///{folder / 'coverplan.db'}", folder) as client:
        yield client


@pytest.fixture(scope="module")
def names(client: InProcess) -> dict[str, str]:
    """One of each thing that a path may name; nothing is solved."""

    def made(path: str, **request: Any) -> httpx.Response:
        answer = client.request("POST", path, **request)
        assert answer.is_success, answer.text
        return answer

    known = {
        "run_id": made("/v1/runs", json=TINY).json()["run_id"],
        "batch_id": made("/v1/batches", content=json.dumps(TINY), headers=NDJSON).headers["coverplan-batch-id"],
        "experiment_id": made("/v1/experiments", json=EXPERIMENT).json()["experiment_id"],
        "webhook_id": made("/v1/webhooks", json={"url": "https://hooks.example/x"}).json()["id"],
        "dataset_id": made("/v1/datasets", json={}).json()["dataset_id"],
        "name": made("/v1/policies", json={"name": "p", "policy": {"constraints": []}}).json()["name"],
        "version": "1",
    }
    return defaultdict(lambda: "absent", known)  # to make a key would close the service


@pytest.mark.parametrize("path", [path for path in PATHS if path not in ENDLESS])
@pytest.mark.parametrize("coding", ["gzip", "identity"])
def test_head_answers_as_get_does_without_a_body(
    path: str, coding: str, client: InProcess, names: dict[str, str]
) -> None:
    """The same status and headers, where they do not name the call."""
    given = {"params": QUERIES.get(path), "headers": {"Accept-Encoding": coding}}
    whole = client.request("GET", path.format_map(names), **given)
    head = client.request("HEAD", path.format_map(names), **given)

    assert whole.content
    assert head.content == b""
    assert head.status_code == whole.status_code
    if path in ("/metrics", "/readyz") or whole.status_code >= 400:  # another text each time
        return
    unmade = {"content-length"} if "/model." in path else set()  # nobody makes a program for the sake of its length
    assert _headers(head).items() >= {item for item in _headers(whole).items() if item[0] not in unmade}
    assert _headers(head).keys() <= _headers(whole).keys()


@pytest.mark.parametrize("path", ENDLESS)
def test_a_stream_is_not_begun_for_head(path: str, client: InProcess, names: dict[str, str]) -> None:
    """What it tells of waits: GET would not end."""
    head = client.request("HEAD", path.format_map(names))

    assert head.status_code == 200
    assert head.headers["content-type"].startswith("text/event-stream")
    assert client.request("HEAD", path.format(**dict.fromkeys(names, "x"))).status_code == 404


def test_of_a_stream_nothing_is_made_for_head() -> None:
    """Its first piece would be made before anybody notices that nobody waits for it."""
    made, sent = list[bytes](), list[Message]()

    async def pieces() -> AsyncIterator[bytes]:
        made.append(b"x")
        yield b"x"

    async def receive() -> Message:
        await asyncio.Event().wait()
        raise AssertionError

    async def send(message: Message) -> None:
        sent.append(message)

    scope: Scope = {"type": "http", "method": "HEAD", "state": {}}
    asyncio.run(Head(StreamingResponse(pieces(), media_type="text/csv"))(scope, receive, send))

    assert made == []
    assert [message["type"] for message in sent] == ["http.response.start"] + ["http.response.body"] * 2
    assert not sent[-1].get("more_body", False)
    assert scope["method"] == "HEAD"


def test_head_is_no_way_to_what_get_does_not_answer(client: InProcess) -> None:
    refused = client.request("HEAD", "/v1/solve")

    assert refused.status_code == 405
    assert refused.headers["allow"] == "POST"
    assert client.request("PUT", "/v1/limits").headers["allow"] == "GET, HEAD"


PUBLIC = ["/openapi.json", "/v1/constraint-kinds", "/v1/constraint-kinds?limit=3", "/v1/issue-codes"]
PRIVATE = ["/v1/policies/{name}/versions/{version}", "/v1/policies/{name}/diff?from=1&to=1"]


@pytest.mark.parametrize("path", [*PUBLIC, *PRIVATE])
def test_what_never_changes_is_sent_once(path: str, client: InProcess, names: dict[str, str]) -> None:
    """Whoever has it, compressed or not, among others or all that there is, is told so."""
    path = path.format_map(names)
    first = client.request("GET", path)
    tag, rule = first.headers["etag"], first.headers["cache-control"]

    assert rule == ("private, no-cache" if "policies" in path else "public, max-age=300")
    assert ("Authorization" in first.headers["vary"]) == ("policies" in path)
    for known in (tag, f'"other", {tag}', tag.removeprefix("W/"), "*"):
        for method in ("GET", "HEAD"):
            again = client.request(method, path, headers={"If-None-Match": known})
            assert (again.status_code, again.content) == (304, b"")
            assert (again.headers["etag"], again.headers["cache-control"]) == (tag, rule)
    assert client.request("GET", path, headers={"If-None-Match": 'W/"other"'}).content == first.content
    assert client.request("GET", path, headers={"If-None-Match": tag, "Accept": "text/html"}).status_code == 406


def test_other_content_has_another_tag(client: InProcess) -> None:
    """Pages of a list, versions of a policy, tenants' policies of one name, descriptions below another path."""
    for capacity in (1.0, 0.9):
        rule = {"kind": "capacity", "utilisation": capacity}
        client.request("POST", "/v1/policies", json={"name": "two", "policy": {"constraints": [rule]}})
    paths = ["/v1/policies/two/versions/1", "/v1/policies/two/versions/2", *PUBLIC]

    assert len({client.request("GET", path).headers["etag"] for path in paths}) == len(paths)
    described = create_app(Settings()).state.description
    assert described("/a") != described("/b")


def test_what_changes_is_kept_by_nobody(client: InProcess, names: dict[str, str]) -> None:
    for path in ("/v1/runs", f"/v1/runs/{names['run_id']}", f"/v1/runs/{names['run_id']}/plan", "/v1/limits"):
        answer = client.request("GET", path, headers={"If-None-Match": "*"})
        assert answer.status_code != 304
        assert answer.headers["cache-control"] == "no-store"
        assert "etag" not in answer.headers


def _headers(answer: httpx.Response) -> dict[str, str]:
    return {name: value for name, value in answer.headers.items() if name not in OF_ITS_OWN}
