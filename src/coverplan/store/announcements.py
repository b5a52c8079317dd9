"""What webhooks are to be told: written in the transaction that brings it, so both are there or neither.

Of what is told, a webhook chooses kinds, names and tags; runs of batches and cells of experiments, the parts, are told
only to those that ask for them.
"""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, RowMapping, bindparam, insert, or_, select

from coverplan.payload.times import maybe_moment, moment
from coverplan.payload.webhooks import TEST, WebhookEvent
from coverplan.store.ids import new_id
from coverplan.store.schema import deliveries, run_tags, runs, webhooks

PENDING, DELIVERED, FAILED = "pending", "delivered", "failed"

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
_OF_DATASET = ("name", "job_status", "valid", "total_errors", "problem_hash")
_TIMES = ("created_at", "started_at", "ended_at")
"""What is told, under the names that the `GET` of each has."""
_NONE = {"run_id": None, "run": None, "experiment_id": None, "experiment": None}
"""What every message says; other fields are left out where they say nothing: receivers of before refuse them."""
_ABOUT = ("run_id", "experiment_id", "batch_id", "dataset_id")
_ANY_OF = select(webhooks.c.id).where(webhooks.c.tenant.in_(bindparam("tenants", expanding=True))).limit(1)


@dataclass(frozen=True)
class News:
    """Something that happened: its kind, what `WebhookEvent` says of it, and the name that webhooks choose by."""

    kind: str
    about: Mapping[str, Any]
    name: str | None = None
    is_part: bool = False


def anybody(connection: Connection, tenants: Sequence[str]) -> bool:
    """Whether one of the tenants has a webhook."""
    return bool(tenants) and connection.execute(_ANY_OF, {"tenants": list(tenants)}).first() is not None


def announce(connection: Connection, tenant: str, news: Sequence[News]) -> int:
    """Have the tenant's webhooks told, in the transaction that brings it; returns how many messages that makes."""
    # None is removed before its delivery is there, which would take the end back, nor wakes up without it.
    wanted = select(webhooks).where(webhooks.c.tenant == tenant).with_for_update(read=True, key_share=True)
    listening = connection.execute(wanted).mappings().all()
    tags = _tags(connection, news) if any(webhook["tags"] for webhook in listening) else {}
    rows = [
        _delivery(webhook, one.kind, one.about)
        for one in news
        for webhook in listening
        if _wants(webhook, one, tags.get(_subject(one), frozenset()))
    ]
    if rows:
        connection.execute(insert(deliveries), rows)
    return len(rows)


def announce_runs(connection: Connection, ended: Sequence[RowMapping]) -> None:
    """Have the webhooks of their tenants told that runs have ended."""
    tenants = sorted({run["tenant"] for run in ended})
    if not anybody(connection, tenants):
        return
    for tenant in tenants:
        announce(connection, tenant, [_news_of_run(run) for run in ended if run["tenant"] == tenant])


def announce_experiment(connection: Connection, ended: RowMapping, cells: Mapping[str, int]) -> None:
    """Have the webhooks of its tenant told that an experiment has ended; `cells` by how far they are."""
    state = {**_state(ended, _OF_EXPERIMENT), "cells": cells}
    about = {"experiment_id": ended["id"], "experiment": state}
    announce(connection, ended["tenant"], [News(f"experiment.{ended['job_status']}", about, ended["name"])])


def announce_dataset(connection: Connection, checked: RowMapping) -> None:
    """Have the webhooks of its tenant told that a dataset was checked, or that its check was given up."""
    state = {
        **_state(checked, _OF_DATASET, ("created_at", "ended_at")),
        "error": (checked["report"] or {}).get("error"),
    }
    about = {"dataset_id": checked["id"], "dataset": state}
    announce(connection, checked["tenant"], [News("dataset.checked", about, checked["name"])])


def announce_test(connection: Connection, webhook: RowMapping) -> RowMapping:
    """A test message to a webhook."""
    row = _delivery(webhook, TEST, {})
    return connection.execute(insert(deliveries).values(**row).returning(deliveries)).mappings().one()


def is_held(webhook: RowMapping) -> bool:
    """Whether messages wait for the webhook to be awake: it is paused, fails, or sends what has waited, in order."""
    return any(webhook[name] is not None for name in ("paused_at", "failing_since", "wake_at"))


def _wants(webhook: RowMapping, news: News, tags: frozenset[str]) -> bool:
    if news.kind not in webhook["kinds"] and news.kind not in (webhook["more_kinds"] or ()):
        return False
    if news.is_part and webhook["include_parts"] is False:
        return False
    if webhook["names"] and news.name not in webhook["names"]:
        return False
    return not webhook["tags"] or not tags.isdisjoint(webhook["tags"])


def _subject(news: News) -> str:
    return str(news.about.get("run_id") or news.about.get("batch_id") or "")


def _tags(connection: Connection, news: Sequence[News]) -> dict[str, frozenset[str]]:
    """Tags of runs, and of batches: those of their runs."""
    named = [_subject(one) for one in news]
    wanted = (
        select(runs.c.id, runs.c.batch_id, run_tags.c.tag)
        .join(run_tags, run_tags.c.run_id == runs.c.id)
        .where(or_(runs.c.id.in_(named), runs.c.batch_id.in_(named)))
    )
    found: dict[str, set[str]] = {}
    for run_id, batch_id, tag in connection.execute(wanted):
        for subject in (run_id, batch_id):
            found.setdefault(subject, set()).add(tag)
    return {subject: frozenset(tags) for subject, tags in found.items()}


def _news_of_run(run: RowMapping) -> News:
    is_part = run["batch_id"] is not None or run["experiment_id"] is not None
    about = {"run_id": run["id"], "run": _state(run, _OF_RUN)}
    return News(f"run.{run['job_status']}", about, run["name"], is_part)


def _state(row: RowMapping, names: Sequence[str], times: Sequence[str] = _TIMES) -> dict[str, Any]:
    return {name: row[name] for name in names} | {name: maybe_moment(row[name]) for name in times}


def _delivery(webhook: RowMapping, kind: str, about: Mapping[str, Any]) -> dict[str, Any]:
    now, delivery_id = time.time(), new_id("del")
    event = {"id": delivery_id, "kind": kind, "created_at": moment(now), **_NONE, **about}
    return {
        "id": delivery_id,
        "webhook_id": webhook["id"],
        **{name: about.get(name) for name in _ABOUT},
        "kind": kind,
        "body": WebhookEvent.model_validate(event).model_dump_json(exclude_unset=True),
        "status": PENDING,
        "attempts": 0,
        "next_at": None if is_held(webhook) else now,
        "created_at": now,
    }
