"""Rows of webhooks and their deliveries as documents; secrets, and values of headers, are not among them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Connection, RowMapping

from coverplan.payload.times import maybe_moment, moment
from coverplan.payload.webhooks import Delivery, Webhook
from coverplan.store import webhooks

_OF_DELIVERY = (
    "id",
    "kind",
    "run_id",
    "experiment_id",
    "batch_id",
    "dataset_id",
    "status",
    "attempts",
    "response_status",
    "error",
)


def shown(connection: Connection, row: RowMapping) -> Webhook:
    """The webhook as its owner sees it."""
    return shown_all(connection, [row])[0]


def shown_all(connection: Connection, rows: Sequence[RowMapping]) -> list[Webhook]:
    """The same for several."""
    pending = webhooks.waiting(connection, [row["id"] for row in rows])
    return [Webhook(**_facts(row, pending.get(row["id"], 0))) for row in rows]


def delivery_of(row: RowMapping) -> Delivery:
    """A message, and what became of it."""
    return Delivery(
        **{name: row[name] for name in _OF_DELIVERY},
        next_attempt_at=maybe_moment(row["next_at"]),
        created_at=moment(row["created_at"]),
        delivered_at=maybe_moment(row["delivered_at"]),
    )


def _facts(row: RowMapping, pending: int) -> dict[str, Any]:
    since = row["failing_since"] if row["paused_at"] is None else row["paused_at"]
    retired = [one["until"] for one in webhooks.valid_retired(row)]
    return {
        "id": row["id"],
        "url": row["url"],
        "kinds": webhooks.kinds_of(row),
        "include_parts": row["include_parts"] is not False,
        "names": row["names"] or [],
        "tags": row["tags"] or [],
        "header_names": list(row["headers"] or {}),
        "state": webhooks.state_of(row),
        "paused_since": maybe_moment(since),
        "last_error": row["last_error"],
        "next_attempt_at": maybe_moment(row["wake_at"]) if row["failing_since"] is not None else None,
        "pending": pending,
        "retired_secret_until": maybe_moment(max(retired, default=None)),
        "created_at": moment(row["created_at"]),
    }
