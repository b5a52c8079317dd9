"""Webhooks over HTTP: kept per tenant, refused where they could reach inside, and called when a run ends."""

from __future__ import annotations

import asyncio
import contextlib
import json
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest

from coverplan.api.app import create_app
from coverplan.client import SignatureError, read_webhook
from coverplan.jobs.deliveries import deliver_due
from coverplan.settings import Settings
from coverplan.store import webhooks
from support.batches import post, tiny
from support.datasets import send
from support.deployment import TINY, Deployment, deployment
from support.ports import free_port
from support.receiver import Received, Receiver, receiver
from support.service import wait_for

JSON = {"Content-Type": "application/json"}
PUBLIC = "https://hooks.example.com/in?token=abc"


@asynccontextmanager
async def service(database_url: str, folder: Path, **settings: Any) -> AsyncIterator[tuple[httpx.AsyncClient, Any]]:
    """A client of an app in this process, and the app."""
    chosen = {"warm_children": 0, "database_url": database_url, "data_dir": folder / "data", **settings}
    app = create_app(Settings(**chosen))
    transport = httpx.ASGITransport(app)
    async with (
        app.router.lifespan_context(app),
        httpx.AsyncClient(transport=transport, base_url="http://127.0.0.1") as client,
    ):
        yield client, app


async def add(client: httpx.AsyncClient, url: str = PUBLIC, **more: Any) -> httpx.Response:
    return await client.post("/v1/webhooks", content=json.dumps({"url": url, **more}), headers=JSON)


def test_a_webhook_lives_until_it_is_removed(database_url: str, tmp_path: Path) -> None:
    """Its secret is in the first answer and in no other."""

    async def scene() -> None:
        async with service(database_url, tmp_path) as (client, _):
            made = await add(client, kinds=["run.failed"])
            assert made.status_code == 201, made.text
            webhook = made.json()
            assert made.headers["location"] == f"/v1/webhooks/{webhook['id']}"
            secret = webhook.pop("secret")
            assert len(secret) > 40
            assert (webhook["url"], webhook["kinds"]) == (PUBLIC, ["run.failed"])
            assert (await client.get(f"/v1/webhooks/{webhook['id']}")).json() == webhook
            listed = await client.get("/v1/webhooks")
            assert listed.json() == {"items": [webhook], "next_cursor": None}
            assert secret not in listed.text
            tried = await client.post(f"/v1/webhooks/{webhook['id']}/test")
            assert tried.status_code == 202
            deliveries = (await client.get(f"/v1/webhooks/{webhook['id']}/deliveries")).json()["items"]
            assert deliveries == [tried.json()]
            assert (deliveries[0]["kind"], deliveries[0]["status"], deliveries[0]["run_id"]) == (
                "webhook.test",
                "pending",
                None,
            )
            assert (await client.delete(f"/v1/webhooks/{webhook['id']}")).status_code == 204
            refused = await client.put(f"/v1/webhooks/{webhook['id']}")
            assert (refused.status_code, refused.headers["allow"]) == (405, "GET, HEAD, PATCH, DELETE")
            assert (await client.get("/v1/webhooks/%00")).status_code == 422
            for method, path in (("GET", ""), ("DELETE", ""), ("GET", "/deliveries"), ("POST", "/test")):
                gone = await client.request(method, f"/v1/webhooks/{webhook['id']}{path}")
                assert (gone.status_code, gone.json()["code"]) == (404, "not_found")

    asyncio.run(scene())


def test_lists_come_in_pages(database_url: str, tmp_path: Path) -> None:
    """Five webhooks, two a page: 2 + 2 + 1, newest first."""

    async def scene() -> None:
        async with service(database_url, tmp_path) as (client, _):
            made = [(await add(client)).json()["id"] for _ in range(5)]
            listed, sizes, cursor = [], [], ""
            while cursor is not None:
                page = (await client.get(f"/v1/webhooks?limit=2{cursor and '&cursor=' + cursor}")).json()
                listed += [item["id"] for item in page["items"]]
                sizes.append(len(page["items"]))
                cursor = page["next_cursor"]
            assert (sizes, sorted(listed)) == ([2, 2, 1], sorted(made))
            assert listed == sorted(listed, reverse=True)
            assert (await client.get("/v1/webhooks?cursor=AAA")).status_code == 422

    asyncio.run(scene())


