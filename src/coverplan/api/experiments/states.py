"""Rows of experiments and their cells as documents."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import Connection, RowMapping

from coverplan.api.rows import creator_of, found
from coverplan.api.streaming.watch import Told
from coverplan.jobs.comparison import seconds_of
from coverplan.payload.experiments.state import CellCounts, ExperimentCell, ExperimentState
from coverplan.payload.runs import JobStatus, RunError
from coverplan.payload.times import maybe_moment
from coverplan.store import cells, experiments
from coverplan.store.pace import Pace, paces
from coverplan.store.schema import runs
from coverplan.store.store import Store

_OPEN = ("queued", "running")
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
        return states_of(connection, [row])[0]

    return await store.database.reading(look)


def states_of(connection: Connection, rows: Sequence[RowMapping]) -> list[ExperimentState]:
    """Experiments as their callers see them."""
    counts = cells.counts(connection, [row["id"] for row in rows])
    going_on = [row["id"] for row in rows if counts[row["id"]]["running"]]
    known = paces(connection, runs.c.experiment_id, going_on)
    return [_state(row, counts[row["id"]], known.get(row["id"], Pace())) for row in rows]


async def told(store: Store, tenant: str, experiment_id: str) -> Told:
    """How far an experiment of the tenant is, as an event; the last one once nothing of it runs any more."""

    def look(connection: Connection) -> ExperimentState | None:
        row = experiments.get(connection, tenant, experiment_id)
        return None if row is None else states_of(connection, [row])[0]

    state = await store.database.reading(look)
    if state is None:
        return Told.deleted({"experiment_id": experiment_id})
    is_open = state.job_status in _OPEN or state.cells.queued or state.cells.running
    return Told.of(state, ended=not is_open)


def _state(row: RowMapping, counts: Mapping[str, int], pace: Pace) -> ExperimentState:
    times: dict[str, Any] = {name: maybe_moment(row[name]) for name in _TIMES}
    return ExperimentState(
        experiment_id=row["id"],
        name=row["name"],
        job_status=_job_status(row, counts),
        cells=CellCounts(**counts),
        phase=row["phase"],
        created_by=creator_of(row),
        request_id=row["request_id"],
        remaining_s=pace.left_s(counts["queued"], counts["running"]),
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
