"""Rows of batches as documents."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sqlalchemy import RowMapping

from coverplan.api.errors import ApiError
from coverplan.api.rows import creator_of
from coverplan.payload.base import Document
from coverplan.payload.batches import BatchRuns, BatchSolutions, BatchState
from coverplan.payload.runs import JobStatus, RunError
from coverplan.payload.times import maybe_moment
from coverplan.store import runs

DAY_S = 86400.0
_MOST_ERRORS = 20

Counts = Sequence[tuple[str, str | None, int]]


def state_of(row: RowMapping, counts: Counts) -> BatchState:
    """The batch as its callers see it."""
    by_job: dict[str, int] = dict.fromkeys(BatchRuns.model_fields, 0)
    by_solution: dict[str, int] = dict.fromkeys(BatchSolutions.model_fields, 0)
    for job_status, solution_status, number in counts:
        by_job[job_status] += number
        if job_status == runs.COMPLETED and solution_status is not None:
            by_solution[solution_status] += number
    facts: dict[str, Any] = {name: row[name] for name in ("name", "closed", "lines", "accepted", "request_id")}
    facts |= {name: maybe_moment(row[name]) for name in ("created_at", "expires_at")}
    return BatchState(
        batch_id=row["id"],
        job_status=_job_status(row["closed"], by_job),
        created_by=creator_of(row),
        rejected=row["lines"] - row["accepted"],
        runs=BatchRuns(**by_job),
        solutions=BatchSolutions(**by_solution),
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
    return "cancelled" if begun and by_job[runs.CANCELLED] == begun else "completed"
