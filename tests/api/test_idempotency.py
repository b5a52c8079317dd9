"""The same call under the same key is answered the same and creates once, whatever happens in between."""

from __future__ import annotations

import asyncio
import signal
import subprocess
import sys
import threading
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest
from fastapi import FastAPI
from sqlalchemy import Connection, func, insert, select, update
from starlette.responses import Response

from coverplan.api.app import create_app
from coverplan.api.body import Parsed
from coverplan.api.errors import ApiError
from coverplan.api.idempotency import Created, Once
from coverplan.payload.base import Document
from coverplan.settings import Settings
from coverplan.store import idempotency
from coverplan.store.database import Database
from coverplan.store.idempotency import IN_FLIGHT_S, KEPT_S
from coverplan.store.migrate import migrate
from coverplan.store.schema import idempotency as keys
from coverplan.store.schema import policies

JSON = {"Content-Type": "application/json"}


class Thing(Document):
    """What the route of these tests creates."""

    name: str
    fails: bool = False


class Bench:
    """An app with a route that creates a row per call, and its database."""

    def __init__(self, app: FastAPI, client: httpx.AsyncClient) -> None:
        self.app, self.client = app, client
        self.began = threading.Event()
        self.pause_s = 0.0

    async def post(self, name: str = "a", key: str | None = "k-1", shelf: str = "top", **thing: Any) -> httpx.Response:
        headers = JSON if key is None else {**JSON, "Idempotency-Key": key}
        return await self.client.post(f"/v1/shelves/{shelf}", json={"name": name, **thing}, headers=headers)

    def rows(self) -> int:
        with self.app.state.store.database.read() as connection:
            return int(connection.execute(select(func.count()).select_from(policies)).scalar_one())

    def age(self, seconds: float) -> None:
        """Have all keys be that much older."""
        with self.app.state.store.database.begin() as connection:
            connection.execute(update(keys).values(created_at=keys.c.created_at - seconds))


@asynccontextmanager
async def bench(url: str, folder: Path) -> AsyncIterator[Bench]:
    app = create_app(Settings(database_url=url, data_dir=folder, warm_children=0))
    transport = httpx.ASGITransport(app, raise_app_exceptions=False)
    async with (
        app.router.lifespan_context(app),
        httpx.AsyncClient(transport=transport, base_url="http://127.0.0.1") as client,
    ):
        found = Bench(app, client)

        async def put_thing(shelf: str, body: Parsed[Thing], once: Once) -> Response:
            def create(connection: Connection) -> Created:
                version = add(connection, body.name)
                found.began.set()
                time.sleep(found.pause_s)
                if body.fails:
                    raise ApiError("not_found", "No such shelf.")
                return Created(Thing(name=f"{body.name}-{version}"), 202, f"/v1/shelves/{shelf}/{version}")

            return await once.create(create)

        app.post("/v1/shelves/{shelf}")(put_thing)
        yield found


def add(connection: Connection, name: str) -> int:
    version = connection.execute(select(func.count()).select_from(policies)).scalar_one() + 1
    row = {"tenant": "default", "name": name, "version": version, "document": {}, "content_hash": "", "created_at": 0.0}
    connection.execute(insert(policies).values(**row))
    return int(version)


def run(url: str, folder: Path, test: Callable[[Bench], Awaitable[None]]) -> None:
    async def whole() -> None:
        async with bench(url, folder) as found:
            await test(found)

    asyncio.run(whole())


def code(response: httpx.Response) -> str:
    return str(response.json()["code"])


def test_the_same_call_has_the_same_answer(database_url: str, tmp_path: Path) -> None:
    """Status, body and Location; another key, or none, creates anew."""

    async def test(found: Bench) -> None:
        first, again = await found.post(), await found.post()
        assert (first.status_code, first.headers["location"]) == (202, "/v1/shelves/top/1")
        assert (again.status_code, again.content) == (first.status_code, first.content)
        assert again.headers["location"] == first.headers["location"]
        assert again.headers["content-type"] == first.headers["content-type"]
        assert "idempotency-replayed" not in first.headers
        assert again.headers["idempotency-replayed"] == "true"
        assert found.rows() == 1
        await found.post(key="k-2")
        await found.post(key=None)
        await found.post(key=None)
        assert found.rows() == 4

    run(database_url, tmp_path, test)


def test_another_call_under_the_key_is_refused(database_url: str, tmp_path: Path) -> None:
    async def test(found: Bench) -> None:
        await found.post()
        for other in (await found.post(name="b"), await found.post(shelf="low")):
            assert (other.status_code, code(other)) == (422, "idempotency_key_reused")
        assert found.rows() == 1

    run(database_url, tmp_path, test)


@pytest.mark.parametrize("key", ["", "two words", "x" * 201, "caf\u00e9"])
def test_a_key_is_a_word(key: str, tmp_path: Path) -> None:
    async def test(found: Bench) -> None:
        headers = {b"Content-Type": b"application/json", b"Idempotency-Key": key.encode("latin-1")}
        answer = await found.client.post("/v1/shelves/top", json={"name": "a"}, headers=headers)
        assert (answer.status_code, code(answer)) == (422, "invalid")
        assert found.rows() == 0

    run(f"sqlite:///{tmp_path / 'a.db'}", tmp_path, test)


