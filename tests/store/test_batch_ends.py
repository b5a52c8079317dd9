"""Batches end once, and are told once, whoever is the last and whatever meets; on both databases."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable, Iterator
from functools import partial
from typing import Any

import pytest
from sqlalchemy import Connection, select

from coverplan.payload.webhooks import ALL_KINDS
from coverplan.store import batches, deliveries, runs, schema, webhooks
from coverplan.store.database import Database
from coverplan.store.migrate import migrate
from coverplan.store.runs import End
from support.postgres import Postgres

BATCH = {"id": "batch-1", "tenant": "acme", "name": "nightly", "key": "k"}
READER = "call-1"


@pytest.fixture
def database(database_url: str) -> Iterator[Database]:
    yield from _opened(database_url)


@pytest.fixture
def server(postgres: Postgres) -> Iterator[Database]:
    """A database with more than one writer."""
    yield from _opened(postgres.database())


def _opened(url: str) -> Iterator[Database]:
    """With a webhook that is told of everything but parts, and an open batch."""
    database = Database.open(url)
    migrate(database)
    with database.begin() as connection:
        webhooks.add(connection, "acme", {"url": "https://hooks.example.com/", "kinds": ALL_KINDS})
        batches.begin(connection, BATCH, READER)
    yield database
    database.close()


def write(database: Database, change: Callable[[Connection], Any]) -> Any:
    with database.begin() as connection:
        return change(connection)


def take(database: Database, accepted: int, refused: int = 0, batch_id: str = "batch-1") -> None:
    """Lines: first those that become runs, then those that do not."""
    lines = accepted + refused

    def add(connection: Connection) -> None:
        errors = [(accepted + n + 1, {"code": "invalid"}) for n in range(refused)]
        facts = {"lines": lines, "accepted": accepted, "digest": "d"}
        assert batches.take(connection, batch_id, READER, facts, errors)
        rows = [
            {
                "id": f"run-{batch_id[-1]}-{n}",
                "tenant": "acme",
                "batch_id": batch_id,
                "batch_line": n + 1,
                "retention_s": 60.0,
                "request_path": "p",
                "request_hash": "h",
                "time_limit_s": 1.0,
            }
            for n in range(accepted)
        ]
        if rows:
            runs.add_all(connection, rows, {})

    write(database, add)


def close(database: Database) -> None:
    write(database, lambda c: batches.leave(c, "batch-1", READER, close=True, expires_at=1e12))


def finish(connection: Connection, *numbers: int, batch: int = 1, status: str = "completed") -> None:
    ids = [f"run-{batch}-{number}" for number in numbers]
    runs.claim_all(connection, ids, "worker-1")
    ended = {"job_status": status, "solution_status": "optimal" if status == "completed" else None}
    runs.end_all(connection, [End(run_id, 1, ended) for run_id in ids])


def told(database: Database) -> list[dict[str, Any]]:
    """What the webhook is told, in order."""
    with database.read() as connection:
        [webhook] = webhooks.page(connection, "acme", 10, None)
        rows = sorted(deliveries.log(connection, webhook["id"], 100, None), key=lambda row: row["created_at"])
        return [json.loads(row["body"]) for row in rows]


def kinds(database: Database) -> list[str]:
    return [event["kind"] for event in told(database)]


def test_the_last_run_ends_a_batch_that_is_closed(database: Database) -> None:
    """Two completed, one failed, one line refused: one message, none for the runs."""
    take(database, 3, 1)
    close(database)
    write(database, lambda c: finish(c, 0, 1))
    assert kinds(database) == []
    write(database, lambda c: finish(c, 2, status="failed"))

    [event] = told(database)
    assert (event["kind"], event["batch_id"], event["run_id"]) == ("batch.completed", "batch-1", None)
    assert "dataset_id" not in event
    state = event["batch"]
    assert (state["name"], state["job_status"], state["lines"], state["rejected"]) == ("nightly", "completed", 4, 1)
    assert state["runs"] == {"queued": 0, "running": 0, "completed": 2, "failed": 1, "cancelled": 0}
    assert state["solutions"]["optimal"] == 2
    with database.read() as connection:
        row = batches.get(connection, "acme", "batch-1")
        assert row is not None
        assert row["ended_at"] is not None


def test_closing_ends_a_batch_whose_runs_have_ended(database: Database) -> None:
    """As where its last lines are refused, after all of its runs have ended; or all are."""
    take(database, 2)
    write(database, lambda c: finish(c, 0, 1))
    assert kinds(database) == []
    close(database)
    assert kinds(database) == ["batch.completed"]

    write(database, lambda c: batches.begin(c, {**BATCH, "id": "batch-2", "key": "other"}, READER))
    take(database, 0, 2, "batch-2")
    write(database, lambda c: batches.leave(c, "batch-2", READER, close=True, expires_at=1e12))
    assert [event["batch_id"] for event in told(database)] == ["batch-1", "batch-2"]


def test_an_empty_batch_is_none(database: Database) -> None:
    close(database)

    assert kinds(database) == []
    with database.read() as connection:
        assert batches.get(connection, "acme", "batch-1") is None


@pytest.mark.parametrize("deleted", [False, True])
def test_a_cancelled_batch_is_told_as_such(database: Database, deleted: bool) -> None:
    """Two that wait are cancelled at once, one that is at work when its worker hears of it; deleted by then or not."""
    take(database, 3)
    write(database, lambda c: runs.claim_all(c, ["run-1-0"], "worker-1"))
    write(database, lambda c: batches.close(c, "acme", "batch-1", 1e12))
    assert write(database, lambda c: runs.cancel_some(c, "acme", "batch-1", 500))
    if deleted:
        write(database, lambda c: batches.hide(c, "acme", "batch-1"))
    assert kinds(database) == []
    write(database, lambda c: runs.end_all(c, [End("run-1-0", 1, {"job_status": "cancelled"})]))

    [event] = told(database)
    assert (event["kind"], event["batch"]["job_status"]) == ("batch.cancelled", "cancelled")
    assert event["batch"]["runs"]["cancelled"] == 3


def test_one_that_was_cancelled_after_all_had_ended_is_told_once(database: Database) -> None:
    take(database, 1)
    close(database)
    write(database, lambda c: finish(c, 0))
    write(database, lambda c: batches.close(c, "acme", "batch-1", 1e12))
    write(database, lambda c: runs.cancel_some(c, "acme", "batch-1", 500))
    write(database, lambda c: batches.hide(c, "acme", "batch-1"))

    assert kinds(database) == ["batch.completed"]


def test_a_batch_that_nobody_read_on_ends_when_it_is_closed(database: Database) -> None:
    take(database, 1)
    write(database, lambda c: finish(c, 0))
    write(database, lambda c: c.execute(schema.batches.update().values(read_at=time.time() - 90_000)))
    write(database, lambda c: batches.close_left(c, 1e12))

    assert kinds(database) == ["batch.completed"]


def test_an_end_that_is_rolled_back_is_not_told(database: Database) -> None:
    """As where a worker is killed before it commits."""
    take(database, 1)
    close(database)
    with database.engine.connect() as connection:
        finish(connection, 0)
        connection.rollback()
    assert kinds(database) == []

    write(database, lambda c: finish(c, 0))
    assert kinds(database) == ["batch.completed"]


def test_an_end_that_a_version_before_brought_is_told_later(database: Database) -> None:
    """It ends runs and looks at no batch; what had ended before the upgrade is told to nobody."""
    take(database, 1)
    close(database)
    over = schema.runs.update().values(job_status="completed", solution_status="optimal", ended_at=1.0)
    write(database, lambda c: c.execute(over))
    write(database, lambda c: batches.end_left(c, 10))
    write(database, lambda c: batches.end_left(c, 10))

    assert kinds(database) == ["batch.completed"]


@pytest.mark.parametrize("second", ["run", "close"])
def test_of_two_that_bring_the_end_at_the_same_time_one_tells_it(server: Database, second: str) -> None:
    """Each has done its part and not committed when the other looks: without a lock neither would see the end."""
    take(server, 2)
    if second == "run":
        close(server)
    else:
        write(server, lambda c: finish(c, 1))
    began, go_on = threading.Event(), threading.Event()

    def first() -> None:
        with server.begin() as connection:
            finish(connection, 0)
            began.set()
            go_on.wait(30)

    def other() -> None:
        if second == "run":
            write(server, lambda c: finish(c, 1))
        else:
            close(server)

    threads = [threading.Thread(target=first), threading.Thread(target=other)]
    threads[0].start()
    assert began.wait(30)
    threads[1].start()
    time.sleep(0.3)
    go_on.set()
    for thread in threads:
        thread.join(30)

    assert kinds(server) == ["batch.completed"]


def test_many_workers_ending_and_cancelling_two_batches_do_not_block_each_other(server: Database) -> None:
    """Six threads end runs of two batches, one of each at a time, while two others cancel and hide the batches."""
    take(server, 40)
    write(server, lambda c: batches.begin(c, {**BATCH, "id": "batch-2", "key": "other"}, READER))
    take(server, 40, batch_id="batch-2")
    close(server)
    write(server, lambda c: batches.leave(c, "batch-2", READER, close=True, expires_at=1e12))
    everything = [(f"run-{1 + n % 2}-{n // 2}") for n in range(80)]
    write(server, lambda c: runs.claim_all(c, everything[:60], "worker-1"))
    errors: list[Exception] = []

    def work(ids: list[str]) -> None:
        try:
            for start in range(0, len(ids), 2):
                ends = [End(run_id, 1, {"job_status": "completed"}) for run_id in ids[start : start + 2]]
                write(server, partial(runs.end_all, ends=ends))
        except Exception as error:  # noqa: BLE001 - the test says which
            errors.append(error)

    def cancel(batch_id: str) -> None:
        try:
            for _ in range(5):
                write(server, lambda c: runs.cancel_some(c, "acme", batch_id, 3))
            write(server, lambda c: runs.wish_all(c, "acme", batch_id, "cancel"))
            while write(server, lambda c: runs.cancel_some(c, "acme", batch_id, 500)):
                pass
            write(server, lambda c: batches.hide(c, "acme", batch_id))
        except Exception as error:  # noqa: BLE001
            errors.append(error)

    threads = [threading.Thread(target=work, args=(everything[10 * n : 10 * n + 10],)) for n in range(6)]
    threads += [threading.Thread(target=cancel, args=(batch_id,)) for batch_id in ("batch-1", "batch-2")]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)

    assert errors == []
    assert sorted(event["batch_id"] for event in told(server)) == ["batch-1", "batch-2"]
    with server.read() as connection:
        assert set(connection.execute(select(schema.runs.c.job_status)).scalars()) == {"completed", "cancelled"}
