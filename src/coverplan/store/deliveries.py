"""Deliveries: the messages of a webhook, which one worker at a time sends.

A webhook that is awake has its messages sent as they are due, several at a time. After some failures in a row it fails:
its messages are held (`next_at` is null), and the first of them is tried now and then (`wake_at`). Once it takes it, or
its owner wakes it, what has waited goes out in order, one by one, and new messages wait behind it; then it is awake
again. Messages that are refused for their own sake come last in that order: none keeps the others from being tried.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, Connection, RowMapping, and_, case, delete, func, or_, select, update

from coverplan.store.announcements import DELIVERED, FAILED, PENDING
from coverplan.store.lists import ALL, Which, chosen, newest
from coverplan.store.schema import deliveries, webhooks
from coverplan.store.webhooks import hold, locked

Facts = Mapping[str, Any]

_TOO_OLD = "It waited for longer than runs are kept."


@dataclass(frozen=True)
class Turn:
    """The right to send the messages of a webhook: the row as it was then, until its `leased_until` is over."""

    webhook: RowMapping
    messages: Sequence[RowMapping] = ()
    """What was taken to be sent now."""


def log(
    connection: Connection, webhook_id: str, limit: int, before: str | None, which: Which = ALL, **equal: str | None
) -> Sequence[RowMapping]:
    """Deliveries of a webhook, newest first, older than the one with the id `before`; `equal` by column."""
    mine = deliveries.c.webhook_id == webhook_id
    wanted = select(deliveries).where(mine, chosen(connection, deliveries, which, "del"))
    for name, value in equal.items():
        if value is not None:
            wanted = wanted.where(deliveries.c[name] == value)
    return connection.execute(newest(wanted, deliveries, limit, before)).mappings().all()


def has_due(connection: Connection, now: float) -> bool:
    """Whether there may be something to send: asked often, so it takes no lock."""
    return connection.execute(select(webhooks.c.id).where(_is_due(now)).limit(1)).first() is not None


def claim(connection: Connection, now: float, lease_s: float, limit: int) -> list[Turn]:
    """Take webhooks that have something to send; no other worker gets them meanwhile.

    Those that were served least recently come first, and those that took the last message before the others: receivers
    that never answer do not hold up the others.
    """
    first = func.coalesce(webhooks.c.failures, 0), func.coalesce(webhooks.c.leased_until, 0.0)
    due = select(webhooks.c.id).where(_is_due(now)).order_by(*first).limit(limit)
    claimed = connection.execute(due.with_for_update(skip_locked=True, key_share=True)).scalars().all()
    change = update(webhooks).where(webhooks.c.id.in_(claimed)).values(leased_until=now + lease_s)
    return [Turn(row) for row in connection.execute(change.returning(webhooks)).mappings()]


def take(connection: Connection, turn: Turn, now: float, lease_s: float, most: int) -> Turn | None:
    """Take the messages that are next, at most so many; None where the turn is over: others have it, or it is paused.

    The lease is renewed; what a worker that is lost has taken is due again when it runs out.
    """
    mine = _held_by(turn)
    change = update(webhooks).where(mine, webhooks.c.paused_at.is_(None)).values(leased_until=now + lease_s)
    webhook = connection.execute(change.returning(webhooks)).mappings().one_or_none()
    if webhook is None:
        return None
    messages = _next(connection, webhook, now, most)
    ids = [one["id"] for one in messages]
    taken = update(deliveries).where(deliveries.c.id.in_(ids), deliveries.c.status == PENDING)
    values = {"attempts": deliveries.c.attempts + 1, "next_at": now + lease_s}
    rows = {row["id"]: row for row in connection.execute(taken.values(**values).returning(deliveries)).mappings()}
    return Turn(webhook, [rows[name] for name in ids if name in rows])


def release(connection: Connection, turn: Turn, now: float) -> None:
    """Let any worker send its messages; those that were taken and not settled are due."""
    ids = [message["id"] for message in turn.messages]
    unsettled = and_(deliveries.c.id.in_(ids), deliveries.c.next_at == turn.webhook["leased_until"])
    freed = update(webhooks).where(_held_by(turn)).values(leased_until=now)
    if connection.execute(freed).rowcount and ids:
        connection.execute(update(deliveries).where(unsettled, deliveries.c.status == PENDING).values(next_at=now))


def settle_taken(connection: Connection, message: RowMapping, facts: Facts, now: float) -> bool:
    """Note that a message was taken: its webhook fails no more, and what has waited is sent; returns as `settle`."""
    wakes = and_(webhooks.c.failing_since.is_not(None), webhooks.c.paused_at.is_(None))
    had_failed = or_(webhooks.c.failures > 0, webhooks.c.last_error.is_not(None))
    change = update(webhooks).where(webhooks.c.id == message["webhook_id"], had_failed)
    values = {"failures": 0, "failing_since": None, "last_error": None}
    connection.execute(change.values(**values, wake_at=case((wakes, now), else_=webhooks.c.wake_at)))
    return settle(connection, message, {**facts, "status": DELIVERED, "delivered_at": now, "next_at": None})


def settle(connection: Connection, message: RowMapping, facts: Facts) -> bool:
    """Write down what became of an attempt; False if it no longer counts."""
    mine = deliveries.c.id == message["id"], deliveries.c.attempts == message["attempts"]
    change = update(deliveries).where(*mine, deliveries.c.status == PENDING)
    return bool(connection.execute(change.values(**facts)).rowcount)


def fail(connection: Connection, webhook: RowMapping, facts: Facts) -> None:
    """Note that a webhook failed; where `failing_since` is among the facts, its messages wait from now on."""
    connection.execute(update(webhooks).where(webhooks.c.id == webhook["id"]).values(**facts))
    if "failing_since" in facts:
        hold(connection, webhook["id"])


def prune(connection: Connection, before: float) -> tuple[int, int]:
    """Remove deliveries older than a time, and give up those that wait since then; how many of each."""
    old = deliveries.c.created_at < before
    removed = connection.execute(delete(deliveries).where(deliveries.c.status != PENDING, old)).rowcount
    over = update(deliveries).where(deliveries.c.status == PENDING, old)
    given_up = connection.execute(over.values(status=FAILED, next_at=None, error=_TOO_OLD)).rowcount
    return removed, given_up


def _next(connection: Connection, webhook: RowMapping, now: float, most: int) -> Sequence[RowMapping]:
    """What is sent now."""
    due, held = deliveries.c.next_at <= now, deliveries.c.next_at.is_(None)
    suspect, in_order = deliveries.c.suspect.is_(True), (deliveries.c.created_at, deliveries.c.id)
    if webhook["wake_at"] is None:
        return _some(connection, webhook, due, in_order, most)
    if webhook["wake_at"] > now:
        return ()
    last = case((suspect, 1 if webhook["failing_since"] is None else deliveries.c.attempts), else_=0)
    found = _some(connection, webhook, or_(due, held), (last, *in_order), 1)
    if found or not _awake(connection, webhook["id"]):
        return found
    return _some(connection, webhook, due, in_order, most)


def _some(
    connection: Connection, webhook: RowMapping, which: ColumnElement[bool], order: Sequence[Any], most: int
) -> Sequence[RowMapping]:
    mine = deliveries.c.webhook_id == webhook["id"], deliveries.c.status == PENDING, which
    return connection.execute(select(deliveries).where(*mine).order_by(*order).limit(most)).mappings().all()


def _awake(connection: Connection, webhook_id: str) -> bool:
    """Have a webhook be awake where nothing is held any more; whoever tells it of something now is waited for."""
    locked(connection, webhook_id)
    held = deliveries.c.webhook_id == webhook_id, deliveries.c.status == PENDING, deliveries.c.next_at.is_(None)
    if connection.execute(select(deliveries.c.id).where(*held).limit(1)).first() is not None:
        return False
    values = {"wake_at": None, "failing_since": None}
    connection.execute(update(webhooks).where(webhooks.c.id == webhook_id).values(**values))
    return True


def _is_due(now: float) -> ColumnElement[bool]:
    due = select(deliveries.c.webhook_id).where(deliveries.c.status == PENDING, deliveries.c.next_at <= now)
    awake = and_(webhooks.c.failing_since.is_(None), webhooks.c.id.in_(due))
    free = or_(webhooks.c.leased_until.is_(None), webhooks.c.leased_until <= now)
    return and_(free, webhooks.c.paused_at.is_(None), or_(awake, webhooks.c.wake_at <= now))


def _held_by(turn: Turn) -> ColumnElement[bool]:
    return and_(webhooks.c.id == turn.webhook["id"], webhooks.c.leased_until == turn.webhook["leased_until"])