def test_the_key_of_a_failed_call_is_free(database_url: str, tmp_path: Path) -> None:
    """Nothing was created, so nothing has to be remembered."""

    async def test(found: Bench) -> None:
        failed = await found.post(fails=True)
        assert (failed.status_code, found.rows()) == (404, 0)
        assert (await found.post()).status_code == 202
        assert found.rows() == 1

    run(database_url, tmp_path, test)


def test_one_of_many_at_once_creates(database_url: str, tmp_path: Path) -> None:
    """Twenty calls in threads: the others are told to wait, or are answered the same."""

    async def test(found: Bench) -> None:
        found.pause_s = 0.1
        answers = await asyncio.gather(*(found.post() for _ in range(20)))
        created = {answer.content for answer in answers if answer.status_code == 202}
        others = {code(answer) for answer in answers if answer.status_code != 202}
        assert len(created) == 1
        assert others <= {"idempotency_in_flight"}
        assert found.rows() == 1
        assert (await found.post()).content in created

    run(database_url, tmp_path, test)


def test_a_call_in_flight_is_waited_for(database_url: str, tmp_path: Path) -> None:
    async def test(found: Bench) -> None:
        found.pause_s = 0.5
        first = asyncio.create_task(found.post())
        await asyncio.to_thread(found.began.wait, 10)
        # SQLite has one writer: there the second call waits for the first, and has its answer.
        second = await found.post()
        if found.app.state.store.database.is_sqlite:
            assert second.headers["idempotency-replayed"] == "true"
        else:
            assert (second.status_code, code(second), second.headers["retry-after"]) == (
                409,
                "idempotency_in_flight",
                "1",
            )
        assert (await first).status_code == 202
        assert found.rows() == 1

    run(database_url, tmp_path, test)


def test_a_key_is_forgotten_after_a_day(database_url: str, tmp_path: Path) -> None:
    async def test(found: Bench) -> None:
        await found.post()
        found.age(KEPT_S - 60)
        assert (await found.post()).headers["idempotency-replayed"] == "true"
        found.age(120)
        assert "idempotency-replayed" not in (await found.post(name="b")).headers
        assert found.rows() == 2
        found.age(KEPT_S + 60)
        with found.app.state.store.database.begin() as connection:
            assert idempotency.forget(connection) == 1

    run(database_url, tmp_path, test)


def test_who_is_taken_over_creates_nothing(database_url: str, tmp_path: Path) -> None:
    """The first call hangs longer than a claim lives: the second creates, the first is undone."""

    def claimed(database: Database) -> idempotency.Claim:
        with database.begin() as connection:
            found = idempotency.claim(connection, idempotency.Call("t", "POST /v1/x", "k", "hash"))
        assert isinstance(found, idempotency.Claim)
        return found

    database = Database.open(database_url)
    migrate(database)
    answer = idempotency.Answer(202, {"Location": "/v1/x/1"}, "{}")
    slow = claimed(database)
    with database.begin() as connection, pytest.raises(idempotency.KeyInFlightError):
        idempotency.claim(connection, slow.call)
    with database.begin() as connection:
        connection.execute(update(keys).values(created_at=slow.at - IN_FLIGHT_S - 1))
    slow = idempotency.Claim(slow.call, slow.at - IN_FLIGHT_S - 1)
    quick = claimed(database)

    with database.begin() as connection:
        assert not idempotency.finish(connection, slow, answer)
        idempotency.release(connection, slow)  # does not free what it lost
        assert idempotency.finish(connection, quick, answer)
    with database.begin() as connection:
        assert idempotency.claim(connection, slow.call) == answer
    database.close()


KILLED = """
import asyncio, os, signal, sys
sys.path[:0] = {path!r}
from pathlib import Path
from api import test_idempotency as tests

async def whole():
    async with tests.bench({url!r}, Path({folder!r})) as found:
        await found.post(key="whole")
        found.began.clear()
        found.pause_s = 30
        call = asyncio.create_task(found.post(key="torn"))
        await asyncio.to_thread(found.began.wait, 30)
        os.kill(os.getpid(), signal.SIGKILL)

asyncio.run(whole())
"""


def test_a_service_that_is_killed_creates_once(database_url: str, tmp_path: Path) -> None:
    """Killed between an answer and its arrival, and within a creating transaction; the callers ask again."""
    script = KILLED.format(url=database_url, folder=str(tmp_path), path=sys.path)
    killed = subprocess.run([sys.executable, "-c", script], capture_output=True, timeout=60, check=False)
    assert killed.returncode == -signal.SIGKILL, killed.stderr.decode()

    async def test(found: Bench) -> None:
        assert (await found.post(key="whole")).headers["idempotency-replayed"] == "true"
        assert found.rows() == 1
        torn = await found.post(key="torn")
        if not found.app.state.store.database.is_sqlite:  # another service may be at it still
            assert code(torn) == "idempotency_in_flight"
            found.age(IN_FLIGHT_S + 1)
            torn = await found.post(key="torn")
        assert (torn.status_code, found.rows()) == (202, 2)
        assert (await found.post(key="torn")).content == torn.content

    run(database_url, tmp_path, test)
