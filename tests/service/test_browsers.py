"""Pages of other sites: those that the operator names may call and read everything, the others nothing."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from coverplan.api.edge.origins import EXPOSED
from coverplan.settings import Settings
from support.api_keys import bearer, new_key
from support.deployment import TINY
from support.service import InProcess, in_process

PAGE = "https://planner.example"
ASKS = {
    "Origin": PAGE,
    "Access-Control-Request-Method": "POST",
    "Access-Control-Request-Headers": "authorization,content-type,idempotency-key,last-event-id,traceparent",
    "Sec-Fetch-Site": "cross-site",
    "Sec-Fetch-Mode": "cors",
}
DOCUMENT: dict[str, Any] = json.loads((Path(__file__).parents[2] / "openapi" / "openapi.json").read_text())
READABLE = {"Cache-Control"}
"""What every page may read of an answer."""


@pytest.fixture(scope="module")
def client(tmp_path_factory: pytest.TempPathFactory) -> Iterator[InProcess]:
    folder = tmp_path_factory.mktemp("browsers")
    url = f"sqlite:///{folder / 'coverplan.db'}"
    with in_process(url, folder, cors_origins=[PAGE, "http://localhost:3000"]) as client:
        yield client


def test_a_browser_is_told_beforehand_what_a_page_may_send(client: InProcess) -> None:
    """Without a key: browsers send none with this question."""
    told = client.request("OPTIONS", "/v1/runs", headers=ASKS)

    assert told.status_code == 200
    assert told.headers["access-control-allow-origin"] == PAGE
    assert told.headers["access-control-allow-headers"] == ASKS["Access-Control-Request-Headers"]
    assert {"GET", "POST", "PUT", "PATCH", "DELETE"} <= set(told.headers["access-control-allow-methods"].split(", "))
    assert "access-control-allow-credentials" not in told.headers


@pytest.mark.parametrize(("path", "status"), [("/v1/runs", 200), ("/v1/runs/x", 404), ("/v1/runs?limit=x", 422)])
def test_a_page_reads_answers_and_errors(path: str, status: int, client: InProcess) -> None:
    answer = client.request("GET", path, headers={"Origin": PAGE, "Sec-Fetch-Site": "cross-site"})

    assert answer.status_code == status
    assert answer.headers["access-control-allow-origin"] == PAGE
    assert set(answer.headers["access-control-expose-headers"].split(", ")) == set(EXPOSED)
    assert "Origin" in answer.headers["vary"]
    assert "access-control-allow-credentials" not in answer.headers


def test_a_page_reads_every_header_that_is_described() -> None:
    operations = [operation for methods in DOCUMENT["paths"].values() for operation in methods.values()]
    named = {
        header
        for operation in operations
        for response in operation["responses"].values()
        for header in response.get("headers", {})
    }

    assert {"Location", "ETag", "RateLimit-Remaining", "Retry-After"} <= named
    assert named <= {*EXPOSED, *READABLE}


def test_a_page_follows_a_run(client: InProcess) -> None:
    headers = {"Origin": PAGE}
    made = client.request("POST", "/v1/runs", json=TINY, headers=headers)
    assert client.request("POST", f"{made.headers['location']}/cancel", headers=headers).status_code == 200
    stream = client.request("GET", f"{made.headers['location']}/events", headers=headers | {"Last-Event-ID": "1"})

    assert stream.headers["access-control-allow-origin"] == PAGE
    assert stream.headers["content-type"].startswith("text/event-stream")
    assert "event: ended" in stream.text


@pytest.mark.parametrize("origin", ["https://evil.example", "http://planner.example", PAGE + ":444", "null"])
def test_a_page_of_another_site_reads_nothing(origin: str, client: InProcess) -> None:
    """A scheme or port beside is another site."""
    for method, headers in (("OPTIONS", ASKS), ("GET", {})):
        answer = client.request(method, "/v1/runs", headers=headers | {"Origin": origin})
        assert (answer.status_code, answer.json()["code"]) == (403, "origin_not_allowed")
        assert "access-control-allow-origin" not in answer.headers


def test_a_method_that_no_call_has_is_refused_in_our_words(client: InProcess) -> None:
    answer = client.request("OPTIONS", "/v1/runs", headers=ASKS | {"Access-Control-Request-Method": "TRACE"})

    assert (answer.status_code, answer.json()["code"]) == (403, "origin_not_allowed")


def test_all_pages_may_call_only_where_all_calls_need_a_key(tmp_path: Path) -> None:
    """Else any page that somebody opens could read what a service on loopback has."""
    url = f"sqlite:///{tmp_path / 'coverplan.db'}"
    with pytest.raises(ValueError, match="COVERPLAN_REQUIRE_KEYS=always"):
        Settings(cors_origins=["*"])
    headers = {"Origin": "https://any.example"}
    with in_process(url, tmp_path, cors_origins=["*"], require_keys="always") as client:
        refused = client.request("GET", "/v1/runs", headers=headers)
        answer = client.request("GET", "/v1/runs", headers=headers | bearer(new_key(url)))

    assert (refused.status_code, answer.status_code) == (401, 200)
    for one in (refused, answer):
        assert one.headers["access-control-allow-origin"] == "*"
        assert "access-control-allow-credentials" not in one.headers


@pytest.mark.parametrize("origin", ["planner.example", "https://planner.example/", "https://a.example,b", "null"])
def test_what_is_no_origin_is_refused(origin: str) -> None:
    with pytest.raises(ValueError, match="no origin"):
        Settings(cors_origins=[origin])
