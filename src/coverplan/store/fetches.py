"""Datasets whose tables are to be fetched, and which worker is at it: its lease, and the attempt that counts."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sqlalchemy import ColumnElement, Connection, RowMapping, and_, or_, select, update

from coverplan.store.clock import clock
from coverplan.store.datasets import FAILED, QUEUED
from coverplan.store.schema import datasets


def next_due(connection: Connection) -> str | None:
    """The oldest dataset that waits, or was left by a worker that is not heard of."""
    return connection.execute(select(datasets.c.id).where(_due()).order_by(datasets.c.id).limit(1)).scalar()


def claim(connection: Connection, dataset_id: str, lease_s: float) -> RowMapping | None:
    """Begin to fetch; None where there is nothing to do."""
    change = (
        update(datasets)
        .where(datasets.c.id == dataset_id, _due())
        .values(attempt=datasets.c.attempt + 1, leased_until=clock() + lease_s)
        .returning(datasets)
    )
    return connection.execute(change).mappings().one_or_none()


def renew(connection: Connection, row: RowMapping, lease_s: float) -> bool:
    """Say that it goes on; False where it no longer counts."""
    change = update(datasets).where(_held(row)).values(leased_until=clock() + lease_s)
    return bool(connection.execute(change).rowcount)


def let_go(connection: Connection, row: RowMapping, pause_s: float = 0.0) -> None:
    """Let another worker fetch them, after a pause; the attempt does not count."""
    values = {"leased_until": clock() + pause_s, "attempt": row["attempt"] - 1}
    connection.execute(update(datasets).where(_held(row)).values(**values))


def done(connection: Connection, row: RowMapping, tables: Mapping[str, Any], content_hash: str) -> bool:
    """Queue the check of what was fetched; False where the fetch no longer counts."""
    size = sum(table["bytes"] for table in tables.values())
    facts = {"tables": tables, "bytes": size, "content_hash": content_hash, "job_status": QUEUED}
    return _end(connection, row, {**facts, "attempt": 0})


def fail(connection: Connection, row: RowMapping, report: Mapping[str, Any], at: float) -> bool:
    """Give it up; False where the fetch no longer counts."""
    return _end(connection, row, {"job_status": FAILED, "report": report, "ended_at": at})


def _end(connection: Connection, row: RowMapping, facts: Mapping[str, Any]) -> bool:
    change = update(datasets).where(_held(row)).values(fetching=None, leased_until=None, **facts)
    return bool(connection.execute(change).rowcount)


def _due() -> ColumnElement[bool]:
    free = or_(datasets.c.leased_until.is_(None), datasets.c.leased_until <= clock())
    return and_(datasets.c.fetching.is_(True), free)


def _held(row: RowMapping) -> ColumnElement[bool]:
    mine = and_(datasets.c.id == row["id"], datasets.c.attempt == row["attempt"])
    return and_(mine, datasets.c.fetching.is_(True))
