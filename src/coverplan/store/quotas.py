"""How much a tenant uses of what its keys may use."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial
from typing import Any

from sqlalchemy import ColumnElement, Connection, Select, Text, cast, func, select

from coverplan.store.datasets import FOLDER
from coverplan.store.schema import (
    batch_errors,
    batches,
    datasets,
    deleted_policies,
    deliveries,
    experiments,
    idempotency,
    policies,
    runs,
    webhooks,
)
from coverplan.store.sizes import octets

_OPEN = ("queued", "running")
_TOLD_AGAIN = "POST /v1/policies"
"""The one route whose recorded answers are as large as what its callers send."""


def open_runs(connection: Connection, tenant: str, at_most: int) -> int:
    """Runs that are queued or running, counted no further than `at_most`."""
    wanted = select(runs.c.id).where(runs.c.tenant == tenant, runs.c.job_status.in_(_OPEN)).limit(at_most)
    return int(connection.execute(select(func.count()).select_from(wanted.subquery())).scalar_one())


def stored_bytes(connection: Connection, tenant: str) -> int:
    """Bytes of all that the tenant's calls have stored, also of what is deleted until it is erased.

    Tables that datasets share count once.
    """
    wanted = _stored(tenant, partial(octets, connection))
    return sum(int(connection.execute(one).scalar() or 0) for one in wanted)


def _stored(tenant: str, size: Callable[[ColumnElement[Any]], ColumnElement[Any]]) -> Iterator[Select[Any]]:
    error = func.coalesce(size(cast(runs.c.error, Text)), 0)
    yield _sum(runs.c.request_bytes + runs.c.plan_bytes + error).where(runs.c.tenant == tenant)
    yield _sum(experiments.c.request_bytes + experiments.c.results_bytes).where(experiments.c.tenant == tenant)
    tables = select(func.max(datasets.c.bytes).label("bytes")).where(datasets.c.tenant == tenant).group_by(FOLDER)
    yield _sum(tables.subquery().c.bytes)
    head = size(cast(datasets.c.head, Text))
    yield _sum(func.coalesce(datasets.c.own_bytes, head)).where(datasets.c.tenant == tenant)
    refused = _sum(size(cast(batch_errors.c.error, Text))).where(batch_errors.c.batch_id == batches.c.id)
    yield _sum(func.coalesce(batches.c.error_bytes, refused.scalar_subquery(), 0)).where(batches.c.tenant == tenant)
    document = size(cast(policies.c.document, Text))
    yield _sum(func.coalesce(policies.c.bytes, document)).where(policies.c.tenant == tenant)
    yield _sum(size(deleted_policies.c.name)).where(deleted_policies.c.tenant == tenant)
    again = idempotency.c.tenant == tenant, idempotency.c.route == _TOLD_AGAIN
    yield _sum(size(idempotency.c.body)).where(*again)
    yield _sum(size(deliveries.c.body)).where(deliveries.c.webhook_id == webhooks.c.id, webhooks.c.tenant == tenant)


def _sum(column: ColumnElement[Any]) -> Select[Any]:
    return select(func.sum(column))
