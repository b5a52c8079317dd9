"""Rows of batches as documents."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Connection, RowMapping

from coverplan.api.errors import ApiError
from coverplan.api.rows import creator_of, found
from coverplan.api.streaming.watch import Told
from coverplan.payload.base import Document
from coverplan.payload.batches import BatchRuns, BatchSolutions, BatchState
from coverplan.payload.runs import JobStatus, RunError
from coverplan.payload.times import maybe_moment
from coverplan.store import batches, runs
from coverplan.store.batch_ends import ended_status
from coverplan.store.pace import Pace, paces
from coverplan.store.schema import runs as table
from coverplan.store.store import Store

DAY_S = 86400.0
_MOST_ERRORS = 20

Counts = Sequence[tuple[str, str | None, int]]


def states_of(connection: Connection, rows: Sequence[RowMapping]) -> list[BatchState]:
    """Batches as their callers see them."""
    counts = batches.counts(connection, [row["id"] for row in rows])
    going_on = [batch_id for batch_id, found in counts.items() if any(job == runs.RUNNING for job, _, _ in found)]
    known = paces(connection, table.c.batch_id, going_on)
    return [_state(row, counts[row["id"]], known.get(row["id"], Pace())) for row in rows]


async def shown(store: Store, tenant: str, batch_id: str) -> BatchState:
    """How far a batch of the tenant is; raises as `found` does."""

    def look(connection: Connection) -> BatchState:
        row = found(batches.get(connection, tenant, batch_id), "batch", batch_id)
        return states_of(connection, [row])[0]

    return await store.database.reading(look)


async def told(store: Store, tenant: str, batch_id: str) -> Told:
    """How far a batch of the tenant is, as an event; the last one once nothing of it changes any more."""

    def look(connection: Connection) -> BatchState | None:
        row = batches.get(connection, tenant, batch_id)
        return None if row is None else states_of(connection, [row])[0]

    state = await store.database.reading(look)
    return Told.deleted({"batch_id": batch_id}) if state is None else Told.of(state, ended=has_ended(state))


def _state(row: RowMapping, counts: Counts, pace: Pace) -> BatchState:
    by_job: dict[str, int] = dict.fromkeys(BatchRuns.model_fields, 0)
    by_solution: dict[str, int] = dict.fromkeys(BatchSolutions.model_fields, 0)
    for job_status, solution_status, number in counts:
        by_job[job_status] += number
        if job_status == runs.COMPLETED and solution_status is not None:
            by_solution[solution_status] += number
    facts: dict[str, Any] = {name: row[name] for name in ("name", "closed", "lines", "accepted", "request_id")}
    facts |= {name: maybe_moment(row[name]) for name in ("created_at", "ended_at", "expires_at")}
    return BatchState(
        batch_id=row["id"],
        job_status=_job_status(row["closed"], by_job),
        created_by=creator_of(row),
        rejected=row["lines"] - row["accepted"],
        cancelled=by_job[runs.CANCELLED],
        runs=BatchRuns(**by_job),
        solutions=BatchSolutions(**by_solution),
        remaining_s=pace.left_s(by_job[runs.QUEUED], by_job[runs.RUNNING]),
        **facts,
    )


def has_ended(state: BatchState) -> bool:
    """Whether nothing of the batch changes any more."""
    return state.closed and not state.runs.queued and not state.runs.running


def error_of(error: ApiError) -> RunError:
    """Why a line was refused, with its first issues."""
    issues = list(error.issues[:_MOST_ERRORS])
    return RunError(code=error.kind.code, message=error.detail, errors=issues, total_errors=error.total)


def lines_of(documents: Sequence[Document]) -> bytes:
    """Documents as lines of JSON."""
    return b"".join(document.model_dump_json().encode() + b"\n" for document in documents)


def _job_status(closed: bool, by_job: dict[str, int]) -> JobStatus:
    begun = sum(by_job.values()) - by_job[runs.QUEUED]
    if by_job[runs.QUEUED] and not begun:
        return "queued"
    if not closed or by_job[runs.QUEUED] or by_job[runs.RUNNING]:
        return "running"
    return ended_status(by_job)
