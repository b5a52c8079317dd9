"""Sending what webhooks are to be told: each message at least once, until it is taken.

A receiver that takes nothing is left alone but for a message now and then, and nothing of what waits for it is given
up. A message is given up that is refused again and again while the receiver takes others.
"""

from __future__ import annotations

import asyncio
import logging
import random
import time
from typing import Any

from sqlalchemy import Connection, RowMapping

from coverplan import metrics
from coverplan.delivery.addresses import AllowList
from coverplan.delivery.post import Message, Outcome, post
from coverplan.settings import Settings
from coverplan.store import announcements, deliveries, webhooks
from coverplan.store.database import DatabaseLostError
from coverplan.store.deliveries import Turn
from coverplan.store.store import Store

_EVERY_S = 1.0
_TURNS = 32
"""Webhooks that one worker sends to at the same time."""
_PLACES = 8
"""Messages of one webhook on their way at the same time."""
_ROUNDS = 50
"""Times that a worker takes messages of a webhook before it lets others have their turn."""
_LEASE_BEYOND_S = 30.0
_LONGEST_PAUSE_S = 3600.0
_LONGEST_UNTRIED_S = 600.0
"""Between two tries of a webhook that fails: so long after it is back its messages wait at most."""
_OF_MESSAGE = frozenset({400, 409, 413, 415, 422})
"""Answers that say that this very message is not taken."""
_OF_RECEIVER = frozenset({429, 502, 503, 504})
"""Answers that say that nothing is taken now."""
_TRIES = 20
"""After so many answers that may mean either, other messages are tried instead: two hours or so."""
_DAY_S = 86400.0

log = logging.getLogger(__name__)


async def deliver_forever(store: Store, settings: Settings) -> None:
    """Send what is due, every second, until cancelled; what is cut off then is sent again later."""
    turns: set[asyncio.Task[int]] = set()
    try:
        while True:
            try:
                claimed = await asyncio.to_thread(_claim, store, settings, _TURNS - len(turns))
            except DatabaseLostError:
                log.warning("webhooks wait for the database")
                claimed = []
            for turn in claimed:
                task = asyncio.create_task(_serve(store, settings, turn))
                turns.add(task)
                task.add_done_callback(turns.discard)
                task.add_done_callback(_report)
            await asyncio.sleep(_EVERY_S)
    finally:
        for task in turns:
            task.cancel()
        await asyncio.gather(*turns, return_exceptions=True)


async def deliver_due(store: Store, settings: Settings) -> int:
    """Send what is due now; returns how many messages.

    Raises:
        DatabaseLostError: the database does not answer; nothing is lost by it.
    """
    turns = await asyncio.to_thread(_claim, store, settings, _TURNS)
    return sum(await asyncio.gather(*(_serve(store, settings, turn) for turn in turns)))


async def prune_deliveries(store: Store, settings: Settings) -> int:
    """Remove what the log has of messages older than `retention_days`; returns how many."""

    def prune() -> tuple[int, int]:
        with store.database.begin() as connection:
            return deliveries.prune(connection, time.time() - settings.retention_days * _DAY_S)

    removed, given_up = await asyncio.to_thread(prune)
    if given_up:
        log.warning("webhook messages given up that waited for longer than runs are kept", extra={"number": given_up})
    return removed


def pause_s(attempts: int, first_s: float, chance: float, longest_s: float = _LONGEST_PAUSE_S) -> float:
    """Seconds from the end of an attempt to the next: twice as many each time, less up to half of it by chance."""
    longest = min(longest_s, first_s * 2.0 ** min(attempts - 1, 60))
    return longest * (1.0 - 0.5 * chance)


def _claim(store: Store, settings: Settings, most: int) -> list[Turn]:
    now = time.time()
    with store.database.read() as connection:
        if not most or not deliveries.has_due(connection, now):
            return []
    with store.database.begin() as connection:
        return deliveries.claim(connection, now, _lease_s(settings), most)


async def _serve(store: Store, settings: Settings, turn: Turn) -> int:
    """Send the messages of a webhook for a while; returns how many."""
    allow, sent = AllowList.of(settings.webhook_allow), 0
    try:
        for _ in range(_ROUNDS):
            taken = await asyncio.to_thread(_take, store, settings, turn)
            turn = taken or turn
            if taken is None or not taken.messages:
                break
            await asyncio.gather(*(_deliver(store, settings, allow, turn.webhook, one) for one in turn.messages))
            sent += len(turn.messages)
    finally:
        await asyncio.to_thread(_release, store, turn)
    return sent


def _take(store: Store, settings: Settings, turn: Turn) -> Turn | None:
    """No more at a time than may fail before the webhook is left alone."""
    most = max(1, min(_PLACES, _failures_allowed(settings) - (turn.webhook["failures"] or 0)))
    with store.database.begin() as connection:
        return deliveries.take(connection, turn, time.time(), _lease_s(settings), most)


def _release(store: Store, turn: Turn) -> None:
    with store.database.begin() as connection:
        deliveries.release(connection, turn, time.time())


