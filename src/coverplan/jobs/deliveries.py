"""Sending what webhooks are to be told: each message at least once, again with growing pauses until it is taken."""

from __future__ import annotations

import asyncio
import logging
import random
import time
from collections.abc import Sequence
from typing import Any

from sqlalchemy import RowMapping

from coverplan import metrics
from coverplan.delivery.addresses import AllowList
from coverplan.delivery.post import Message, Outcome, post
from coverplan.settings import Settings
from coverplan.store import webhooks
from coverplan.store.database import DatabaseLostError
from coverplan.store.store import Store

_EVERY_S = 1.0
_PLACES = 16
"""Messages that one round sends at the same time."""
_ROUNDS = 4
"""Rounds that may overlap, so that receivers that never answer do not hold up the others."""
_LEASE_BEYOND_S = 30.0
_LONGEST_PAUSE_S = 3600.0
_DAY_S = 86400.0

log = logging.getLogger(__name__)


async def deliver_forever(store: Store, settings: Settings) -> None:
    """Send what is due, every second, until cancelled; what is cut off then is sent again later."""
    rounds: set[asyncio.Task[int]] = set()
    try:
        while True:
            if len(rounds) < _ROUNDS:
                task = asyncio.create_task(deliver_due(store, settings))
                rounds.add(task)
                task.add_done_callback(rounds.discard)
                task.add_done_callback(_report)
            await asyncio.sleep(_EVERY_S)
    finally:
        for task in rounds:
            task.cancel()


async def deliver_due(store: Store, settings: Settings) -> int:
    """Claim messages that are due and send them, all at once; returns how many.

    Raises:
        DatabaseLostError: the database does not answer; nothing is lost by it.
    """
    claimed = await asyncio.to_thread(_claim, store, settings)
    if claimed:
        allow = AllowList.of(settings.webhook_allow)
        await asyncio.gather(*(_deliver(store, settings, allow, delivery) for delivery in claimed))
    return len(claimed)


async def prune_deliveries(store: Store, settings: Settings) -> int:
    """Remove what the log has of messages older than `retention_days`; returns how many."""

    def prune() -> int:
        with store.database.begin() as connection:
            return webhooks.prune(connection, time.time() - settings.retention_days * _DAY_S)

    return await asyncio.to_thread(prune)


def pause_s(attempts: int, first_s: float, chance: float) -> float:
    """Seconds from the end of an attempt to the next: twice as many each time, less up to half of it by chance."""
    longest = min(_LONGEST_PAUSE_S, first_s * 2.0 ** (attempts - 1))
    return longest * (1.0 - 0.5 * chance)


def _claim(store: Store, settings: Settings) -> Sequence[RowMapping]:
    now = time.time()
    with store.database.read() as connection:
        if not webhooks.has_due(connection, now):
            return ()
    with store.database.begin() as connection:
        return webhooks.claim(connection, now, settings.webhook_timeout_s + _LEASE_BEYOND_S, _PLACES)


async def _deliver(store: Store, settings: Settings, allow: AllowList, delivery: RowMapping) -> None:
    message = Message(delivery["id"], delivery["url"], delivery["secret"], delivery["body"].encode())
    outcome = await post(message, allow, settings.webhook_timeout_s)
    facts = _facts(outcome, delivery["attempts"], settings)

    def settle() -> None:
        with store.database.begin() as connection:
            webhooks.settle(connection, delivery["id"], delivery["attempts"], facts)

    await asyncio.to_thread(settle)
    metrics.WEBHOOK_ATTEMPTS.labels("delivered" if outcome.delivered else "failed").inc()
    # Not the URL: many hold a secret of their receiver's.
    ids = ("webhook_id", "run_id", "experiment_id")
    said = {"delivery_id": delivery["id"], **{name: delivery[name] for name in ids}}
    log.log(
        logging.INFO if outcome.delivered else logging.WARNING,
        "webhook %s",
        facts["status"],
        extra={**said, "attempt": delivery["attempts"], "reason": outcome.error},
    )


def _facts(outcome: Outcome, attempts: int, settings: Settings) -> dict[str, Any]:
    """What is written down of an attempt."""
    now = time.time()
    facts: dict[str, Any] = {"response_status": outcome.status, "error": outcome.error, "next_at": None}
    if outcome.delivered:
        return {**facts, "status": webhooks.DELIVERED, "delivered_at": now}
    if outcome.final or attempts >= settings.webhook_attempts:
        return {**facts, "status": webhooks.FAILED}
    pause = pause_s(attempts, settings.webhook_backoff_s, random.random())
    return {**facts, "status": webhooks.PENDING, "next_at": now + pause}


def _report(task: asyncio.Task[int]) -> None:
    """Log why a round ended early; the next one tries again."""
    if task.cancelled() or (error := task.exception()) is None:
        return
    if isinstance(error, DatabaseLostError):
        log.warning("webhooks wait for the database")
    else:
        log.error("webhooks failed", exc_info=error)
