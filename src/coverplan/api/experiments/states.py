"""Rows of experiments and their cells as documents."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from sqlalchemy import Connection, RowMapping

from coverplan.api.rows import creator_of, found
from coverplan.jobs.comparison import seconds_of
from coverplan.payload.experiments.state import CellCounts, ExperimentCell, ExperimentState
from coverplan.payload.runs import JobStatus, RunError
from coverplan.payload.times import maybe_moment
from coverplan.store import cells, experiments
from coverplan.store.store import Store

_TIMES = ("created_at", "started_at", "ended_at", "expires_at")


async def experiment_row(store: Store, tenant: str, experiment_id: str) -> RowMapping:
    """The row of an experiment of the tenant; raises as `found` does."""
    return found(
        await store.database.reading(lambda c: experiments.get(c, tenant, experiment_id)), "experiment", experiment_id
    )


async def shown(store: Store, tenant: str, experiment_id: str) -> ExperimentState:
    """How far an experiment of the tenant is; raises as `found` does."""

    def look(connection: Connection) -> ExperimentState:
        row = found(experiments.get(connection, tenant, experiment_id), "experiment", experiment_id)
        return state_of(row, cells.counts(connection, [experiment_id])[experiment_id])

    return await store.database.reading(look)


def state_of(row: RowMapping, counts: Mapping[str, int]) -> ExperimentState:
    """The experiment as its callers see it."""
    times: dict[str, Any] = {name: maybe_moment(row[name]) for name in _TIMES}
    return ExperimentState(
        experiment_id=row["id"],
        name=row["name"],
        job_status=_job_status(row, counts),
        cells=CellCounts(**counts),
        phase=row["phase"],
        created_by=creator_of(row),
        request_id=row["request_id"],
        error=None if row["error"] is None else RunError.model_validate_json(json.dumps(row["error"])),
        **times,
    )


def cell_of(row: RowMapping) -> ExperimentCell:
    """A cell as its callers see it."""
    same: dict[str, Any] = {
        name: row[name] for name in ("key", "run_id", "solution_status", "objective_value", "dual_bound", "gap")
    }
    same["job_status"] = row["job_status"] or ("queued" if row["run_id"] is None else "cancelled")
    return ExperimentCell(**same, **row["details"], seconds=seconds_of(row))


def _job_status(row: RowMapping, counts: Mapping[str, int]) -> JobStatus:
    """Queued as long as no cell has begun."""
    status: JobStatus = row["job_status"]
    begun = sum(counts.values()) - counts["queued"]
    return "queued" if status == experiments.RUNNING and not begun else status
