"""Messages from the end of a run or an experiment to their receiver, on both databases."""

from __future__ import annotations

import asyncio
import json
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from coverplan.client import SignatureError, read_webhook
from coverplan.jobs.deliveries import deliver_due, deliver_forever, pause_s, prune_deliveries
from coverplan.settings import Settings
from coverplan.store import announcements, deliveries, webhooks
from coverplan.store.announcements import News
from coverplan.store.store import Store
from support.receiver import Receiver, receiver

TENANT = "acme"
RUN = {"job_status": "completed", "gap": 0.001}


@pytest.fixture
def settings(database_url: str, tmp_path: Path) -> Settings:
    return Settings(
        database_url=database_url,
        data_dir=tmp_path / "data",
        webhook_allow=["127.0.0.0/8"],
        webhook_attempts=3,
        webhook_backoff_s=0.02,
        webhook_timeout_s=0.5,
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


def listen(store: Store, url: str, *kinds: str, tenant: str = TENANT) -> Any:
    with store.database.begin() as connection:
        return webhooks.add(connection, tenant, {"url": url, "kinds": kinds or ("run.completed",)})


def announce(store: Store, run_id: str = "run-1", kind: str = "run.completed") -> int:
    with store.database.begin() as connection:
        return announcements.announce(connection, TENANT, [News(kind, {"run_id": run_id, "run": RUN})])


def log(store: Store, webhook: Any) -> list[Any]:
    with store.database.read() as connection:
        return list(deliveries.log(connection, webhook["id"], 100, None))


def test_only_the_tenants_webhooks_of_that_kind_are_told(store: Store, settings: Settings, place: Receiver) -> None:
    listen(store, place.url("/200"), "run.failed")
    listen(store, place.url("/201"), "run.failed", "run.completed")
    listen(store, place.url("/202"), tenant="other")

    assert announce(store) == 1
    assert asyncio.run(deliver_due(store, settings)) == 1
    assert asyncio.run(deliver_due(store, settings)) == 0
    assert place.paths() == ["/201"]


def test_the_message_can_be_verified(store: Store, settings: Settings, place: Receiver) -> None:
    webhook = listen(store, place.url("/200"))
    announce(store, "run-7")
    asyncio.run(deliver_due(store, settings))
    [got] = place.got

    event = read_webhook(webhook["secret"], got.headers, got.body)
    assert (event.kind, event.run_id, event.run) == ("run.completed", "run-7", RUN)
    assert got.headers["coverplan-delivery"] == event.id == log(store, webhook)[0]["id"]
    old = {**got.headers, "coverplan-timestamp": str(int(time.time()) - 3600)}
    for headers, body, secret in (
        (got.headers, got.body + b" ", webhook["secret"]),
        (got.headers, got.body, "whsec-other"),
        (old, got.body, webhook["secret"]),
        ({}, got.body, webhook["secret"]),
        ({**got.headers, "coverplan-signature": "v1=ä"}, got.body, webhook["secret"]),
    ):
        with pytest.raises(SignatureError):
            read_webhook(secret, headers, body)
    with pytest.raises(SignatureError, match="too old"):
        read_webhook(webhook["secret"], got.headers, got.body, tolerance_s=-1)


def test_a_transaction_that_is_rolled_back_announces_nothing(store: Store, place: Receiver) -> None:
    webhook = listen(store, place.url("/200"))
    with store.database.engine.connect() as connection:
        announcements.announce(connection, TENANT, [News("run.completed", {"run_id": "run-1", "run": RUN})])
        connection.rollback()

    assert log(store, webhook) == []


def test_an_end_outlives_the_removal_of_a_webhook(store: Store, place: Receiver) -> None:
    """What ends waits for the removal that came first, and tells nobody."""
    webhook = listen(store, place.url("/200"))
    with ThreadPoolExecutor(1) as thread:
        with store.database.begin() as connection:
            assert webhooks.remove(connection, TENANT, webhook["id"])
            told = thread.submit(announce, store)
            time.sleep(0.3)
        assert told.result(30) == 0


def test_a_message_is_sent_again_until_it_is_taken(store: Store, settings: Settings, place: Receiver) -> None:
    """503, 503, 204: three attempts, which is all that there are."""
    webhook = listen(store, place.url("/flaky"))
    announce(store)
    until = time.monotonic() + 5
    while log(store, webhook)[0]["status"] == "pending" and time.monotonic() < until:
        asyncio.run(deliver_due(store, settings))

    [row] = log(store, webhook)
    assert (row["status"], row["attempts"], row["response_status"], row["error"]) == ("delivered", 3, 204, None)
    assert row["delivered_at"] > row["created_at"]
    assert len({request.headers["coverplan-delivery"] for request in place.got}) == 1


@pytest.mark.parametrize(
    ("path", "status", "words"),
    [("/500", 500, "500"), ("/redirect", 307, "redirects"), ("/hang", None, "No answer within 0.5 s")],
)
def test_the_log_says_what_went_wrong(
    store: Store, settings: Settings, place: Receiver, path: str, status: int | None, words: str
) -> None:
    webhook = listen(store, place.url(path))
    announce(store)
    asyncio.run(deliver_due(store, settings.model_copy(update={"webhook_backoff_s": 3600.0})))

    [row] = log(store, webhook)
    assert (row["status"], row["attempts"], row["response_status"]) == ("pending", 1, status)
    assert words in row["error"]
    assert row["next_at"] > row["created_at"]


def test_pauses_double_up_to_an_hour() -> None:
    """10, 20, 40... s at most, half of it at least."""
    assert [pause_s(n, 10.0, 0.0) for n in (1, 2, 3, 10, 40)] == [10, 20, 40, 3600, 3600]
    assert [pause_s(n, 10.0, 1.0) for n in (1, 2, 3, 10)] == [5, 10, 20, 1800]


def test_workers_at_the_same_time_send_each_message_once(store: Store, settings: Settings, place: Receiver) -> None:
    """Four workers, three webhooks with twenty messages each; what does not get through at first is due again."""
    patient = settings.model_copy(update={"webhook_timeout_s": 30.0})
    made = [listen(store, place.url("/200")) for _ in range(3)]
    for number in range(20):
        announce(store, f"run-{number}")

    def statuses() -> list[str]:
        return [row["status"] for webhook in made for row in log(store, webhook)]

    async def work() -> None:
        until = time.monotonic() + 90
        while "pending" in statuses() and time.monotonic() < until:
            if not await deliver_due(store, patient):
                await asyncio.sleep(0.1)

    threads = [threading.Thread(target=lambda: asyncio.run(work())) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    told = sorted(json.loads(request.body)["run_id"] for request in place.got)
    assert told == sorted(f"run-{number}" for number in range(20) for _ in made)
    assert statuses() == ["delivered"] * 60


def test_what_a_lost_worker_had_claimed_becomes_due_again(store: Store, place: Receiver) -> None:
    """And what the lost worker says later counts no more."""
    listen(store, place.url("/200"))
    announce(store)
    now = time.time()
    with store.database.begin() as connection:
        [turn] = deliveries.claim(connection, now, 30.0, 10)
        lost = deliveries.take(connection, turn, now, 30.0, 8)
        assert lost is not None
        assert deliveries.claim(connection, now + 29, 30.0, 10) == []
        [next_turn] = deliveries.claim(connection, now + 31, 30.0, 10)
        assert deliveries.take(connection, lost, now + 31, 30.0, 8) is None
        again = deliveries.take(connection, next_turn, now + 31, 30.0, 8)
        assert again is not None
        [old], [new] = lost.messages, again.messages
        assert old["id"] == new["id"]
        assert not deliveries.settle(connection, old, {"status": "failed", "error": "too late"})
        assert deliveries.settle(connection, new, {"status": "delivered"})
        deliveries.release(connection, lost, now + 32)
        assert deliveries.claim(connection, now + 33, 30.0, 10) == []  # it had no turn to end


def test_receivers_that_hang_do_not_hold_up_the_others(store: Store, settings: Settings, place: Receiver) -> None:
    """Twenty messages to one that hangs, more than one round takes; then one to another, sent long before those end."""
    patient = settings.model_copy(update={"webhook_timeout_s": 20.0})
    listen(store, place.url("/hang"))
    for number in range(20):
        announce(store, f"run-{number}")
    listen(store, place.url("/200"), "run.failed")

    async def scene() -> float:
        delivering = asyncio.create_task(deliver_forever(store, patient))
        await asyncio.sleep(0.3)
        await asyncio.to_thread(announce, store, "run-x", "run.failed")
        began = time.monotonic()
        while "/200" not in place.paths() and time.monotonic() - began < 15:
            await asyncio.sleep(0.02)
        delivering.cancel()
        return time.monotonic() - began

    assert asyncio.run(scene()) < 12


def test_the_log_is_pruned(store: Store, settings: Settings, place: Receiver) -> None:
    webhook = listen(store, place.url("/200"))
    announce(store)
    asyncio.run(deliver_due(store, settings))
    announce(store, "run-2")

    assert asyncio.run(prune_deliveries(store, settings)) == 0
    short = settings.model_copy(update={"retention_days": 1e-9})
    assert asyncio.run(prune_deliveries(store, short)) == 1
    [waited] = log(store, webhook)
    assert (waited["run_id"], waited["status"], waited["next_at"]) == ("run-2", "failed", None)
    assert "longer than runs are kept" in waited["error"]
    assert asyncio.run(prune_deliveries(store, short)) == 1
