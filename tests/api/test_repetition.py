"""Calls made again: the same in other bytes, told how far things are by now, and beside versions that know bytes."""

from __future__ import annotations

import asyncio
import hashlib
import json
import time
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import httpx
import pytest
import sqlalchemy as sa

from coverplan.api.app import create_app
from coverplan.settings import Settings
from coverplan.store import runs, schema
from coverplan.store.database import Database
from coverplan.store.migrate import migrate, migrate_back

JSON = {"Content-Type": "application/json"}
NDJSON = {"Content-Type": "application/x-ndjson"}
KEY = {"Idempotency-Key": "k"}
PROBLEM: dict[str, Any] = {"accounts": [{"id": "a", "potential": 100, "hours": 1}], "reps": [{"id": "r"}]}
RUN = {"problem": PROBLEM, "name": "carve", "priority": 1}
OTHERWISE = b"""{"name": "car\\u0076e",
  "priority": 1, "problem": {"reps": [{"id": "r"}], "accounts": [{"hours": 1.0, "potential": 1e2, "id": "a"}]}}"""
"""The same run."""

Test = Callable[[httpx.AsyncClient, Database], Awaitable[None]]


def bench(url: str, folder: Path, test: Test) -> None:
    """Have a test call an app in this process; no worker is there."""

    async def whole() -> None:
        app = create_app(Settings(database_url=url, data_dir=folder / "data", warm_children=0))
        transport = httpx.ASGITransport(app, raise_app_exceptions=False)
        async with (
            app.router.lifespan_context(app),
            httpx.AsyncClient(transport=transport, base_url="http://127.0.0.1") as client,
        ):
            await test(client, app.state.store.database)

    asyncio.run(whole())


async def submit(client: httpx.AsyncClient, body: bytes | dict[str, Any], path: str = "/v1/runs") -> httpx.Response:
    content = body if isinstance(body, bytes) else json.dumps(body).encode()
    return await client.post(path, content=content, headers={**JSON, **KEY})


async def send(client: httpx.AsyncClient, *lines: bytes) -> httpx.Response:
    content = b"".join(line + b"\n" for line in lines)
    return await client.post("/v1/batches", content=content, headers={**NDJSON, **KEY})


def flat(text: bytes) -> bytes:
    """On one line."""
    return b" ".join(text.split(b"\n"))


def code(answer: httpx.Response) -> str:
    return str(answer.json()["code"])


def statement(database: Database, text: str, **values: Any) -> Any:
    with database.begin() as connection:
        found = connection.execute(sa.text(text), values)
        return found.all() if found.returns_rows else None


def test_the_same_json_in_other_bytes_is_the_same_call(database_url: str, tmp_path: Path) -> None:
    async def test(client: httpx.AsyncClient, _: Database) -> None:
        first, again = await submit(client, RUN), await submit(client, OTHERWISE)
        other = await submit(client, {**RUN, "priority": 2})

        assert "idempotency-replayed" not in first.headers
        assert (again.status_code, again.headers["idempotency-replayed"]) == (202, "true")
        assert again.json() == first.json()
        assert again.headers["location"] == first.headers["location"]
        assert (other.status_code, code(other)) == (422, "idempotency_key_reused")

    bench(database_url, tmp_path, test)


def test_a_run_is_told_as_it_is_by_now(database_url: str, tmp_path: Path) -> None:
    """Queued at first, then completed by a worker, then deleted: the status code stays that of the first answer."""

    async def test(client: httpx.AsyncClient, database: Database) -> None:
        run_id = (await submit(client, RUN)).json()["run_id"]
        with database.begin() as connection:
            assert runs.claim_all(connection, [run_id], "worker-1")
        running = await submit(client, RUN)
        with database.begin() as connection:
            runs.end_all(connection, [runs.End(run_id, 1, {"job_status": "completed", "expires_at": time.time() + 60})])
        completed = await submit(client, RUN)
        assert (await client.delete(f"/v1/runs/{run_id}")).status_code == 204
        deleted = await submit(client, RUN)

        answers = (running, completed, deleted)
        assert [answer.json()["job_status"] for answer in answers] == ["running", "completed", "cancelled"]
        assert {answer.json()["run_id"] for answer in answers} == {run_id}
        assert {answer.status_code for answer in answers} == {202}
        assert {answer.headers["idempotency-replayed"] for answer in answers} == {"true"}

    bench(database_url, tmp_path, test)


