"""Webhooks and their deliveries: written with the end of what they tell of, claimed by whichever worker is first."""

from __future__ import annotations

import secrets
import time
from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import Connection, RowMapping, Text, bindparam, cast, delete, func, insert, select, update

from coverplan.payload.times import maybe_moment, moment
from coverplan.payload.webhooks import TEST, WebhookEvent
from coverplan.store.ids import new_id
from coverplan.store.lists import ALL, Which, chosen, newest
from coverplan.store.schema import deliveries, webhooks

_OF_RUN = (
    "name",
    "job_status",
    "solution_status",
    "stopped_by",
    "objective_value",
    "dual_bound",
    "gap",
    "batch_id",
    "experiment_id",
    "error",
)
_OF_EXPERIMENT = ("name", "job_status", "error")
_TIMES = ("created_at", "started_at", "ended_at")
"""What is told, under the names of `GET /v1/runs/{id}` and `GET /v1/experiments/{id}`."""
PENDING, DELIVERED, FAILED = "pending", "delivered", "failed"


def add(connection: Connection, tenant: str, url: str, kinds: Sequence[str]) -> RowMapping:
    """A new webhook with a new secret."""
    row = {
        "id": new_id("wh"),
        "tenant": tenant,
        "url": url,
        "secret": f"whsec-{secrets.token_urlsafe(32)}",
        "kinds": list(dict.fromkeys(kinds)),
        "created_at": time.time(),
    }
    return connection.execute(insert(webhooks).values(**row).returning(webhooks)).mappings().one()


def count(connection: Connection, tenant: str) -> int:
    """How many webhooks the tenant has."""
    wanted = select(func.count()).select_from(webhooks).where(webhooks.c.tenant == tenant)
    return connection.execute(wanted).scalar_one()


def get(connection: Connection, tenant: str, webhook_id: str) -> RowMapping | None:
    """A webhook of the tenant."""
    wanted = select(webhooks).where(webhooks.c.id == webhook_id, webhooks.c.tenant == tenant)
    return connection.execute(wanted).mappings().one_or_none()


def page(
    connection: Connection, tenant: str, limit: int, before: str | None, which: Which = ALL, kind: str | None = None
) -> Sequence[RowMapping]:
    """Webhooks of the tenant, newest first, older than the one with the id `before`; `kind`: those told of it."""
    wanted = select(webhooks).where(webhooks.c.tenant == tenant, chosen(connection, webhooks, which, "wh"))
    if kind is not None:
        wanted = wanted.where(cast(webhooks.c.kinds, Text).contains(f'"{kind}"', autoescape=True))
    return connection.execute(newest(wanted, webhooks, limit, before)).mappings().all()


def remove(connection: Connection, tenant: str, webhook_id: str) -> bool:
    """Remove a webhook of the tenant with its deliveries; False if there is none."""
    change = delete(webhooks).where(webhooks.c.id == webhook_id, webhooks.c.tenant == tenant)
    return bool(connection.execute(change).rowcount)


def announce(connection: Connection, tenant: str, kind: str, about: Mapping[str, Any]) -> int:
    """Have the tenant's webhooks told of an end, in the transaction that brings it; returns how many will be.

    `about` has `run_id` and `run`, or `experiment_id` and `experiment`, as in `WebhookEvent`.
    """
    wanted = select(webhooks.c.id, webhooks.c.kinds).where(webhooks.c.tenant == tenant)
    # None is removed before its delivery is there: that would take the end back.
    wanted = wanted.with_for_update(read=True, key_share=True)
    told = [webhook_id for webhook_id, kinds in connection.execute(wanted) if kind in kinds]
    if told:
        rows = [_delivery(webhook_id, kind, about) for webhook_id in told]
        connection.execute(insert(deliveries), rows)
    return len(told)