EXAMPLES = Path(__file__).parents[2] / "openapi" / "examples"


def test_a_webhook_can_be_changed_paused_and_woken(database_url: str, tmp_path: Path) -> None:
    """What is left out stays; messages wait while it is paused, also those that come meanwhile."""

    async def scene() -> None:
        async with service(database_url, tmp_path) as (client, _):
            made = (await add(client, kinds=["run.failed"], tags=["eu"], include_parts=True)).json()
            path, secret = f"/v1/webhooks/{made['id']}", made.pop("secret")
            assert (made["state"], made["paused_since"], made["pending"]) == ("active", None, 0)
            await client.post(f"{path}/test")
            example = json.loads((EXAMPLES / "webhook_change.json").read_text())
            changed = await patch(client, path, example)
            assert changed.status_code == 200, changed.text
            state = changed.json()
            assert (state["state"], state["pending"], state["next_attempt_at"]) == ("paused", 1, None)
            assert state["paused_since"] is not None
            assert (state["kinds"], state["tags"]) == (example["kinds"], ["nightly"])
            assert (state["url"], state["include_parts"]) == (PUBLIC, True)
            await client.post(f"{path}/test")
            deliveries = (await client.get(f"{path}/deliveries")).json()["items"]
            assert [one["next_attempt_at"] for one in deliveries] == [None, None]
            again = (await patch(client, path, {"state": "paused"})).json()
            assert (again["pending"], again["paused_since"]) == (2, state["paused_since"])
            woken = (await patch(client, path, {"state": "active", "tags": []})).json()
            assert (woken["state"], woken["paused_since"], woken["tags"]) == ("active", None, [])
            assert (await client.get(path)).json() == woken
            assert secret not in changed.text
            wrong: list[dict[str, Any]] = [
                {"state": "failing"},
                {"kinds": []},
                {"nothing": 1},
                {"url": "http://[::1]/"},
            ]
            for change in wrong:
                assert (await patch(client, path, change)).status_code == 422, change
            assert (await client.get(path)).json() == woken

    asyncio.run(scene())


async def patch(client: httpx.AsyncClient, path: str, change: Any) -> httpx.Response:
    return await client.patch(path, content=json.dumps(change), headers=JSON)


def test_values_of_headers_are_never_shown(database_url: str, tmp_path: Path) -> None:
    """Not in answers, lists and errors; names are, and each is told what is wrong with it."""

    async def scene() -> None:
        async with service(database_url, tmp_path) as (client, _):
            made = await add(client, headers={"Authorization": "Bearer s3cret"})
            path = f"/v1/webhooks/{made.json()['id']}"
            assert made.json()["header_names"] == ["Authorization"]
            refused = await patch(client, path, {"headers": {"X-A/B": "s3cret", "Host": "s3cret", "X-C": "s3cret\n"}})
            assert refused.status_code == 422
            found = {(error["code"], error["pointer"]) for error in refused.json()["errors"]}
            assert found == {("header_refused", f"/headers/{name}") for name in ("X-A~1B", "Host", "X-C")}
            many = await add(client, headers={f"x-{n}": "s3cret" for n in range(21)})
            assert [error["pointer"] for error in many.json()["errors"]] == ["/headers"]
            listed = await client.get("/v1/webhooks")
            for answer in (made, refused, many, listed, await client.get(path), await patch(client, path, {})):
                assert "s3cret" not in answer.text
            assert (await patch(client, path, {"headers": {}})).json()["header_names"] == []

    asyncio.run(scene())


