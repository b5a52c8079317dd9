"""Whatever goes wrong is answered with one kind of document."""

from __future__ import annotations

import asyncio
import gzip
import json
from typing import Any

import httpx
import pytest

from coverplan.api.app import create_app
from coverplan.api.errors import as_api_error
from coverplan.payload.error_document import ERROR_KINDS, ErrorDocument
from coverplan.process.job import InvalidError
from coverplan.settings import Settings

MINIMAL = b'{"problem": {"accounts": [{"id": "a"}], "reps": [{"id": "r"}]}}'
SETTINGS = Settings(warm_children=0, max_body_mb=0.01, max_accounts=3, max_account_reps=5, max_time_limit_s=60)
JSON = {"Content-Type": "application/json"}
JSON_ONLY = {"Accept": "application/json"}


def ask(method: str, path: str, settings: Settings = SETTINGS, **request: Any) -> httpx.Response:
    """The answer of an app in this process, which never gets as far as a solve."""
    app = create_app(settings)

    async def broken() -> None:
        raise RuntimeError("a secret")

    app.add_api_route("/broken", broken)

    async def call() -> httpx.Response:
        transport = httpx.ASGITransport(app, raise_app_exceptions=False)
        async with (
            app.router.lifespan_context(app),
            httpx.AsyncClient(transport=transport, base_url="http://127.0.0.1:8000") as client,
        ):
            return await client.request(method, path, **request)

    return asyncio.run(call())


def error(response: httpx.Response, code: str) -> ErrorDocument:
    """The error document, which must be of that kind."""
    assert response.headers["content-type"] == "application/problem+json"
    document = ErrorDocument.model_validate_json(response.content)
    assert document.code == code
    assert document.status == response.status_code == ERROR_KINDS[code].status
    assert document.request_id == response.headers["x-request-id"]
    return document


def problem(accounts: int, reps: int, **options: Any) -> bytes:
    facts = {"accounts": [{"id": f"a{i}"} for i in range(accounts)], "reps": [{"id": f"r{i}"} for i in range(reps)]}
    return json.dumps({"problem": facts, "options": options}).encode()


@pytest.mark.parametrize(
    ("method", "path", "headers", "body", "code"),
    [
        ("GET", "/", {}, b"", "not_found"),
        ("GET", "/v1/solve/", {}, b"", "not_found"),
        ("GET", "/%ff%00", {}, b"", "not_found"),
        ("GET", "/v1/solve", {}, b"", "method_not_allowed"),
        ("TRACE", "/v1/limits", {}, b"", "method_not_allowed"),
        ("GET", "/v1/limits", {"Accept": "text/html"}, b"", "not_acceptable"),
        ("GET", "/v1/runs/x/plan", {"Accept": "text/html"}, b"", "not_acceptable"),
        ("GET", "/v1/batches/x/results", JSON_ONLY, b"", "not_acceptable"),
        ("GET", "/v1/experiments/x/results", {"Accept": "text/plain"}, b"", "not_acceptable"),
        ("GET", "/v1/runs/x/plan?format=csv", {"Accept": "text/html"}, b"", "not_found"),  # `format` instead of Accept
        ("GET", "/v1/batches/x/results?format=csv", JSON_ONLY, b"", "not_found"),
        ("GET", "/v1/experiments/x/results?format=html", {"Accept": "text/plain"}, b"", "not_found"),
        ("POST", "/v1/validate", {**JSON, "Accept": "text/event-stream"}, MINIMAL, "not_acceptable"),
        ("POST", "/v1/solve", {**JSON, "Accept": "application/json;q=0, text/csv"}, MINIMAL, "not_acceptable"),
        ("POST", "/v1/solve", {}, MINIMAL, "unsupported_media_type"),
        ("POST", "/v1/solve", {"Content-Type": "text/json"}, MINIMAL, "unsupported_media_type"),
        ("POST", "/v1/solve", {**JSON, "Content-Encoding": "br"}, MINIMAL, "unsupported_encoding"),
        ("POST", "/v1/solve", {**JSON, "Content-Encoding": "gzip"}, MINIMAL, "broken_encoding"),
        (
            "POST",
            "/v1/solve",
            {**JSON, "Content-Encoding": "gzip"},
            gzip.compress(MINIMAL, mtime=0)[:-9],
            "broken_encoding",
        ),
        ("POST", "/v1/solve", JSON, b"[" * 20_000, "body_too_large"),
        (
            "POST",
            "/v1/solve",
            {**JSON, "Content-Encoding": "gzip"},
            gzip.compress(bytes(10**6), mtime=0),
            "body_too_large",
        ),
        ("POST", "/v1/solve", JSON, problem(4, 1), "problem_too_large"),
        ("POST", "/v1/solve", JSON, problem(3, 2), "problem_too_large"),
        ("POST", "/v1/solve", JSON, problem(1, 1, time_limit_s=61), "invalid"),
        ("POST", "/v1/solve", JSON, b"", "invalid"),
        ("POST", "/v1/solve", JSON, b"{}", "invalid"),
        ("POST", "/v1/solve", JSON, b"\xff", "invalid"),
        ("POST", "/v1/validate", JSON, b"nonsense", "invalid"),
        ("GET", "/v1/issue-codes?limit=201", {}, b"", "invalid"),
        ("GET", "/v1/issue-codes?cursor=x", {}, b"", "invalid"),
        ("GET", "/v1/runs?cursor=x", {}, b"", "invalid"),
        ("GET", "/v1/runs?cursor=", {}, b"", "invalid"),
        ("GET", "/v1/limits", {"Host": "evil.example"}, b"", "host_not_allowed"),
        ("GET", "/v1/limits", {"Host": "127.0.0.1.evil.example"}, b"", "host_not_allowed"),
        ("GET", "/healthz", {"Origin": "https://evil.example"}, b"", "origin_not_allowed"),
        ("GET", "/healthz", {"Origin": "null"}, b"", "origin_not_allowed"),
        ("GET", "/healthz", {"Origin": "http://127.0.0.1:9000"}, b"", "origin_not_allowed"),
        ("GET", "/healthz", {"Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": "no-cors"}, b"", "origin_not_allowed"),
        ("GET", "/broken", {}, b"", "internal_error"),
    ],
)
def test_errors_have_one_shape(method: str, path: str, headers: dict[str, str], body: bytes, code: str) -> None:
    error(ask(method, path, headers=headers, content=body), code)