def announce_ends(connection: Connection, ended: Sequence[RowMapping]) -> None:
    """Have the webhooks of their tenants told that runs have ended, in the transaction that ends them."""
    tenants = sorted({run["tenant"] for run in ended})
    if not tenants or connection.execute(_ANY_OF, {"tenants": tenants}).first() is None:
        return
    for run in ended:
        about = {"run_id": run["id"], "run": _state(run, _OF_RUN)}
        announce(connection, run["tenant"], f"run.{run['job_status']}", about)


def announce_experiment(connection: Connection, ended: RowMapping, cells: Mapping[str, int]) -> None:
    """Have the webhooks of its tenant told that an experiment has ended; `cells` by how far they are."""
    state = {**_state(ended, _OF_EXPERIMENT), "cells": cells}
    about = {"experiment_id": ended["id"], "experiment": state}
    announce(connection, ended["tenant"], f"experiment.{ended['job_status']}", about)


def announce_test(connection: Connection, webhook_id: str) -> RowMapping:
    """A test message to a webhook."""
    row = _delivery(webhook_id, TEST, {})
    return connection.execute(insert(deliveries).values(**row).returning(deliveries)).mappings().one()


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
    """Whether a delivery waits to be sent: asked often, so it takes no lock."""
    due = deliveries.c.status == PENDING, deliveries.c.next_at <= now
    return connection.execute(select(deliveries.c.id).where(*due).limit(1)).first() is not None


def claim(connection: Connection, now: float, lease_s: float, limit: int) -> Sequence[RowMapping]:
    """Take deliveries that are due, each with its webhook's `url` and `secret`; no other worker gets them meanwhile.

    A worker that is lost leaves them due again after `lease_s`. First attempts come first: a receiver that never
    answers does not hold up the others.
    """
    due = (
        select(deliveries.c.id)
        .where(deliveries.c.status == PENDING, deliveries.c.next_at <= now)
        .order_by(deliveries.c.attempts, deliveries.c.next_at)
        .limit(limit)
        .with_for_update(skip_locked=True)
    )
    claimed = connection.execute(due).scalars().all()
    change = update(deliveries).where(deliveries.c.id.in_(claimed))
    connection.execute(change.values(attempts=deliveries.c.attempts + 1, next_at=now + lease_s))
    wanted = select(deliveries, webhooks.c.url, webhooks.c.secret).join(webhooks).where(deliveries.c.id.in_(claimed))
    return connection.execute(wanted).mappings().all()


def settle(connection: Connection, delivery_id: str, attempt: int, facts: Mapping[str, Any]) -> bool:
    """Write down what became of an attempt; False if it no longer counts."""
    change = update(deliveries).where(
        deliveries.c.id == delivery_id, deliveries.c.attempts == attempt, deliveries.c.status == PENDING
    )
    return bool(connection.execute(change.values(**facts)).rowcount)


def prune(connection: Connection, before: float) -> int:
    """Remove deliveries older than a time that are delivered or given up; returns how many."""
    over = delete(deliveries).where(deliveries.c.status != PENDING, deliveries.c.created_at < before)
    return connection.execute(over).rowcount


def _state(row: RowMapping, names: Sequence[str]) -> dict[str, Any]:
    return {name: row[name] for name in names} | {name: maybe_moment(row[name]) for name in _TIMES}


def _delivery(webhook_id: str, kind: str, about: Mapping[str, Any]) -> dict[str, Any]:
    now, delivery_id = time.time(), new_id("del")
    event = {"id": delivery_id, "kind": kind, "created_at": moment(now), **about}
    return {
        "id": delivery_id,
        "webhook_id": webhook_id,
        "run_id": about.get("run_id"),
        "experiment_id": about.get("experiment_id"),
        "kind": kind,
        "body": WebhookEvent.model_validate(event).model_dump_json(),
        "status": PENDING,
        "attempts": 0,
        "next_at": now,
        "created_at": now,
    }


_ANY_OF = select(webhooks.c.id).where(webhooks.c.tenant.in_(bindparam("tenants", expanding=True))).limit(1)