def test_a_secret_is_rotated_and_the_old_one_signs_for_a_while(database_url: str, tmp_path: Path) -> None:
    """Both signatures are in each header, ours and that of Standard Webhooks; at 0 s the old ones end at once."""

    async def scene() -> None:
        with receiver() as place:
            allow = {"webhook_allow": ["127.0.0.0/8"]}
            async with service(database_url, tmp_path, **allow) as (client, app):
                made = (await add(client, place.url("/200"), headers={"X-Token": "7f3c"})).json()
                path, first = f"/v1/webhooks/{made['id']}", made["secret"]
                assert made["retired_secret_until"] is None
                key = {"Idempotency-Key": "rotate"}
                rotated = await client.post(f"{path}/rotate", params={"overlap_s": 3600}, headers=key)
                again = await client.post(f"{path}/rotate", params={"overlap_s": 3600}, headers=key)
                assert rotated.status_code == again.status_code == 200, rotated.text
                assert rotated.json() == again.json()
                assert again.headers["idempotency-replayed"] == "true"
                second = rotated.json()["secret"]
                assert second != first
                assert rotated.json()["retired_secret_until"] is not None
                assert second not in (await client.get(path)).text
                await client.post(f"{path}/test")
                assert await deliver_due(app.state.store, app.state.settings) == 1
                third = (await client.post(f"{path}/rotate", params={"overlap_s": 0})).json()
                assert third["retired_secret_until"] is None
                await client.post(f"{path}/test")
                assert await deliver_due(app.state.store, app.state.settings) == 1
            both, alone = place.got
            assert both.headers["x-token"] == "7f3c"
            assert [_fits(both, secret) for secret in (first, second, third["secret"])] == [2, 2, 0]
            assert [_fits(alone, secret) for secret in (first, second, third["secret"])] == [0, 0, 2]

    asyncio.run(scene())


def _fits(got: Received, secret: str) -> int:
    """How many of the two signatures are right by this secret, each read alone."""
    ours = {name: value for name, value in got.headers.items() if not name.startswith("webhook-")}
    standard = {name: value for name, value in got.headers.items() if not name.startswith("coverplan-")}
    right = 0
    for headers in (ours, standard):
        with contextlib.suppress(SignatureError):
            right += read_webhook(secret, headers, got.body).kind == "webhook.test"
    return right


def test_secrets_do_not_pile_up(tmp_path: Path) -> None:
    """Five sign at most; without one that signs beside it, the next begins anew."""

    async def scene() -> None:
        async with service(f"sqlite:///{tmp_path / 'c.db'}", tmp_path) as (client, _):
            path = f"/v1/webhooks/{(await add(client)).json()['id']}/rotate"
            answers = [await client.post(path) for _ in range(5)]
            assert [answer.status_code for answer in answers] == [200, 200, 200, 200, 409]
            assert answers[-1].json()["code"] == "too_many_secrets"
            assert (await client.post(path, params={"overlap_s": 0})).status_code == 200
            assert (await client.post(path)).status_code == 200
            assert (await client.post(path, params={"overlap_s": -1})).status_code == 422

    asyncio.run(scene())


def test_a_webhook_that_fails_says_so(database_url: str, tmp_path: Path) -> None:
    """Down, then back: an owner who wakes it need not wait for the next try."""

    async def scene() -> None:
        with receiver() as place:
            place.status = 503
            chosen = {"webhook_allow": ["127.0.0.0/8"], "webhook_failures": 2}
            async with service(database_url, tmp_path, **chosen) as (client, app):
                path = f"/v1/webhooks/{(await add(client, place.url('/as-told'))).json()['id']}"
                for _ in range(3):
                    await client.post(f"{path}/test")
                await deliver_due(app.state.store, app.state.settings)
                failing = (await client.get(path)).json()
                assert (failing["state"], failing["pending"]) == ("failing", 3)
                assert failing["last_error"] == "Answered with 503."
                assert failing["next_attempt_at"] > failing["paused_since"]
                place.refused, place.got = b"nothing", []
                assert await deliver_due(app.state.store, app.state.settings) == 0
                await patch(client, path, {"state": "active"})
                assert await deliver_due(app.state.store, app.state.settings) == 3
                active = (await client.get(path)).json()
                assert (active["state"], active["pending"], active["last_error"]) == ("active", 0, None)
                assert active["paused_since"] is active["next_attempt_at"] is None

    asyncio.run(scene())


def test_a_webhook_made_again_under_its_key_is_told_as_it_is_by_now(database_url: str, tmp_path: Path) -> None:
    """With the secret of then: the first answer may have been lost."""

    async def scene() -> None:
        async with service(database_url, tmp_path) as (client, _):
            headers, content = {**JSON, "Idempotency-Key": "k"}, json.dumps({"url": PUBLIC})
            first = (await client.post("/v1/webhooks", content=content, headers=headers)).json()
            await patch(client, f"/v1/webhooks/{first['id']}", {"state": "paused"})
            again = await client.post("/v1/webhooks", content=content, headers=headers)
            assert (again.status_code, again.json()["state"]) == (201, "paused")
            assert again.json()["secret"] == first["secret"]

    asyncio.run(scene())


