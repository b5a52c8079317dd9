"""Webhooks over HTTP: kept per tenant, refused where they could reach inside, and called when a run ends."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest

from coverplan.api.app import create_app
from coverplan.client import read_webhook
from coverplan.settings import Settings
from coverplan.store import webhooks
from support.deployment import TINY, Deployment, deployment
from support.ports import free_port
from support.receiver import receiver
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
            assert (refused.status_code, refused.headers["allow"]) == (405, "GET, HEAD, DELETE")
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


def test_another_tenants_webhook_is_not_there(database_url: str, tmp_path: Path) -> None:
    async def scene() -> None:
        async with service(database_url, tmp_path) as (client, app):
            with app.state.store.database.begin() as connection:
                theirs = webhooks.add(connection, "other", PUBLIC, ["run.failed"])["id"]
            for method, path in (("GET", ""), ("DELETE", ""), ("GET", "/deliveries"), ("POST", "/test")):
                assert (await client.request(method, f"/v1/webhooks/{theirs}{path}")).status_code == 404
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
            for kinds in ([], ["run.started"], ["run.failed"] * 7):
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
    _check_logs(running, run_id, made["secret"])


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
