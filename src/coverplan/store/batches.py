"""Batches: which lines were taken, and what became of each. One call at a time takes lines; its id fences others."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import (
    BindParameter,
    ColumnElement,
    Connection,
    RowMapping,
    Select,
    and_,
    bindparam,
    delete,
    exists,
    func,
    insert,
    or_,
    select,
    update,
)
from sqlalchemy.dialects import postgresql, sqlite

from coverplan.store import batch_ends
from coverplan.store.idempotency import IN_FLIGHT_S, KEPT_S, KeyInFlightError
from coverplan.store.lists import ALL, Which, chosen, newest
from coverplan.store.runs import CANCELLED, COMPLETED, FAILED, OPEN, QUEUED, RUNNING, hide_all
from coverplan.store.schema import batch_errors, batches, runs
from coverplan.store.sizes import size_of

_TICKET = ("id", "batch_line", "job_status")
_RESULT = (*_TICKET, "name", "solution_status", "plan_path", "plan_bytes", "table_path", "request_path", "error")

Line = tuple[int, RowMapping | None, dict[str, Any] | None]
"""Its number, its run, or why there is none."""


def begin(connection: Connection, facts: Mapping[str, Any], reader: str) -> RowMapping:
    """A new batch; or the one that was begun under the same key within a day, to be read on by this reader.

    Raises:
        KeyInFlightError: another call reads it.
    """
    now, key = time.time(), facts["key"]
    mine = and_(batches.c.tenant == facts["tenant"], batches.c.key == key)
    if key is not None:
        connection.execute(update(batches).where(mine, batches.c.created_at < now - KEPT_S).values(key=None))
    dialect_insert = sqlite.insert if connection.dialect.name == "sqlite" else postgresql.insert
    fresh = dialect_insert(batches).values(**facts, reader=reader, read_at=now, created_at=now)
    made = connection.execute(fresh.on_conflict_do_nothing().returning(batches)).mappings().one_or_none()
    if made is not None:
        return made
    free = or_(batches.c.reader.is_(None), batches.c.read_at < now - IN_FLIGHT_S)
    taken = update(batches).where(mine, free).values(reader=reader, read_at=now).returning(batches)
    row = connection.execute(taken).mappings().one_or_none()
    if row is None:
        raise KeyInFlightError
    return row


def take(connection: Connection, batch_id: str, reader: str, facts: Mapping[str, Any], errors: Sequence[Any]) -> bool:
    """Note that lines were taken, `errors` being line numbers and reasons; False if another reader has taken over."""
    change = update(batches).where(_read_by(batch_id, reader), batches.c.closed.is_(False))
    error_bytes = func.coalesce(batches.c.error_bytes, 0) + size_of(*(error for _, error in errors))
    if not connection.execute(change.values(read_at=time.time(), error_bytes=error_bytes, **facts)).rowcount:
        return False
    if errors:
        rows = [{"batch_id": batch_id, "line": line, "error": error} for line, error in errors]
        connection.execute(insert(batch_errors), rows)
    return True


def leave(connection: Connection, batch_id: str, reader: str, *, close: bool, expires_at: float) -> None:
    """End a reader's work; a batch that stays open can be read on by a call with the same key."""
    done: dict[str, Any] = {"closed": True, "expires_at": expires_at} if close else {}
    connection.execute(update(batches).where(_read_by(batch_id, reader)).values(reader=None, **done))
    empty = and_(batches.c.id == batch_id, batches.c.lines == 0, batches.c.reader.is_(None))
    connection.execute(delete(batches).where(empty))
    batch_ends.end_some(connection, [batch_id])


def release_all(connection: Connection) -> None:
    """Forget every reader; for the start of a service that shares its database with no other."""
    connection.execute(update(batches).where(batches.c.reader.is_not(None)).values(reader=None))


def get(connection: Connection, tenant: str, batch_id: str) -> RowMapping | None:
    """A batch of the tenant."""
    wanted = select(batches).where(_of(tenant, batch_id), batches.c.deleted.is_(False))
    return connection.execute(wanted).mappings().one_or_none()


def page(
    connection: Connection, tenant: str, limit: int, before: str | None, which: Which = ALL, status: str | None = None
) -> Sequence[RowMapping]:
    """Batches of the tenant, newest first, older than the one with the id `before`; `status` as callers see it."""
    wanted = select(batches).where(batches.c.tenant == tenant, batches.c.deleted.is_(False))
    wanted = wanted.where(chosen(connection, batches, which, "batch"))
    if status is not None:
        wanted = wanted.where(_has_status(tenant, status))
    return connection.execute(newest(wanted, batches, limit, before)).mappings().all()


def counts(connection: Connection, batch_ids: Sequence[str]) -> batch_ends.Counts:
    """By batch: job status, solution status, and how many runs have both."""
    return batch_ends.counts(connection, batch_ids)


def tickets(connection: Connection, batch_id: str, after: int, upto: int) -> list[Line]:
    """The runs or errors of lines after one, up to another."""
    return _lines(connection, batch_id, after, upto, _TICKET)