def test_an_internal_error_keeps_its_text_to_itself() -> None:
    assert "secret" not in ask("GET", "/broken").text


def test_an_invalid_body_names_each_place() -> None:
    body = b'{"problem": {"accounts": [{"id": "a", "territory_id": "west"}], "reps": [{"id": "r"}]}, "color": 1}'
    found = error(ask("POST", "/v1/solve", headers=JSON, content=body), "invalid")

    assert {(issue.code, issue.pointer) for issue in found.errors} >= {("unknown_field", "/color")}
    assert found.total_errors == len(found.errors)


def test_a_large_body_is_told_the_limit_and_the_way_out() -> None:
    found = error(ask("POST", "/v1/solve", headers=JSON, content=bytes(20_000)), "body_too_large")

    assert found.limit is not None
    assert (found.limit.name, found.limit.value) == ("max_body_bytes", SETTINGS.max_body_bytes)
    assert "COVERPLAN_MAX_BODY_MB" in (found.suggestion or "")
    assert "/v1/datasets" in (found.suggestion or "")  # who calls cannot raise a limit


def test_a_problem_that_is_too_large_to_wait_for_is_sent_to_the_runs() -> None:
    large = error(ask("POST", "/v1/solve", headers=JSON, content=problem(4, 1)), "problem_too_large")
    long = error(ask("POST", "/v1/solve", headers=JSON, content=problem(1, 1, time_limit_s=61)), "invalid")

    assert "/v1/runs" in (large.suggestion or "")
    assert "/v1/runs" in (long.errors[0].suggestion or "")


def test_what_a_body_names_in_vain_is_not_blamed_on_the_path() -> None:
    body = json.dumps({**json.loads(MINIMAL), "policy_ref": {"name": "nope"}}).encode()
    found = error(ask("POST", "/v1/runs", headers=JSON, content=body), "not_found")

    assert "path" not in f"{found.title} {found.detail}"


def test_what_is_found_by_the_solver_is_told_with_its_place_and_number() -> None:
    issue = {"code": "duplicate_assignment", "severity": "error", "pointer": "/assignments/1", "message": "Twice."}
    told = as_api_error(InvalidError([issue, issue], 2, {}))

    assert told.detail == "/assignments/1: Twice. (and 1 more)"


def test_a_time_that_is_none_is_told_in_plain_words() -> None:
    [issue] = error(ask("GET", "/v1/runs?created_from=5"), "invalid").errors

    assert issue.message == "not a time as ISO 8601 writes it"


@pytest.mark.parametrize(
    ("header", "coding"),
    [("gzip", "gzip"), ("br, gzip;q=0.1", "gzip"), ("gzip;q=0", None), ("identity, GZIP; q=0.0", None)],
)
def test_who_refuses_gzip_gets_none(header: str, coding: str | None) -> None:
    assert ask("GET", "/v1/issue-codes", headers={"Accept-Encoding": header}).headers.get("content-encoding") == coding


@pytest.mark.parametrize(
    ("path", "methods"),
    [
        ("/v1/limits", "GET, HEAD"),
        ("/v1/experiments", "GET, HEAD, POST"),
        ("/v1/experiments/estimate", "POST"),  # not those of an experiment with that id
        ("/v1/experiments/e1", "GET, HEAD, DELETE"),
        ("/openapi.json", "GET, HEAD"),
    ],
)
def test_method_not_allowed_lists_the_methods_of_the_path(path: str, methods: str) -> None:
    assert ask("PATCH", path).headers["allow"] == methods


@pytest.mark.parametrize(
    "headers",
    [
        {"Host": "localhost:8000"},
        {"Host": "[::1]:8000"},
        {"Origin": "http://127.0.0.1:8000"},
        {"Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": "navigate"},
        {"Accept": "text/html, */*;q=0.1"},
    ],
)
def test_own_pages_and_people_are_let_in(headers: dict[str, str]) -> None:
    response = ask("GET", "/healthz", headers=headers)

    assert response.status_code == 200
    assert response.headers["x-content-type-options"] == "nosniff"


def test_a_named_host_is_answered() -> None:
    named = SETTINGS.model_copy(update={"allowed_hosts": ["planner.corp"]})

    assert ask("GET", "/healthz", named, headers={"Host": "planner.corp:80"}).status_code == 200


def test_gzip_goes_in_and_out() -> None:
    several = gzip.compress(MINIMAL[:10]) + gzip.compress(MINIMAL[10:])
    headers = {**JSON, "Content-Encoding": "gzip"}

    assert ask("POST", "/v1/validate", headers=headers, content=several).json()["valid"] is True
    assert ask("GET", "/v1/issue-codes", headers={"Accept-Encoding": "gzip"}).headers["content-encoding"] == "gzip"


def test_a_slow_body_is_not_waited_for() -> None:
    async def trickle() -> Any:
        yield b"{"
        await asyncio.sleep(10)
        yield b"}"

    hurried = SETTINGS.model_copy(update={"body_timeout_s": 0.2})
    error(ask("POST", "/v1/validate", hurried, headers=JSON, content=trickle()), "body_timeout")