def test_experiments_and_datasets_are_told_as_they_are_by_now(tmp_path: Path) -> None:
    request = {"problems": [{"problem": PROBLEM}], "policies": [{"id": "none", "policy": {"constraints": []}}]}

    async def test(client: httpx.AsyncClient, database: Database) -> None:
        made = await submit(client, request, "/v1/experiments")
        assert made.status_code == 202, made.text
        assert made.json()["job_status"] == "queued"
        assert (await client.post(f"{made.headers['location']}/stop")).status_code == 200
        stopped = await submit(client, request, "/v1/experiments")
        assert (stopped.status_code, stopped.json()["job_status"]) == (202, "cancelled")
        assert (await client.delete(made.headers["location"])).status_code == 204
        assert (await submit(client, request, "/v1/experiments")).json() == stopped.json()

        begun = await submit(client, {"name": "FY27"}, "/v1/datasets")
        with database.begin() as connection:
            connection.execute(sa.update(schema.datasets).values(job_status="queued"))
        queued = await submit(client, {"name": "FY27"}, "/v1/datasets")
        assert (begun.json()["job_status"], queued.json()["job_status"]) == ("open", "queued")
        assert (await client.delete(begun.headers["location"])).status_code == 204
        gone = await submit(client, {"name": "FY27"}, "/v1/datasets")
        assert (gone.status_code, gone.content) == (201, begun.content)

    bench(f"sqlite:///{tmp_path / 'a.db'}", tmp_path, test)


def test_lines_of_a_batch_are_the_same_in_other_bytes(database_url: str, tmp_path: Path) -> None:
    """What cannot be read is compared by its bytes."""

    async def test(client: httpx.AsyncClient, _: Database) -> None:
        line = json.dumps(RUN).encode()
        first = await send(client, line, b"no json", line)
        again = await send(client, flat(OTHERWISE), b"no json", line)
        others = [
            await send(client, *lines)
            for lines in ((line, b"no  json", line), (line, b"no json"), (line, b"no json", line.replace(b"1", b"2")))
        ]

        assert first.status_code == again.status_code == 202
        assert "idempotency-replayed" not in first.headers
        assert again.headers["idempotency-replayed"] == "true"
        assert again.text == first.text
        assert [code(answer) for answer in others] == ["idempotency_key_reused"] * 3

    bench(database_url, tmp_path, test)


def earlier_hash(path: str, body: bytes) -> str:
    """As versions before revision 0003 made it: the place, and SHA-256 of the bytes in hexadecimal digits."""
    return hashlib.sha256(f"{path}?\n{hashlib.sha256(body).hexdigest()}".encode()).hexdigest()


INSERT = (
    "INSERT INTO idempotency_keys (tenant, route, key, body_hash, status, headers, body, created_at) VALUES "
    "('default', 'POST /v1/runs', 'k', :hash, 202, '{\"Location\": \"/v1/runs/run-1\"}', :body, :now)"
)


def test_a_key_of_the_version_before_is_known_after_the_upgrade(database_url: str, tmp_path: Path) -> None:
    """By its bytes, which are all that it wrote down."""
    body = json.dumps(RUN).encode()
    database = Database.open(database_url)
    migrate(database)
    migrate_back(database, "0002")
    told = '{"run_id":"run-1","job_status":"queued"}'
    statement(database, INSERT, hash=earlier_hash("/v1/runs", body), body=told, now=time.time())
    database.close()

    async def test(client: httpx.AsyncClient, _: Database) -> None:
        same, otherwise = await submit(client, body), await submit(client, OTHERWISE)

        assert (same.status_code, same.json()["run_id"]) == (202, "run-1")
        assert same.headers["location"] == "/v1/runs/run-1"
        assert code(otherwise) == "idempotency_key_reused"

    bench(database_url, tmp_path, test)


def test_a_version_that_knows_bytes_works_beside_this_one(database_url: str, tmp_path: Path) -> None:
    """It finds the hash of the bytes; where it takes a key over that was forgotten, what bytes said counts no more."""
    body = json.dumps(RUN).encode()

    async def test(client: httpx.AsyncClient, database: Database) -> None:
        await submit(client, body)
        [(known,)] = statement(database, "SELECT body_hash FROM idempotency_keys")
        assert known == earlier_hash("/v1/runs", body)

        theirs = json.dumps({**RUN, "priority": 9}).encode()
        statement(database, "UPDATE idempotency_keys SET body_hash = :hash", hash=earlier_hash("/v1/runs", theirs))
        assert code(await submit(client, OTHERWISE)) == "idempotency_key_reused"
        assert (await submit(client, theirs)).headers["idempotency-replayed"] == "true"

    bench(database_url, tmp_path, test)


@pytest.mark.parametrize("seal", ["NULL", "'0'"])
def test_a_batch_of_the_version_before_is_known_by_its_bytes(tmp_path: Path, seal: str) -> None:
    """None, or one that the lines which that version took on do not fit."""
    line = json.dumps(RUN).encode()

    async def test(client: httpx.AsyncClient, database: Database) -> None:
        first = await send(client, line)
        [(digest,)] = statement(database, "SELECT digest FROM batches")
        assert digest == hashlib.sha256(line + b"\n").hexdigest()
        statement(database, f"UPDATE batches SET content_digest = {seal}")

        assert (await send(client, line)).text == first.text
        assert code(await send(client, flat(OTHERWISE))) == "idempotency_key_reused"

    bench(f"sqlite:///{tmp_path / 'a.db'}", tmp_path, test)