def results(connection: Connection, batch_id: str, after: int, upto: int) -> list[Line]:
    """The same, with what became of the runs; those that were deleted are left out."""
    return _lines(connection, batch_id, after, upto, _RESULT)


def close(connection: Connection, tenant: str, batch_id: str, expires_at: float) -> None:
    """Take no more lines; whoever reads it is stopped."""
    change = update(batches).where(_of(tenant, batch_id), batches.c.closed.is_(False))
    connection.execute(change.values(closed=True, reader=None, expires_at=expires_at))
    batch_ends.end_some(connection, [batch_id])


def hide(connection: Connection, tenant: str, batch_id: str) -> None:
    """Show a batch and its runs to nobody any more."""
    hide_all(connection, tenant, batch_id)
    connection.execute(update(batches).where(_of(tenant, batch_id)).values(deleted=True, key=None))


def close_left(connection: Connection, expires_at: float) -> None:
    """Close what nobody has read on for a day: its key is forgotten by then."""
    left = and_(batches.c.closed.is_(False), batches.c.read_at < time.time() - KEPT_S)
    closed = update(batches).where(left).values(closed=True, reader=None, expires_at=expires_at)
    batch_ends.end_some(connection, connection.execute(closed.returning(batches.c.id)).scalars().all())


def end_left(connection: Connection, limit: int) -> None:
    """End batches that came to their end while a version before revision 0003 had their last run."""
    batch_ends.end_left(connection, limit)


def erase(connection: Connection, limit: int) -> Sequence[str]:
    """Remove batches that were deleted or whose time is over, once all their runs are gone; their ids."""
    over = and_(batches.c.closed.is_(True), or_(batches.c.deleted.is_(True), batches.c.expires_at < time.time()))
    none_left = ~exists().where(runs.c.batch_id == batches.c.id)
    gone = connection.execute(select(batches.c.id).where(over, none_left).limit(limit)).scalars().all()
    connection.execute(delete(batch_errors).where(batch_errors.c.batch_id.in_(gone)))
    connection.execute(delete(batches).where(batches.c.id.in_(gone)))
    return gone


def _lines(connection: Connection, batch_id: str, after: int, upto: int, names: Sequence[str]) -> list[Line]:
    within = and_(runs.c.batch_id == batch_id, runs.c.batch_line > after, runs.c.batch_line <= upto)
    wanted = select(*(runs.c[name] for name in names)).where(within, runs.c.deleted.is_(False))
    taken: list[Line] = [(row["batch_line"], row, None) for row in connection.execute(wanted).mappings()]
    of_batch = and_(batch_errors.c.batch_id == batch_id, batch_errors.c.line > after, batch_errors.c.line <= upto)
    refused = connection.execute(select(batch_errors.c.line, batch_errors.c.error).where(of_batch))
    lines = taken + [(line, None, error) for line, error in refused]
    return sorted(lines, key=lambda line: line[0])


def _has_status(tenant: str, status: str) -> ColumnElement[bool]:
    """Whether a batch is shown with a status, which is that of its runs together.

    Batches with runs that are open, or were cancelled, are looked up by those, of which there are few.
    """
    is_open = batches.c.id.in_(_with_runs(tenant, OPEN))
    is_queued = and_(
        batches.c.id.in_(_with_runs(tenant, [QUEUED])), ~_has_runs([RUNNING, COMPLETED, FAILED, CANCELLED])
    )
    if status == QUEUED:
        return is_queued
    if status == RUNNING:
        return and_(or_(is_open, batches.c.closed.is_(False)), ~is_queued)
    all_cancelled = and_(batches.c.id.in_(_with_runs(tenant, [CANCELLED])), ~_has_runs([COMPLETED, FAILED]))
    return and_(batches.c.closed.is_(True), ~is_open, all_cancelled if status == CANCELLED else ~all_cancelled)


def _with_runs(tenant: str, statuses: Sequence[str]) -> Select[tuple[str | None]]:
    """Batches that have a run with one of these statuses."""
    some: BindParameter[Any] = bindparam(None, list(statuses), expanding=True, literal_execute=True)
    return select(runs.c.batch_id).where(
        runs.c.tenant == tenant, runs.c.job_status.in_(some), runs.c.batch_id.is_not(None), runs.c.deleted.is_(False)
    )


def _has_runs(statuses: Sequence[str]) -> ColumnElement[bool]:
    """The same, asked of each batch."""
    mine = and_(runs.c.batch_id == batches.c.id, runs.c.job_status.in_(statuses), runs.c.deleted.is_(False))
    return exists().where(mine).correlate(batches)


def _of(tenant: str, batch_id: str) -> ColumnElement[bool]:
    return and_(batches.c.id == batch_id, batches.c.tenant == tenant)


def _read_by(batch_id: str, reader: str) -> ColumnElement[bool]:
    return and_(batches.c.id == batch_id, batches.c.reader == reader)
