"""Rows of runs as documents."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Any, TypeVar

from fastapi import Path
from sqlalchemy import Connection, RowMapping

from coverplan.api.rows import creator_of, found, missing
from coverplan.payload.runs import RunError, RunState
from coverplan.payload.times import maybe_moment
from coverplan.store import runs
from coverplan.store.store import Store

Result = TypeVar("Result")
RunId = Annotated[str, Path(description="Id of the run.")]

_SAME = (
    "name",
    "job_status",
    "solution_status",
    "stopped_by",
    "objective_value",
    "dual_bound",
    "gap",
    "phase",
    "priority",
    "timeout_s",
    "dataset_id",
    "policy_name",
    "policy_version",
    "start_run_id",
    "batch_id",
    "experiment_id",
    "request_id",
)
_TIMES = ("created_at", "started_at", "ended_at", "expires_at")


async def run_row(store: Store, tenant: str, run_id: str) -> RowMapping:
    """The row of a run of the tenant; raises as `found` does."""
    return await store.database.reading(lambda connection: known_run(connection, tenant, run_id))


def known_run(connection: Connection, tenant: str, run_id: str) -> RowMapping:
    """The same within a transaction."""
    if not run_id.isprintable():  # no id, and no text that every database takes
        raise missing("run", run_id)
    return found(runs.get(connection, tenant, run_id), "run", run_id)


def state_of(row: RowMapping, tags: Sequence[str]) -> RunState:
    """The run as its callers see it."""
    error = None if row["error"] is None else RunError.model_validate(row["error"])
    facts: dict[str, Any] = {name: row[name] for name in _SAME} | {name: maybe_moment(row[name]) for name in _TIMES}
    by = creator_of(row)
    return RunState(run_id=row["id"], tags=list(tags), attempts=row["attempt"], error=error, created_by=by, **facts)
