"""API keys on a real service: none on loopback, from the first one on everywhere."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import AsyncIterator, Callable, Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from fastapi.routing import APIRoute
from httpx_sse import connect_sse

from coverplan.api.app import OPEN_ROUTERS, create_app
from coverplan.api.guard.access import REMEMBERED_S, Access
from coverplan.api.guard.rates import Rates
from coverplan.payload.keys import Scope
from coverplan.settings import Settings
from coverplan.store import quotas
from coverplan.store.database import Database, DatabaseLostError
from coverplan.store.schema import keys as table
from support.api_keys import bearer, command_line_key, new_key
from support.books import hard_request
from support.command import call, run
from support.deployment import TINY, slow
from support.ports import free_port
from support.service import EVENTS, JSON, in_process, service

MINIMAL = {"problem": {"accounts": [{"id": "a"}], "reps": [{"id": "r"}]}}
DESCRIBES = ("/healthz", "/readyz", "/v1/constraint-kinds", "/v1/issue-codes", "/v1/limits", "/openapi.json")
"""What anybody may ask."""


def code(answer: httpx.Response) -> tuple[int, str]:
    return answer.status_code, str(answer.json()["code"])


def until(client: httpx.Client, status: int, **headers: str) -> float:
    """Seconds until a list of runs is answered with the status."""
    began = time.monotonic()
    while client.get("/v1/runs", headers=headers).status_code != status:
        assert time.monotonic() < began + 3 * REMEMBERED_S
        time.sleep(0.05)
    return time.monotonic() - began


def test_the_first_key_closes_an_open_service_and_the_last_does_not_open_it(tmp_path: Path) -> None:
    """Loopback, embedded database: open, made a key, revoked; each noticed in time."""
    with service(tmp_path) as running, running.client() as client:
        assert client.get("/v1/runs").status_code == 200
        assert client.post("/v1/validate", json=MINIMAL).status_code == 200
        assert "runs open" in running.log.read_text()

        key_id, secret = command_line_key(tmp_path / "data", "--tenant", "acme", "--name", "planner")
        assert client.get("/v1/runs", headers=bearer(secret)).status_code == 200  # a new key counts at once
        assert until(client, 401) < REMEMBERED_S + 1
        assert code(client.post("/v1/solve", json=MINIMAL)) == (401, "unauthorized")
        assert code(client.get("/v1/runs", headers=bearer(secret + "x"))) == (401, "unauthorized")
        assert client.post("/v1/validate", json=MINIMAL, headers=bearer(secret)).status_code == 200
        assert all(client.get(path).status_code == 200 for path in DESCRIBES)

        folder = {"COVERPLAN_DATA_DIR": str(tmp_path / "data")}
        assert call("keys", "revoke", key_id, env=folder).returncode == 0
        assert until(client, 401, **bearer(secret)) < REMEMBERED_S + 1
        assert code(client.get("/v1/runs")) == (401, "unauthorized")
        again = call("keys", "revoke", key_id, env=folder)
        assert (again.returncode, again.stdout) == (2, "")
        listed = json.loads(call("keys", "list", "--json", env=folder).stdout)
        assert [(key["id"], key["tenant"], key["name"], key["scopes"]) for key in listed] == [
            (key_id, "acme", "planner", ["read", "write"])
        ]
        assert listed[0]["revoked_at"] is not None
    assert secret not in running.log.read_text()
    stored = b"".join(file.read_bytes() for file in (tmp_path / "data").iterdir() if file.is_file())
    assert key_id.encode() in stored
    assert secret.encode() not in stored


def test_a_revoked_key_hears_no_more_events(tmp_path: Path) -> None:
    """The run would go on for a minute; the stream ends once the key is looked up again, without the last event."""
    folder = {"COVERPLAN_DATA_DIR": str(tmp_path / "data")}
    with service(tmp_path) as running, running.client() as client:
        key_id, secret = command_line_key(tmp_path / "data", "--tenant", "acme", "--name", "listener")
        run_id = client.post("/v1/runs", json=slow(60), headers=bearer(secret)).json()["run_id"]
        with client.stream("GET", f"/v1/runs/{run_id}/events", headers=bearer(secret)) as stream:
            heard = stream.iter_text()
            text = next(heard)
            assert run("keys", "revoke", key_id, env=folder).returncode == 0
            began = time.monotonic()
            text += "".join(heard)
            waited = time.monotonic() - began

    assert "event: queued" in text
    assert "event: ended" not in text
    assert waited < 2 * REMEMBERED_S + 2


def test_a_revoked_key_adds_no_more_lines_to_a_batch(tmp_path: Path) -> None:
    """One line is sent before, fifty after: the answer ends with the refusal, and one run is there."""
    line = json.dumps(TINY).encode() + b"\n"
    with service(tmp_path) as running, running.client() as client:
        key_id, secret = command_line_key(tmp_path / "data", "--tenant", "acme")
        _, other = command_line_key(tmp_path / "data", "--tenant", "acme")

        def lines() -> Iterator[bytes]:
            yield line
            assert run("keys", "revoke", key_id, env={"COVERPLAN_DATA_DIR": str(tmp_path / "data")}).returncode == 0
            time.sleep(REMEMBERED_S + 0.5)
            yield line * 50
            yield line * 50

        headers = {"Content-Type": "application/x-ndjson", **bearer(secret)}
        answer = client.post("/v1/batches", content=lines(), headers=headers)
        runs = client.get("/v1/runs", headers=bearer(other)).json()["items"]

    tickets = [json.loads(one) for one in answer.text.splitlines()]
    assert tickets[-1]["error"]["code"] == "unauthorized"
    assert len(runs) == sum(ticket.get("run_id") is not None for ticket in tickets) <= 1


def test_a_solve_is_stopped_whose_key_is_revoked(tmp_path: Path) -> None:
    """The stream says why it ends."""
    folder = {"COVERPLAN_DATA_DIR": str(tmp_path / "data")}
    with service(tmp_path) as running, running.client() as client:
        key_id, secret = command_line_key(tmp_path / "data", "--tenant", "acme")
        body = json.dumps(hard_request(), default=str)
        heard: list[tuple[str, dict[str, str]]] = []
        with connect_sse(client, "POST", "/v1/solve", content=body, headers={**EVENTS, **bearer(secret)}) as source:
            for event in source.iter_sse():
                if not heard:
                    assert run("keys", "revoke", key_id, env=folder).returncode == 0
                heard.append((event.event, json.loads(event.data)))

    assert heard[-1][0] == "error"
    assert heard[-1][1]["code"] == "unauthorized"


def test_other_machines_need_a_key(tmp_path: Path) -> None:
    """An address that they reach: without a key the service does not start, and says how to make one."""
    data = tmp_path / "data"
    port = free_port()
    refused = run("serve", "--host", "0.0.0.0", "--port", port, env={"COVERPLAN_DATA_DIR": str(data)})
    assert refused.returncode == 2
    assert "coverplan keys create" in refused.stderr

    key_id, secret = command_line_key(data)
    with service(tmp_path, host="0.0.0.0") as running, running.client() as client:
        assert client.get("/v1/runs", headers=bearer(secret)).status_code == 200
        assert code(client.get("/v1/runs")) == (401, "unauthorized")
        assert call("keys", "revoke", key_id, env={"COVERPLAN_DATA_DIR": str(data)}).returncode == 0
        until(client, 401, **bearer(secret))
        assert "runs open" not in running.log.read_text()


@pytest.mark.parametrize(
    ("setting", "keys", "status"), [("always", 0, 401), ("always", 1, 401), ("never", 1, 200), ("auto", 1, 401)]
)
def test_the_setting_decides_on_loopback(setting: str, keys: int, status: int, tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'coverplan.db'}"
    for _ in range(keys):
        new_key(url)

    with in_process(url, tmp_path, require_keys=setting) as client:
        assert client.request("GET", "/v1/runs").status_code == status


@pytest.mark.parametrize(
    ("scopes", "may_list", "may_validate", "may_submit", "may_watch"),
    [
        ([Scope.READ], True, True, False, False),
        ([Scope.WRITE], False, False, True, False),
        ([Scope.READ, Scope.WRITE], True, True, True, False),
        ([Scope.ADMIN], False, False, False, True),
        ([Scope.METRICS], False, False, False, True),
        ([], False, False, False, False),
    ],
)
def test_a_key_does_what_its_scopes_say(
    scopes: list[Scope],
    may_list: bool,
    may_validate: bool,
    may_submit: bool,
    may_watch: bool,
    database_url: str,
    tmp_path: Path,
) -> None:
    headers = bearer(new_key(database_url, scopes=scopes))
    with in_process(database_url, tmp_path) as client:
        answers = (
            client.request("GET", "/v1/runs", headers=headers),
            client.request("POST", "/v1/validate", headers=headers, json=MINIMAL),
            client.request("POST", "/v1/runs", headers=headers, json=TINY),
            client.request("GET", "/metrics", headers=headers),
        )
        for answer, may in zip(answers, (may_list, may_validate, may_submit, may_watch), strict=True):
            if may:
                assert answer.is_success
            else:
                assert code(answer) == (403, "forbidden")
                assert 'error="insufficient_scope"' in answer.headers["www-authenticate"]


def test_a_key_for_metrics_reads_nothing_else(tmp_path: Path) -> None:
    """Whatever the call, its answer is that a scope is missing."""
    url = f"sqlite:///{tmp_path / 'coverplan.db'}"
    headers = bearer(new_key(url, scopes=[Scope.METRICS]))
    calls = {
        (method.upper(), path)
        for path, methods in create_app(Settings()).openapi()["paths"].items()
        for method in methods
        if path not in DESCRIBES
    }
    with in_process(url, tmp_path) as client:
        for method, path in calls:
            answer = client.request(method, path.replace("{", "").replace("}", ""), headers=headers)
            # 415: the body is looked at first
            assert answer.status_code in ((200,) if path == "/metrics" else (403, 415)), (method, path, answer.text)


def test_a_scope_of_a_later_version_is_no_reason_to_fail(database_url: str, tmp_path: Path) -> None:
    """It lets a key do nothing here; the others count."""
    headers = bearer(new_key(database_url))
    database = Database.open(database_url)
    with database.begin() as connection:
        connection.execute(table.update().values(scopes=["read", "fly"]))
    database.close()
    with in_process(database_url, tmp_path) as client:
        assert client.request("GET", "/v1/runs", headers=headers).status_code == 200
        assert client.request("POST", "/v1/runs", headers=headers, json=TINY).status_code == 403


def test_each_key_has_its_own_pace(database_url: str, tmp_path: Path) -> None:
    """Three calls a minute: the fourth is told to wait for up to a third of a minute."""
    slow, quick = new_key(database_url, requests_per_minute=3), new_key(database_url)
    with in_process(database_url, tmp_path) as client:
        statuses = [client.request("GET", "/v1/runs", headers=bearer(slow)).status_code for _ in range(3)]
        late = client.request("GET", "/v1/runs", headers=bearer(slow))
        assert statuses == [200, 200, 200]
        assert code(late) == (429, "rate_limited")
        assert 15 <= int(late.headers["retry-after"]) <= 20
        assert late.json()["limit"] == {"name": "requests_per_minute", "value": 3}
        assert late.headers["ratelimit-remaining"] == "0"
        assert late.headers["ratelimit-reset"] == late.headers["retry-after"]
        assert client.request("GET", "/v1/runs", headers=bearer(quick)).status_code == 200


def test_each_answer_says_how_many_calls_are_left(database_url: str, tmp_path: Path) -> None:
    """Of three a minute, whatever the answer is; not where no limit holds. One that is missing comes back in 20 s."""
    headers = bearer(new_key(database_url, requests_per_minute=3))
    names = ("ratelimit-limit", "ratelimit-remaining", "ratelimit-reset")
    with in_process(database_url, tmp_path) as client:
        found = client.request("GET", "/v1/runs", headers=headers)
        missing = client.request("GET", "/v1/runs/x", headers=headers)
        refused = client.request("GET", "/metrics", headers=headers)
        open_to_all = client.request("GET", "/v1/limits", headers=headers)
        unknown = client.request("GET", "/v1/runs", headers=bearer("cpk_unknown"))

    assert [answer.status_code for answer in (found, missing, refused)] == [200, 404, 403]
    assert [[answer.headers[name] for name in names[:2]] for answer in (found, missing, refused)] == [
        ["3", "2"],
        ["3", "1"],
        ["3", "0"],
    ]
    assert found.headers["ratelimit-reset"] == "20"
    assert 20 < int(missing.headers["ratelimit-reset"]) <= 40
    assert 0 < int(refused.headers["ratelimit-reset"]) <= 20  # until another call may be made
    assert not any(name in answer.headers for name in names for answer in (open_to_all, unknown))


def test_a_lost_database_does_not_lock_out_who_was_let_in_before(tmp_path: Path) -> None:
    """For a while; who was not seen is told that the database is lost."""
    url = f"sqlite:///{tmp_path / 'here' / 'coverplan.db'}"
    known, unseen = new_key(url), new_key(url)
    database = Database.open(url)
    access = Access(Settings(), database)

    async def ask() -> None:
        found = await access.key(known)
        assert found is not None
        assert not await access.is_open()
        (tmp_path / "here").rename(tmp_path / "elsewhere")
        database.close()
        await asyncio.sleep(REMEMBERED_S + 0.1)
        assert await access.key(known) == found
        assert not await access.is_open()
        with pytest.raises(DatabaseLostError):
            await access.key(unseen)

    asyncio.run(ask())
    database.close()


def test_a_bucket_fills_up_within_a_minute() -> None:
    """60 a minute are one a second, and never more than 60 at once."""
    now = 0.0
    rates = Rates(clock=lambda: now)

    def waits(calls: int) -> list[float]:
        return [rates.turn("k", 60).wait_s for _ in range(calls)]

    assert waits(60) == [0.0] * 60
    assert waits(1) == pytest.approx([1.0])
    now = 0.75
    assert waits(1) == pytest.approx([0.25])
    now = 2.0
    assert waits(2) == [0.0, 0.0]
    assert waits(1)[0] > 0
    now = 1e6
    assert [wait > 0 for wait in waits(61)] == [False] * 60 + [True]


def test_a_tenant_has_no_more_open_runs_than_its_key_allows(database_url: str, tmp_path: Path) -> None:
    """No worker takes them: two are open, a third is refused until one is cancelled. Other tenants do not count."""
    mine, other = new_key(database_url, running_runs=2), new_key(database_url, tenant="other", running_runs=1)
    with in_process(database_url, tmp_path) as client:

        def submit(secret: str) -> httpx.Response:
            return client.request("POST", "/v1/runs", headers=bearer(secret), json=TINY)

        made = [submit(mine) for _ in range(2)]
        assert [answer.status_code for answer in made] == [202, 202]
        refused = submit(mine)
        assert code(refused) == (429, "quota_runs")
        assert int(refused.headers["retry-after"]) > 0
        assert submit(other).status_code == 202
        assert client.request("POST", f"{made[0].headers['location']}/cancel", headers=bearer(mine)).status_code == 200
        assert submit(mine).status_code == 202


def test_a_tenant_stores_no_more_than_its_key_allows(database_url: str, tmp_path: Path) -> None:
    """A request of TINY takes 500 to 5,000 bytes with its defaults: one fits into 5,000, ten do not."""
    secret = new_key(database_url, stored_bytes=5000)
    with in_process(database_url, tmp_path) as client:
        answers = [client.request("POST", "/v1/runs", headers=bearer(secret), json=TINY) for _ in range(10)]

    assert answers[0].status_code == 202
    assert code(answers[-1]) == (413, "quota_bytes")
    assert answers[-1].json()["limit"] == {"name": "stored_bytes", "value": 5000}


RULES = [{"kind": "protect", "id": f"c{n}", "accounts": {"ids": ["x" * 100, f"{n}"]}} for n in range(30)]
SEGMENTS = [{"id": f"{n}".rjust(100, "s"), "roles": [{"role": "account_executive", "hours": 1}]} for n in range(30)]
WRONG_LINE = json.dumps({"problem": {"accounts": [{"i": 1} for _ in range(20)], "reps": [{}]}}).encode() + b"\n"


def store_policy(number: int) -> Any:
    return "/v1/policies", {"json": {"name": f"p{number % 2}", "policy": {"name": f"v{number}", "constraints": RULES}}}


def store_it_again(number: int) -> Any:
    """The same policy adds no version, but its answer is kept under each key."""
    path, request = store_policy(0)
    return path, {**request, "headers": {"Idempotency-Key": f"key-{number}"}}


def store_head(_number: int) -> Any:
    return "/v1/datasets", {"json": {"problem": {"segments": SEGMENTS}}}


def store_refused_lines(_number: int) -> Any:
    return "/v1/batches", {"content": WRONG_LINE * 2, "headers": {"Content-Type": "application/x-ndjson"}}


@pytest.mark.parametrize("store", [store_policy, store_it_again, store_head, store_refused_lines])
def test_whatever_a_call_stores_counts(
    store: Callable[[int], tuple[str, dict[str, Any]]], database_url: str, tmp_path: Path
) -> None:
    """Each call stores 3,000 to 12,000 bytes of 30,000: some are taken, then none, and the database has no more."""
    secret = new_key(database_url, stored_bytes=30_000)
    with in_process(database_url, tmp_path) as client:
        answers = []
        for number in range(12):
            path, request = store(number)
            headers = {**bearer(secret), **request.pop("headers", {})}
            answers.append(client.request("POST", path, headers=headers, **request))
    database = Database.open(database_url)
    with database.read() as connection:
        stored = quotas.stored_bytes(connection, "acme")
    database.close()

    assert all(answer.is_success for answer in answers[:2])
    assert code(answers[-1]) == (413, "quota_bytes")
    assert 15_000 < stored <= 30_000 + 10_000  # an answer that is kept is as long as what it tells of


def test_what_is_deleted_makes_room_at_once(database_url: str, tmp_path: Path) -> None:
    """Of 13,000 bytes two policies take more than half, and three more than all; one of them goes."""
    headers = bearer(new_key(database_url, stored_bytes=13_000))
    with in_process(database_url, tmp_path) as client:

        def save(name: str) -> httpx.Response:
            body = {"name": name, "policy": {"constraints": RULES}}
            return client.request("POST", "/v1/policies", headers=headers, json=body)

        assert [save(name).status_code for name in ("a", "b", "c")] == [201, 201, 413]
        assert client.request("DELETE", "/v1/policies/a", headers=headers).status_code == 204
        assert save("c").status_code == 201


@pytest.mark.parametrize("declared", [True, False])
def test_tables_count_as_stored(declared: bool, database_url: str, tmp_path: Path) -> None:
    """Of 1,000 bytes 800 are used: 300 more are refused, with or without Content-Length, and not kept; 100 fit."""
    headers = {**bearer(new_key(database_url, stored_bytes=1000)), "Content-Type": "application/x-ndjson"}

    async def chunks(body: bytes) -> AsyncIterator[bytes]:
        yield body

    with in_process(database_url, tmp_path) as client:
        made = client.request("POST", "/v1/datasets", headers=headers | JSON, json={})

        def put(table: str, size: int) -> httpx.Response:
            body = b'{"id": "a"}'.ljust(size - 1) + b"\n"
            path = f"{made.headers['location']}/tables/{table}"
            return client.request("PUT", path, headers=headers, content=body if declared else chunks(body))

        assert put("accounts", 800).status_code == 200
        assert code(put("reps", 300)) == (413, "quota_bytes")
        assert put("reps", 100).status_code == 200
    kept = [file for file in (tmp_path / "blobs").rglob("*") if file.is_file() and "reps" in file.name]
    assert [file.stat().st_size for file in kept] == [100]


@pytest.mark.parametrize("header", [{}, {"Authorization": "Basic Y3BrOng="}, bearer("cpk_unknown"), bearer("\udcff")])
def test_every_route_but_the_open_ones_needs_a_key(header: dict[str, str], tmp_path: Path) -> None:
    """Whatever is sent, and before the body is looked at."""
    url = f"sqlite:///{tmp_path / 'coverplan.db'}"
    open_paths = {route.path for router in OPEN_ROUTERS for route in router.routes if isinstance(route, APIRoute)}
    encoded = [(name.encode(), value.encode("utf-8", "surrogateescape")) for name, value in header.items()]
    with in_process(url, tmp_path, require_keys="always") as client:
        seen = set()
        for path, methods in create_app(Settings()).openapi()["paths"].items():
            seen.add(path)
            if path in open_paths:
                continue
            for method in methods:
                answer = client.request(
                    method.upper(), path.replace("{", "").replace("}", ""), headers=encoded, content=b"{"
                )
                assert code(answer) == (401, "unauthorized"), (method, path)
                assert answer.headers["www-authenticate"].startswith("Bearer")
                assert answer.headers["cache-control"] == "no-store"
                assert "authorization" in answer.headers["vary"].lower()
    assert open_paths == set(DESCRIBES)
    assert open_paths - {"/openapi.json"} < seen


def test_the_document_says_what_needs_a_key() -> None:
    """The scheme, and on each call but the open ones: the scheme's name and the answers to who has no key."""
    document = create_app(Settings()).openapi()

    assert document["components"]["securitySchemes"]["api_key"]["scheme"] == "bearer"
    for path, methods in document["paths"].items():
        for operation in methods.values():
            if path in DESCRIBES:
                assert operation["security"] == []
            else:
                assert operation["security"] == [{"api_key": []}]
                assert {"401", "403", "429"} <= set(operation["responses"])


@pytest.mark.parametrize("words", [["--tenant", "a/b"], ["--tenant", ""], ["--scope", "root"], ["--running-runs", "0"]])
def test_a_key_that_makes_no_sense_is_not_made(words: list[str], tmp_path: Path) -> None:
    made = call("keys", "create", *words, env={"COVERPLAN_DATA_DIR": str(tmp_path)})

    assert (made.returncode, made.stdout) == (2, "")
