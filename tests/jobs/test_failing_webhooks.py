"""A receiver that is down is left alone, and has all that waited, in order, once it is back; on both databases."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import update

from coverplan.jobs.deliveries import deliver_due
from coverplan.settings import Settings
from coverplan.store import announcements, deliveries, schema, webhooks
from coverplan.store.announcements import News
from coverplan.store.store import Store
from support.ports import free_port
from support.postgres import Postgres
from support.receiver import Receiver, receiver

ALLOWED = 5
"""Failures in a row."""


@pytest.fixture
def settings(database_url: str, tmp_path: Path) -> Settings:
    return Settings(
        database_url=database_url,
        data_dir=tmp_path / "data",
        webhook_allow=["127.0.0.0/8"],
        webhook_failures=ALLOWED,
        webhook_backoff_s=3600.0,  # nothing is tried again before the test says so
        webhook_timeout_s=5.0,
    )


@pytest.fixture
def store(settings: Settings) -> Iterator[Store]:
    opened = Store.open(settings)
    yield opened
    opened.close()


@pytest.fixture
def place() -> Iterator[Receiver]:
    with receiver() as running:
        yield running


def listen(store: Store, url: str) -> str:
    with store.database.begin() as connection:
        return str(webhooks.add(connection, "acme", {"url": url, "kinds": ["run.completed"]})["id"])


def announce(store: Store, *numbers: int) -> None:
    for number in numbers:
        with store.database.begin() as connection:
            about = {"run_id": f"run-{number:02d}", "run": {"job_status": "completed"}}
            announcements.announce(connection, "acme", [News("run.completed", about)])


def state(store: Store, webhook_id: str) -> tuple[str, int]:
    """How it is, and how many messages wait for it."""
    with store.database.read() as connection:
        row = webhooks.get(connection, "acme", webhook_id)
        assert row is not None
        return webhooks.state_of(row), webhooks.waiting(connection, [webhook_id]).get(webhook_id, 0)


def log(store: Store, webhook_id: str) -> list[Any]:
    """Its messages, oldest first."""
    with store.database.read() as connection:
        return sorted(deliveries.log(connection, webhook_id, 100, None), key=lambda row: row["created_at"])


def deliver(store: Store, settings: Settings) -> int:
    return asyncio.run(deliver_due(store, settings))


def hurry(store: Store) -> None:
    """Let the pause be over after which what failed is tried again."""
    past = time.time() - 1
    for table, column in ((schema.webhooks, "wake_at"), (schema.deliveries, "next_at")):
        with store.database.begin() as connection:
            connection.execute(update(table).where(table.c[column].is_not(None)).values({column: past}))


def told(place: Receiver) -> list[int]:
    """Numbers of the runs that it was told of, in the order in which it was."""
    return [int(json.loads(request.body)["run_id"].removeprefix("run-")) for request in place.got]


@pytest.mark.parametrize("status", [500, 503, 404, None])
def test_a_receiver_that_is_down_is_left_alone_and_has_all_in_order_once_it_is_back(
    store: Store, settings: Settings, status: int | None
) -> None:
    """Five failures, then one try at a time, whatever comes meanwhile; None: nobody listens."""
    port = free_port()
    url = f"http://127.0.0.1:{port}/as-told"
    webhook_id = listen(store, url)
    announce(store, *range(12))
    if status is None:
        assert deliver(store, settings) == ALLOWED
        tries = 0
    else:
        with receiver(port) as down:
            down.status = status
            assert deliver(store, settings) == ALLOWED
            assert state(store, webhook_id) == ("failing", 12)
            assert deliver(store, settings) == 0
            for _ in range(3):
                hurry(store)
                assert deliver(store, settings) == 1
            tries = len(down.got)
            assert told(down)[-3:] == [0, 0, 0]
    announce(store, 12, 13)
    assert deliver(store, settings) == 0
    assert state(store, webhook_id) == ("failing", 14)
    assert (max(row["attempts"] for row in log(store, webhook_id)) > 1) == (tries > 0)

    with receiver(port) as back:
        assert deliver(store, settings) == 0  # it is not known to be back
        hurry(store)
        assert deliver(store, settings) == 14
        assert told(back) == list(range(14))
        assert state(store, webhook_id) == ("active", 0)
        announce(store, 14)
        assert deliver(store, settings) == 1
    assert {row["status"] for row in log(store, webhook_id)} == {"delivered"}


def test_what_comes_while_the_rest_goes_out_waits_behind_it(store: Store, settings: Settings, place: Receiver) -> None:
    """Nothing overtakes; and where the receiver is down again in the middle, nothing is lost, or out of order."""
    place.status = 503
    webhook_id = listen(store, place.url("/as-told"))
    announce(store, *range(8))
    deliver(store, settings)
    place.got.clear()
    place.refused = b"run-05"  # the sixth finds it down again
    hurry(store)
    assert deliver(store, settings) == 6
    assert state(store, webhook_id) == ("failing", 3)
    announce(store, 8)
    place.refused = b"nothing"
    hurry(store)
    assert deliver(store, settings) == 4

    assert told(place) == [0, 1, 2, 3, 4, 5, 5, 6, 7, 8]
    assert state(store, webhook_id) == ("active", 0)


def test_a_message_that_is_refused_for_its_own_sake_holds_up_no_other(
    store: Store, settings: Settings, place: Receiver
) -> None:
    """400 to the first of six: alone it has the webhook fail, but then the others are tried, and it comes last."""
    place.status, place.refused = 400, b"run-00"
    webhook_id = listen(store, place.url("/as-told"))
    announce(store, 0)
    for _ in range(ALLOWED):
        hurry(store)
        assert deliver(store, settings) == 1
    assert state(store, webhook_id) == ("failing", 1)
    announce(store, *range(1, 6))
    hurry(store)
    assert deliver(store, settings) == 6

    assert told(place)[ALLOWED:] == [1, 2, 3, 4, 5, 0]
    assert state(store, webhook_id) == ("active", 1)


def test_it_is_given_up_only_while_others_are_taken(store: Store, settings: Settings, place: Receiver) -> None:
    """Refused ten times, each time beside one that is taken; what a receiver that is down does not take is kept."""
    place.status, place.refused = 400, b"run-00"
    webhook_id = listen(store, place.url("/as-told"))
    announce(store, 0)
    for number in range(1, settings.webhook_attempts + 1):
        announce(store, number)
        hurry(store)
        assert deliver(store, settings) == 2
    first, *others = log(store, webhook_id)
    assert (first["status"], first["attempts"], first["next_at"]) == ("failed", settings.webhook_attempts, None)
    assert {row["status"] for row in others} == {"delivered"}

    place.status, place.refused = 503, b""
    announce(store, 99)
    for _ in range(settings.webhook_attempts + 5):
        hurry(store)
        assert deliver(store, settings) == 1
    assert (log(store, webhook_id)[-1]["status"], state(store, webhook_id)) == ("pending", ("failing", 1))


def test_an_address_that_is_refused_is_left_alone_at_once(store: Store, settings: Settings, place: Receiver) -> None:
    """Nothing is connected to, and nothing is lost: the operator may admit it later."""
    webhook_id = listen(store, place.url("/200"))
    announce(store, 1, 2)
    deliver(store, settings.model_copy(update={"webhook_allow": ["public"]}))
    assert state(store, webhook_id) == ("failing", 2)
    assert place.got == []

    hurry(store)
    assert deliver(store, settings) == 2
    assert told(place) == [1, 2]


def test_a_paused_webhook_is_sent_nothing_until_it_is_woken(store: Store, settings: Settings, place: Receiver) -> None:
    """Then all that waited, in order."""
    webhook_id = listen(store, place.url("/200"))
    announce(store, 0, 1)
    _change(store, webhook_id, webhooks.pause)
    announce(store, 2, 3)
    hurry(store)
    assert deliver(store, settings) == 0
    assert state(store, webhook_id) == ("paused", 4)

    _change(store, webhook_id, webhooks.wake)
    assert deliver(store, settings) == 4
    assert told(place) == [0, 1, 2, 3]
    assert state(store, webhook_id) == ("active", 0)


def test_what_is_told_while_it_wakes_is_not_left_behind(postgres: Postgres, tmp_path: Path) -> None:
    """The end that brings it is not committed yet when the worker finds that nothing waits any more."""
    chosen = Settings(database_url=postgres.database(), data_dir=tmp_path, webhook_allow=["127.0.0.0/8"])
    store = Store.open(chosen)
    with receiver() as place, ThreadPoolExecutor(1) as thread:
        webhook_id = listen(store, place.url("/200"))
        _change(store, webhook_id, webhooks.pause)
        _change(store, webhook_id, webhooks.wake)
        with store.database.begin() as connection:
            news = News("run.completed", {"run_id": "run-00", "run": {}})
            assert announcements.announce(connection, "acme", [news]) == 1
            waking = thread.submit(deliver, store, chosen)
            time.sleep(0.5)
        waking.result(30)
        deliver(store, chosen)
        assert told(place) == [0]
    assert state(store, webhook_id) == ("active", 0)
    store.close()


def test_what_fails_while_its_webhook_is_paused_waits_for_it(store: Store, settings: Settings, place: Receiver) -> None:
    """Taken by a worker before the pause, failed after it: no pause of its own brings it out again."""
    webhook_id = listen(store, place.url("/503"))
    announce(store, 0)

    async def scene() -> None:
        sending = asyncio.create_task(deliver_due(store, settings))
        while not place.got:
            await asyncio.sleep(0.005)
        _change(store, webhook_id, webhooks.pause)
        await sending

    asyncio.run(scene())
    [row] = log(store, webhook_id)
    assert (row["status"], row["next_at"]) == ("pending", None)
    assert state(store, webhook_id) == ("paused", 1)


def test_one_that_fails_is_tried_at_once_where_its_owner_asks(
    store: Store, settings: Settings, place: Receiver
) -> None:
    place.status = 503
    webhook_id = listen(store, place.url("/as-told"))
    announce(store, *range(ALLOWED))
    deliver(store, settings)
    place.refused, place.got = b"nothing", []
    with store.database.begin() as connection:
        webhooks.try_now(connection, webhook_id)

    assert deliver(store, settings) == ALLOWED
    assert state(store, webhook_id) == ("active", 0)


def test_versions_before_find_nothing_to_send_while_it_is_left_alone(store: Store, settings: Settings) -> None:
    """They look for what is `pending` and due, and know nothing of webhooks that are paused or fail."""
    webhook_id = listen(store, f"http://127.0.0.1:{free_port()}/200")
    announce(store, *range(7))
    deliver(store, settings)
    announce(store, 7)

    assert [(row["status"], row["next_at"]) for row in log(store, webhook_id)] == [("pending", None)] * 8


def test_a_worker_that_stops_lets_another_go_on_at_once(store: Store, settings: Settings, place: Receiver) -> None:
    """What it was at is due again, and nobody waits for its lease."""
    listen(store, place.url("/hang"))
    announce(store, 0)

    async def scene() -> None:
        sending = asyncio.create_task(deliver_due(store, settings))
        while not place.got:
            await asyncio.sleep(0.005)
        sending.cancel()
        await asyncio.gather(sending, return_exceptions=True)

    asyncio.run(scene())
    with store.database.begin() as connection:
        [turn] = deliveries.claim(connection, time.time(), 30.0, 10)
        again = deliveries.take(connection, turn, time.time(), 30.0, 8)
        assert again is not None
        assert [message["run_id"] for message in again.messages] == ["run-00"]


def _change(store: Store, webhook_id: str, change: Any) -> None:
    with store.database.begin() as connection:
        change(connection, webhooks.locked(connection, webhook_id))