async def _deliver(
    store: Store, settings: Settings, allow: AllowList, webhook: RowMapping, delivery: RowMapping
) -> None:
    outcome = await post(_message(webhook, delivery), allow, settings.webhook_timeout_s)

    def settle() -> str:
        with store.database.begin() as connection:
            return _settle(connection, settings, delivery, outcome)

    status = await asyncio.to_thread(settle)
    metrics.WEBHOOK_ATTEMPTS.labels("delivered" if outcome.delivered else "failed").inc()
    # Not the URL: many hold a secret of their receiver's.
    ids = ("webhook_id", "run_id", "experiment_id", "batch_id", "dataset_id")
    said = {"delivery_id": delivery["id"], **{name: delivery[name] for name in ids if delivery[name] is not None}}
    log.log(
        logging.INFO if outcome.delivered else logging.WARNING,
        "webhook %s",
        status,
        extra={**said, "attempt": delivery["attempts"], "reason": outcome.error},
    )


def _message(webhook: RowMapping, delivery: RowMapping) -> Message:
    retired = tuple(str(one["secret"]) for one in webhooks.valid_retired(webhook))
    return Message(
        delivery["id"], webhook["url"], webhook["secret"], delivery["body"].encode(), retired, webhook["headers"] or {}
    )


def _settle(connection: Connection, settings: Settings, delivery: RowMapping, outcome: Outcome) -> str:
    """Write down what became of an attempt; returns the status of the message."""
    now = time.time()
    facts: dict[str, Any] = {"response_status": outcome.status, "error": outcome.error}
    if outcome.delivered:
        deliveries.settle_taken(connection, delivery, facts, now)
        return announcements.DELIVERED
    webhook = webhooks.locked(connection, delivery["webhook_id"])
    if webhook is None:  # removed, with its messages
        return announcements.FAILED
    suspect = _is_suspect(outcome, delivery["attempts"])
    failed = _failed(webhook, settings, outcome, now, suspect=suspect)
    facts |= {"suspect": suspect, **_again(webhook, settings, delivery, now, is_held="wake_at" in failed)}
    if not deliveries.settle(connection, delivery, facts):
        return announcements.PENDING
    deliveries.fail(connection, webhook, failed)
    if "failing_since" in failed:
        log.warning("webhook fails and is left alone", extra={"webhook_id": webhook["id"], "reason": outcome.error})
    return str(facts["status"])


def _is_suspect(outcome: Outcome, attempts: int) -> bool:
    """Whether a message seems to be refused for its own sake, while its receiver is well."""
    if outcome.status is None or outcome.status in _OF_RECEIVER:
        return False
    return outcome.status in _OF_MESSAGE or attempts >= _TRIES


def _failed(webhook: RowMapping, settings: Settings, outcome: Outcome, now: float, *, suspect: bool) -> dict[str, Any]:
    """What a failed attempt says of its webhook; `wake_at` where it is left alone until then."""
    facts: dict[str, Any] = {"last_error": outcome.error}
    state = webhooks.state_of(webhook)
    if state == webhooks.PAUSED:
        return facts
    allowed = _failures_allowed(settings)
    # What has waited goes out in order: none overtakes one that is not taken but may be, soon.
    at_once = outcome.final or (webhook["wake_at"] is not None and not suspect)
    facts["failures"] = max((webhook["failures"] or 0) + 1, allowed if at_once else 0)
    if facts["failures"] < allowed:
        return facts
    beyond = facts["failures"] - allowed + 1
    facts["wake_at"] = now + pause_s(beyond, settings.webhook_backoff_s, random.random(), _LONGEST_UNTRIED_S)
    return facts if state == webhooks.FAILING else {**facts, "failing_since": now}


def _again(
    webhook: RowMapping, settings: Settings, delivery: RowMapping, now: float, *, is_held: bool
) -> dict[str, Any]:
    """When a message is sent again that was not taken: once its webhook is awake, after a pause, or never."""
    if is_held or webhook["paused_at"] is not None:
        return {"status": announcements.PENDING, "next_at": None}
    refusals = (delivery["refusals"] or 0) + 1
    if refusals >= settings.webhook_attempts:
        return {"status": announcements.FAILED, "refusals": refusals, "next_at": None}
    pause = pause_s(refusals, settings.webhook_backoff_s, random.random())
    return {"status": announcements.PENDING, "refusals": refusals, "next_at": now + pause}


def _failures_allowed(settings: Settings) -> int:
    """Fewer than a message has attempts: where nothing is taken, nothing is given up."""
    return min(settings.webhook_failures, settings.webhook_attempts)


def _lease_s(settings: Settings) -> float:
    return settings.webhook_timeout_s + _LEASE_BEYOND_S


def _report(task: asyncio.Task[int]) -> None:
    """Log why a turn ended early; the next one tries again."""
    if task.cancelled() or (error := task.exception()) is None:
        return
    if isinstance(error, DatabaseLostError):
        log.warning("webhooks wait for the database")
    else:
        log.error("webhooks failed", exc_info=error)
