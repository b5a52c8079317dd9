"""How batches end: once they take no more lines and none of their runs is open, which is told once.

Whoever may be the last one, by ending a run or by closing the batch, looks at it with its row locked: of two that end
the last two runs at the same time, one waits for the other and sees what it did. Runs are locked before their batch.
"""

from __future__ import annotations

import time
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Literal

from sqlalchemy import ColumnElement, Connection, RowMapping, and_, exists, func, select, update

from coverplan.payload.batches import BatchRuns, BatchSolutions
from coverplan.payload.times import moment
from coverplan.store import announcements
from coverplan.store.announcements import News
from coverplan.store.schema import batches, runs

_OPEN = ("queued", "running")

Counts = dict[str, list[tuple[str, str | None, int]]]


def counts(connection: Connection, batch_ids: Sequence[str], *, deleted: bool = False) -> Counts:
    """By batch: job status, solution status, and how many runs have both; those that were deleted only if wanted."""
    found: Counts = {batch_id: [] for batch_id in batch_ids}
    kinds = (runs.c.batch_id, runs.c.job_status, runs.c.solution_status)
    wanted = select(*kinds, func.count()).where(runs.c.batch_id.in_(batch_ids)).group_by(*kinds)
    if not deleted:
        wanted = wanted.where(runs.c.deleted.is_(False))
    for batch_id, job_status, solution_status, number in connection.execute(wanted):
        found[batch_id].append((job_status, solution_status, number))
    return found


def ended_status(by_job: Mapping[str, int]) -> Literal["cancelled", "completed"]:
    """What a batch has come to whose runs have ended."""
    return "cancelled" if by_job.get("cancelled") and by_job["cancelled"] == sum(by_job.values()) else "completed"


def end_some(connection: Connection, batch_ids: Iterable[str | None]) -> None:
    """End those of these batches that have come to their end, in the transaction that brings it."""
    for batch_id in sorted({name for name in batch_ids if name is not None}):
        _end(connection, batch_id)


def end_left(connection: Connection, limit: int) -> None:
    """End batches whose last run was ended by a version before revision 0003, which does not look at them."""
    over = and_(batches.c.closed.is_(True), batches.c.ended_at.is_(None), ~_has_open(batches.c.id))
    end_some(connection, connection.execute(select(batches.c.id).where(over).limit(limit)).scalars().all())


def _end(connection: Connection, batch_id: str) -> None:
    mine = and_(batches.c.id == batch_id, batches.c.ended_at.is_(None))
    row = connection.execute(select(batches).where(mine).with_for_update(key_share=True)).mappings().one_or_none()
    if row is None or not row["closed"] or connection.execute(select(_has_open(batch_id))).scalar():
        return
    now = time.time()
    connection.execute(update(batches).where(mine).values(ended_at=now))
    _announce(connection, row, now)


def _has_open(batch_id: Any) -> ColumnElement[bool]:
    return exists().where(runs.c.batch_id == batch_id, runs.c.job_status.in_(_OPEN))


def _announce(connection: Connection, row: RowMapping, ended_at: float) -> None:
    if not announcements.anybody(connection, [row["tenant"]]):
        return
    by_job, by_solution = dict.fromkeys(BatchRuns.model_fields, 0), dict.fromkeys(BatchSolutions.model_fields, 0)
    found = counts(connection, [row["id"]], deleted=row["deleted"])[row["id"]]
    for job_status, solution_status, number in found:
        by_job[job_status] += number
        if job_status == "completed" and solution_status is not None:
            by_solution[solution_status] += number
    status = ended_status(by_job)
    state = {
        "name": row["name"],
        "job_status": status,
        "lines": row["lines"],
        "accepted": row["accepted"],
        "rejected": row["lines"] - row["accepted"],
        "runs": by_job,
        "solutions": by_solution,
        "created_at": moment(row["created_at"]),
        "ended_at": moment(ended_at),
    }
    about = {"batch_id": row["id"], "batch": state}
    announcements.announce(connection, row["tenant"], [News(f"batch.{status}", about, row["name"])])
