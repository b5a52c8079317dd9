"""Durable runs: hand work over and walk away."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from functools import partial
from typing import Annotated, Any

from fastapi import APIRouter, Query
from sqlalchemy import Connection
from starlette.responses import Response

from coverplan.api.body import Parsed, body_of
from coverplan.api.errors import ApiError, error_responses
from coverplan.api.filters import Label, Named
from coverplan.api.guard.auth import Reader, Writer
from coverplan.api.guard.quotas import Admitting
from coverplan.api.idempotency import ONCE, Created, Creation, once_telling
from coverplan.api.links import located
from coverplan.api.media import JSON, accepts
from coverplan.api.paging import Limit, RunCursor
from coverplan.api.provenance import Asked
from coverplan.api.runs.known import known_of
from coverplan.api.runs.states import RunId, known_run, run_row, state_of
from coverplan.api.state import Stored, Submitted
from coverplan.payload.runs import JobStatus, RunPage, RunRequest, RunState, RunTicket
from coverplan.store import audit, runs
from coverplan.store.runs import Filter
from coverplan.store.store import Store

router = APIRouter(prefix="/v1/runs", tags=["runs"])

_LOCATED = located(run_id="$response.body#/run_id")


def _ticket_now(connection: Connection, tenant: str, told: Mapping[str, Any]) -> RunTicket:
    """A run that its caller deleted meanwhile is as good as cancelled."""
    row = runs.get(connection, tenant, told["run_id"])
    return RunTicket(run_id=told["run_id"], job_status="cancelled" if row is None else row["job_status"])


Once = Annotated[Creation, once_telling(_ticket_now)]


@router.post(
    "",
    status_code=202,
    summary="Submit a run",
    response_model=RunTicket,
    responses={
        200: {"description": "A completed run of the same content (`reuse`).", "model": RunTicket, **_LOCATED},
        202: _LOCATED,
        **error_responses(*ONCE, 404, 408, 413, 415, 429, 503),
    },
    openapi_extra=body_of(RunRequest, run="A run with a name, tags and a priority"),
    dependencies=[accepts(JSON)],
)
async def submit_run(
    body: Parsed[RunRequest],
    caller: Writer,
    asked: Asked,
    admission: Admitting,
    store: Stored,
    submission: Submitted,
    once: Once,
) -> Response:
    """Queue a run; once this is answered, it is not lost."""
    known = await known_of(body, caller.tenant, store)
    accepted = await asyncio.to_thread(submission.accepted, body, caller.tenant, known, asked)
    old = await submission.reused(accepted) if body.reuse else None
    if old is None:
        await admission.admit(caller, runs=1, size=accepted.bytes)

        def create(connection: Connection) -> Created:
            audit.add(connection, caller.by, "run.submit", accepted.id)
            ticket = RunTicket(run_id=accepted.id, job_status="queued")
            return Created(ticket, 202, f"/v1/runs/{accepted.id}")

        async with submission.stored(accepted):
            return await once.create(create, partial(submission.add, accepted))
    ticket = Created(RunTicket(run_id=old, job_status="completed"), 200, f"/v1/runs/{old}")
    return await once.create(lambda _: ticket)


@router.get("", summary="List runs", responses=error_responses(422, 503), dependencies=[accepts(JSON)])
async def list_runs(
    caller: Reader,
    store: Stored,
    which: Named,
    limit: Limit = 50,
    cursor: RunCursor = None,
    status: Annotated[JobStatus | None, Query(description="Runs that are that far only.")] = None,
    tag: Label = None,
    batch_id: Label = None,
    experiment_id: Label = None,
) -> RunPage:
    """Runs of the caller, newest first."""
    wanted = Filter(which, status, tag, batch_id, experiment_id)

    def look(connection: Connection) -> RunPage:
        rows = runs.page(connection, caller.tenant, wanted, limit + 1, cursor)
        shown = rows[:limit]
        tags = runs.tags_of(connection, [row["id"] for row in shown])
        items = [state_of(row, tags[row["id"]]) for row in shown]
        return RunPage(items=items, next_cursor=shown[-1]["id"] if len(rows) > limit else None)

    return await store.database.reading(look)


@router.get("/{run_id}", summary="Show a run", responses=error_responses(404, 422, 503), dependencies=[accepts(JSON)])
async def show_run(run_id: RunId, caller: Reader, store: Stored) -> RunState:
    """How far a run is."""
    return await _state(run_id, caller.tenant, store)


@router.post(
    "/{run_id}/finish",
    summary="Stop a run and keep its best plan",
    responses=error_responses(404, 409, 422, 503),
    dependencies=[accepts(JSON)],
)
async def finish_run(run_id: RunId, caller: Writer, store: Stored) -> RunState:
    """The plan follows within a second or two; a run that has ended stays as it is."""
    row = await run_row(store, caller.tenant, run_id)
    if row["job_status"] == runs.QUEUED:
        raise ApiError("run_not_running", "It has not begun: there is nothing to keep.", suggestion="Cancel it.")

    def finish(connection: Connection) -> None:
        if runs.wish(connection, caller.tenant, run_id, "finish"):
            audit.add(connection, caller.by, "run.finish", run_id)

    await store.database.writing(finish)
    return await _state(run_id, caller.tenant, store)


@router.post(
    "/{run_id}/cancel",
    summary="Stop a run and discard it",
    responses=error_responses(404, 422, 503),
    dependencies=[accepts(JSON)],
)
async def cancel_run(run_id: RunId, caller: Writer, store: Stored) -> RunState:
    """A queued run is cancelled at once, a running one within a second; one that has ended stays as it is."""
    await run_row(store, caller.tenant, run_id)

    def cancel(connection: Connection) -> None:
        if runs.cancel(connection, caller.tenant, run_id):
            audit.add(connection, caller.by, "run.cancel", run_id)

    await store.database.writing(cancel)
    return await _state(run_id, caller.tenant, store)


@router.delete("/{run_id}", status_code=204, summary="Cancel and erase a run", responses=error_responses(404, 422, 503))
async def delete_run(run_id: RunId, caller: Writer, store: Stored) -> None:
    """It is gone for every caller from now on; its files follow within minutes."""
    await run_row(store, caller.tenant, run_id)

    def delete(connection: Connection) -> None:
        runs.cancel(connection, caller.tenant, run_id)
        runs.hide(connection, caller.tenant, run_id)
        audit.add(connection, caller.by, "run.delete", run_id)

    await store.database.writing(delete)


async def _state(run_id: str, tenant: str, store: Store) -> RunState:
    def look(connection: Connection) -> RunState:
        row = known_run(connection, tenant, run_id)
        return state_of(row, runs.tags_of(connection, [run_id])[run_id])

    return await store.database.reading(look)