def test_another_tenants_webhook_is_not_there(database_url: str, tmp_path: Path) -> None:
    async def scene() -> None:
        async with service(database_url, tmp_path) as (client, app):
            with app.state.store.database.begin() as connection:
                theirs = webhooks.add(connection, "other", {"url": PUBLIC, "kinds": ["run.failed"]})["id"]
            for method, path in (
                ("GET", ""),
                ("DELETE", ""),
                ("GET", "/deliveries"),
                ("POST", "/test"),
                ("POST", "/rotate"),
            ):
                assert (await client.request(method, f"/v1/webhooks/{theirs}{path}")).status_code == 404
            assert (await patch(client, f"/v1/webhooks/{theirs}", {"state": "paused"})).status_code == 404
            assert (await client.get("/v1/webhooks")).json()["items"] == []
            with app.state.store.database.read() as connection:
                assert webhooks.get(connection, "other", theirs) is not None

    asyncio.run(scene())


REFUSED = [
    ("http://127.0.0.1/", "address_refused"),
    ("http://localhost:8000/", "address_refused"),
    ("http://api.localhost/", "address_refused"),
    ("http://[::1]/", "address_refused"),
    ("http://[::ffff:169.254.169.254]/", "address_refused"),
    ("http://169.254.169.254/latest", "address_refused"),
    ("http://10.0.0.1/", "address_refused"),
    ("http://[64:ff9b::a00:1]/", "address_refused"),
    ("https://user:word@hooks.example.com/", "invalid_url"),
    ("https://:443/", "invalid_url"),
    ("https://h:99999/", "invalid_url"),
    ("ftp://hooks.example.com/", "invalid_url"),
    ("hooks.example.com", "invalid_url"),
    ("https://hooks.example.com/ü", "invalid_url"),
    ("https://hooks example.com/", "invalid_url"),
]


def test_urls_are_refused_before_they_are_stored(tmp_path: Path) -> None:
    async def scene() -> None:
        url = f"sqlite:///{tmp_path / 'coverplan.db'}"
        async with service(url, tmp_path, max_webhooks=1) as (client, _):
            for target, code in REFUSED:
                answer = await add(client, target)
                assert answer.status_code == 422, target
                [error] = answer.json()["errors"]
                assert error["pointer"] == "/url"
                assert code in (None, error["code"]), (target, error)
            for kinds in ([], ["run.started"], ["run.failed"] * 19):
                assert (await add(client, kinds=kinds)).status_code == 422
            assert (await client.get("/v1/webhooks")).json()["items"] == []
            assert (await add(client)).status_code == 201
            full = await add(client)
            assert (full.status_code, full.json()["code"]) == (409, "too_many_webhooks")

    asyncio.run(scene())


def test_a_run_that_ends_is_told_counted_and_logged(database_url: str, tmp_path: Path) -> None:
    """One deployment: messages, metrics of both processes, and log lines under the run's id."""
    port = free_port()
    chosen: dict[str, Any] = {"database_url": database_url, "webhook_allow": '["127.0.0.0/8"]', "metrics_port": port}
    with (
        receiver() as place,
        deployment(tmp_path, workers=0, **chosen) as running,
        running.client() as client,
    ):
        made = client.post("/v1/webhooks", json={"url": place.url("/200")}).json()
        cancelled = running.submit(TINY)  # no worker is there to begin it
        assert client.post(f"/v1/runs/{cancelled}/cancel").json()["job_status"] == "cancelled"
        running.start_worker()
        assert wait_for(lambda: place.got, 60)
        assert json.loads(place.got[0].body)["run_id"] == cancelled
        run_id = running.submit(TINY)
        ended = running.wait(run_id)
        assert wait_for(lambda: len(place.got) == 2, 60)
        event = read_webhook(made["secret"], place.got[1].headers, place.got[1].body)
        assert (event.kind, event.run_id) == ("run.completed", run_id)
        assert event.run is not None
        told = {name: event.run[name] for name in ("job_status", "solution_status", "objective_value", "ended_at")}
        assert told == {name: ended[name] for name in told}
        log = f"/v1/webhooks/{made['id']}/deliveries"
        assert wait_for(lambda: [item["status"] for item in client.get(log).json()["items"]] == ["delivered"] * 2, 60)
        _check_metrics(client.get("/metrics").text, httpx.get(f"http://127.0.0.1:{port}/metrics").text)
        _check_wholes(running, client, place)
    _check_logs(running, run_id, made["secret"])


def _check_wholes(running: Deployment, client: httpx.Client, place: Receiver) -> None:
    """A batch of two runs and a wrong line, and a dataset with a wrong row: a message each, and none for the runs."""
    batch_id, _ = post(running, [tiny(1), tiny(2), b"{}"])
    tables = {"accounts": b'{"id": "a"}\n{"id": "a"}\n', "reps": b'{"id": "r"}\n'}
    dataset_id = send(client, tables, "ndjson", name="FY27")["dataset_id"]
    assert wait_for(lambda: len(place.got) >= 4, 150)
    events = {event["kind"]: event for event in (json.loads(request.body) for request in place.got[2:])}
    assert events.keys() == {"batch.completed", "dataset.checked"}
    batch, dataset = events["batch.completed"], events["dataset.checked"]
    state = client.get(f"/v1/batches/{batch_id}").json()
    assert batch["batch_id"] == batch_id
    assert batch["batch"] == {name: state[name] for name in batch["batch"]}
    assert (state["runs"]["completed"], state["rejected"]) == (2, 1)
    assert state["ended_at"] is not None
    shown = client.get(f"/v1/datasets/{dataset_id}").json()
    assert dataset["dataset_id"] == dataset_id
    assert dataset["dataset"] == {**{name: shown.get(name) for name in dataset["dataset"]}, "error": None}
    assert (shown["valid"], shown["total_errors"]) == (False, 1)


def _check_metrics(api: str, worker: str) -> None:
    """The API knows requests and the queue; the worker what it did."""
    assert "coverplan_runs_ended" not in api  # a worker's numbers would always be zero here
    assert "coverplan_http_request" not in worker
    assert _value(api, "coverplan_workers") == 1
    assert all(text.count("coverplan_build_info{") == 1 for text in (api, worker))
    requests = _value(api, 'coverplan_http_request_seconds_count{method="POST",route="/v1/runs",status="202"}')
    assert requests == 2
    assert 'route="/v1/runs/{run_id}"' in api
    assert _value(api, "coverplan_runs_queued") == _value(api, "coverplan_runs_running") == 0
    assert _value(api, "coverplan_database_up") == 1
    assert _value(worker, 'coverplan_runs_ended_total{job_status="completed",solution_status="optimal"}') == 1
    assert _value(worker, 'coverplan_webhook_attempts_total{outcome="delivered"}') == 2
    for name in ("run_wait_seconds", "solve_seconds", "gap_at_end", "time_limit_overshoot_seconds"):
        assert _value(worker, f"coverplan_{name}_count") == 1, name


def _value(text: str, name: str) -> float:
    [line] = [line for line in text.splitlines() if line.startswith(f"{name} ")]
    return float(line.split()[-1])


def _check_logs(running: Deployment, run_id: str, secret: str) -> None:
    texts: Callable[[str], str] = lambda name: (running.folder / name).read_text()  # noqa: E731
    worker, api = texts("worker-0.log"), texts("api.log")
    lines = [json.loads(line) for line in worker.splitlines() if line.startswith("{")]
    assert {line["event"] for line in lines if line.get("run_id") == run_id} >= {"run started", "run ended"}
    assert secret not in worker + api
    assert time.strftime("%Y-") in lines[0]["timestamp"]


@pytest.mark.parametrize("path", ["/v1/nothing-here-17", "/v1/runs/run-17"])
def test_paths_that_callers_make_up_make_no_new_series(tmp_path: Path, path: str) -> None:
    async def scene() -> str:
        async with service(f"sqlite:///{tmp_path / 'c.db'}", tmp_path) as (client, _):
            await client.get(path)
            await client.request("BREW", path)
            return (await client.get("/metrics")).text

    text = asyncio.run(scene())
    assert "17" not in {part for line in text.splitlines() for part in line.split('"') if "nothing" in part}
    assert "nothing-here" not in text
    assert "BREW" not in text
