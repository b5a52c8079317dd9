"""Experiments: problems x policies x seeds, solved as runs and compared."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Path, Query, Request
from sqlalchemy import Connection
from starlette.responses import Response

from coverplan.api.body import Parsed, body_of
from coverplan.api.errors import ApiError, error_responses
from coverplan.api.experiments import results
from coverplan.api.experiments.intake import bases_of, check_size, packed, planned, unpacked
from coverplan.api.experiments.states import cell_of, experiment_row, shown, states_of, told
from coverplan.api.filters import Named
from coverplan.api.guard.auth import Reader, Writer, until_refused
from coverplan.api.guard.quotas import Admitting
from coverplan.api.idempotency import ONCE, Created, Creation, once_telling
from coverplan.api.links import located
from coverplan.api.media import CSV, EVENTS, HTML, JSON, PARQUET, accepts, chosen
from coverplan.api.paging import Cursor, ExperimentCursor, Limit
from coverplan.api.provenance import Asked
from coverplan.api.reference.media import file_of, text_of
from coverplan.api.state import Configured, Pool, Stored, Watched
from coverplan.api.streaming.events import EventStream, LastState, described
from coverplan.jobs.cancelling import cancel_all
from coverplan.payload.experiments.extension import ExperimentExtension
from coverplan.payload.experiments.request import ExperimentRequest
from coverplan.payload.experiments.results import ExperimentResults
from coverplan.payload.experiments.state import (
    CellPage,
    ExperimentEstimate,
    ExperimentPage,
    ExperimentState,
    ExperimentTicket,
)
from coverplan.payload.runs import JobStatus
from coverplan.store import audit, cells, experiments
from coverplan.store.ids import new_id

router = APIRouter(prefix="/v1/experiments", tags=["experiments"])

DAY_S = 86400.0
ExperimentId = Annotated[str, Path(pattern="^[A-Za-z0-9-]{1,40}$", description="Id of the experiment.")]
_LOCATED = located(experiment_id="$response.body#/experiment_id")
_EVENTS = described(
    "`progress`... and one `ended`, each with a state of the experiment",
    'id: 5f2b5f2b5f2b5f2b\nevent: progress\ndata: {"experiment_id": "exp-01", "cells": {"running": 2}}\n\n',
    progress=ExperimentState,
    ended=ExperimentState,
)
_TABLES: dict[str, Any] = {
    "description": "The comparison; as CSV or Parquet one row per problem, policy and seed; as HTML a report.",
    "content": text_of(CSV, "comparison.csv")
    | file_of(PARQUET)
    | {HTML: {"schema": {"type": "string"}, "example": "<!doctype html>\n<title>tolerance x move cap</title>\n"}},
}


def _ticket_now(connection: Connection, tenant: str, told: Mapping[str, Any]) -> ExperimentTicket:
    """One that its caller deleted meanwhile is as good as stopped."""
    name: str = told["experiment_id"]
    row = experiments.get(connection, tenant, name)
    if row is None:
        return ExperimentTicket(experiment_id=name, job_status="cancelled")
    return ExperimentTicket(experiment_id=name, job_status=states_of(connection, [row])[0].job_status)


Once = Annotated[Creation, once_telling(_ticket_now)]


@router.post(
    "",
    status_code=202,
    summary="Submit an experiment",
    response_model=ExperimentTicket,
    responses={202: _LOCATED, **error_responses(*ONCE, 404, 408, 413, 415, 429, 503)},
    openapi_extra=body_of(ExperimentRequest, experiment="Three tolerances of the balance, compared"),
    dependencies=[accepts(JSON)],
)
async def submit_experiment(
    body: Parsed[ExperimentRequest],
    caller: Writer,
    asked: Asked,
    admission: Admitting,
    store: Stored,
    settings: Configured,
    once: Once,
) -> Response:
    """Queue its cells, each a run; once this is answered, it is not lost."""
    plan = await planned(body, caller.tenant, store, settings)
    check_size(plan.estimate, settings)
    experiment_id = new_id("exp")
    ready = await asyncio.to_thread(packed, experiment_id, 1, plan)
    await admission.admit(caller, runs=plan.estimate.cells, size=ready.size)
    facts = {
        "id": experiment_id,
        "tenant": caller.tenant,
        "name": body.name,
        "priority": body.priority,
        "retention_s": DAY_S * (body.retention_days or settings.retention_days),
        **ready.facts,
        **asked.columns,
    }

    def create(connection: Connection) -> Created:
        experiments.add(connection, facts)
        audit.add(connection, caller.by, "experiment.submit", experiment_id)
        ticket = ExperimentTicket(experiment_id=experiment_id, job_status="queued")
        return Created(ticket, 202, f"/v1/experiments/{experiment_id}")

    async with ready.stored(store):
        return await once.create(create)


@router.post(
    "/estimate",
    summary="Estimate an experiment",
    responses=error_responses(404, 408, 409, 413, 415, 422, 503),
    openapi_extra=body_of(ExperimentRequest, experiment="Three tolerances of the balance, compared"),
    dependencies=[accepts(JSON)],
)
async def estimate_experiment(
    body: Parsed[ExperimentRequest], caller: Reader, store: Stored, settings: Configured
) -> ExperimentEstimate:
    """Its cells, policies and work, before it starts; nothing is solved, and the limit on cells does not apply."""
    return (await planned(body, caller.tenant, store, settings)).estimate


@router.get("", summary="List experiments", responses=error_responses(422, 503), dependencies=[accepts(JSON)])
async def list_experiments(
    caller: Reader,
    store: Stored,
    which: Named,
    limit: Limit = 50,
    cursor: ExperimentCursor = None,
    status: Annotated[JobStatus | None, Query(description="Experiments that are that far only.")] = None,
) -> ExperimentPage:
    """Experiments of the caller, newest first."""

    def look(connection: Connection) -> ExperimentPage:
        rows = experiments.page(connection, caller.tenant, limit + 1, cursor, which, status)
        more = rows[limit - 1]["id"] if len(rows) > limit else None
        return ExperimentPage(items=states_of(connection, rows[:limit]), next_cursor=more)

    return await store.database.reading(look)


@router.get(
    "/{experiment_id}",
    summary="Show an experiment",
    responses=error_responses(404, 422, 503),
    dependencies=[accepts(JSON)],
)
async def show_experiment(experiment_id: ExperimentId, caller: Reader, store: Stored) -> ExperimentState:
    """How far it is."""
    return await shown(store, caller.tenant, experiment_id)


@router.get(
    "/{experiment_id}/events",
    summary="Follow an experiment",
    response_class=Response,
    responses={200: _EVENTS, **error_responses(404, 422, 503)},
    dependencies=[accepts(EVENTS)],
)
async def follow_experiment(
    experiment_id: ExperimentId,
    request: Request,
    caller: Reader,
    store: Stored,
    watch: Watched,
    last_event_id: LastState = None,
) -> Response:
    """Server-sent events with the state of the experiment, as `GET` shows it, whenever it changes: cells, phase, error.

    The last one is `ended`, also for an experiment long over, or `deleted`; of one that was stopped it comes once none
    of its cells runs any more. A stream whose key is revoked ends within seconds, without it. When the service is asked
    to stop, the last event is `closing`: connect again.
    """
    await experiment_row(store, caller.tenant, experiment_id)
    events = watch.events(experiment_id, lambda: told(store, caller.tenant, experiment_id), last_event_id)
    return EventStream(events, {"experiment_id": experiment_id}, until_refused(request), request.app.state.closing)


@router.get(
    "/{experiment_id}/cells",
    summary="List the cells of an experiment",
    responses=error_responses(404, 422, 503),
    dependencies=[accepts(JSON)],
)
async def list_cells(
    experiment_id: ExperimentId, caller: Reader, store: Stored, limit: Limit = 200, cursor: Cursor = None
) -> CellPage:
    """Its solves, neighbours next to each other; the plan of each is that of its run."""
    await experiment_row(store, caller.tenant, experiment_id)
    start = int(cursor or 0)
    rows = await store.database.reading(lambda c: cells.page(c, experiment_id, limit + 1, start))
    more = str(start + limit) if len(rows) > limit else None
    return CellPage(items=[cell_of(row) for row in rows[:limit]], next_cursor=more)


@router.get(
    "/{experiment_id}/results",
    summary="Download what an experiment came to",
    response_model=ExperimentResults,
    responses={200: _TABLES, **error_responses(404, 409, 422, 503)},
)
async def show_experiment_results(
    experiment_id: ExperimentId,
    request: Request,
    caller: Reader,
    store: Stored,
    pool: Pool,
    form: Annotated[
        Literal["json", "csv", "parquet", "html"] | None,
        Query(alias="format", description="Instead of the Accept header."),
    ] = None,
    partial: Annotated[bool, Query(description="What there is, before all cells have ended.")] = False,
) -> Response:
    """The comparison as JSON, its rows as CSV or Parquet, or a report in one HTML page."""
    offers = (JSON, CSV, PARQUET, HTML)
    media_type = chosen(request, *offers) if form is None else results.FORMATS[form]
    row = await experiment_row(store, caller.tenant, experiment_id)
    found = await results.results_of(store, pool, row, partial=partial)
    return await results.answer(row, found, media_type)


@router.post(
    "/{experiment_id}/stop",
    summary="Stop an experiment",
    responses=error_responses(404, 422, 503),
    dependencies=[accepts(JSON)],
)
async def stop_experiment(experiment_id: ExperimentId, caller: Writer, store: Stored) -> ExperimentState:
    """Its queued cells are cancelled at once, running ones within a second; one that has ended stays as it is."""
    await experiment_row(store, caller.tenant, experiment_id)

    def stop(connection: Connection) -> None:
        if experiments.stop(connection, caller.tenant, experiment_id):
            audit.add(connection, caller.by, "experiment.stop", experiment_id)

    # It ends first, so that no cell is added any more.
    await store.database.writing(stop)
    await cancel_all(store, caller.tenant, experiment_id)
    return await shown(store, caller.tenant, experiment_id)


@router.post(
    "/{experiment_id}/resume",
    summary="Resume an experiment",
    responses=error_responses(404, 422, 429, 503),
    dependencies=[accepts(JSON)],
)
async def resume_experiment(
    experiment_id: ExperimentId, caller: Writer, admission: Admitting, store: Stored
) -> ExperimentState:
    """Cells that were cancelled or have failed are solved anew, and what they came to is compared again."""
    state = await shown(store, caller.tenant, experiment_id)
    await admission.admit(caller, runs=state.cells.cancelled + state.cells.failed)

    def resume(connection: Connection) -> None:
        experiments.resume(connection, caller.tenant, experiment_id)
        audit.add(connection, caller.by, "experiment.resume", experiment_id)

    await store.database.writing(resume)
    return await shown(store, caller.tenant, experiment_id)


@router.post(
    "/{experiment_id}/extend",
    status_code=202,
    summary="Extend an experiment",
    response_model=ExperimentTicket,
    responses={202: _LOCATED, **error_responses(*ONCE, 404, 408, 413, 415, 429, 503)},
    openapi_extra=body_of(ExperimentExtension, experiment_extension="Another tolerance, and two more seeds"),
    dependencies=[accepts(JSON)],
)
async def extend_experiment(
    experiment_id: ExperimentId,
    body: Parsed[ExperimentExtension],
    caller: Writer,
    asked: Asked,
    admission: Admitting,
    store: Stored,
    settings: Configured,
    once: Once,
) -> Response:
    """More problems, policies, seeds or points; cells that it has already keep their runs."""
    row = await experiment_row(store, caller.tenant, experiment_id)
    known, request = await unpacked(store, row["request_path"])
    kept = await bases_of(store, row["request_path"])
    plan = await planned(body.added_to(request), caller.tenant, store, settings, kept)
    check_size(plan.estimate, settings)
    ready = await asyncio.to_thread(packed, experiment_id, row["version"] + 1, plan, known)
    counts = (await shown(store, caller.tenant, experiment_id)).cells
    more = plan.estimate.cells - counts.completed - counts.queued - counts.running
    await admission.admit(caller, runs=max(0, more), size=ready.size)
    facts = {**ready.facts, "request_bytes": row["request_bytes"] + ready.size, **asked.followed}

    def extend(connection: Connection) -> Created:
        if not experiments.extend(connection, row, facts):
            raise ApiError(
                "experiment_changed", "Another call has extended it.", suggestion="Look at it, and try again."
            )
        audit.add(connection, caller.by, "experiment.extend", experiment_id)
        ticket = ExperimentTicket(experiment_id=experiment_id, job_status="running")
        return Created(ticket, 202, f"/v1/experiments/{experiment_id}")

    async with ready.stored(store):
        return await once.create(extend)


@router.delete(
    "/{experiment_id}",
    status_code=204,
    summary="Stop and erase an experiment",
    responses=error_responses(404, 422, 503),
)
async def delete_experiment(experiment_id: ExperimentId, caller: Writer, store: Stored) -> None:
    """It is gone with all its runs from now on; their files follow within minutes."""
    await experiment_row(store, caller.tenant, experiment_id)
    await store.database.writing(lambda c: experiments.stop(c, caller.tenant, experiment_id))
    await cancel_all(store, caller.tenant, experiment_id)

    def hide(connection: Connection) -> None:
        experiments.hide(connection, caller.tenant, experiment_id)
        audit.add(connection, caller.by, "experiment.delete", experiment_id)

    await store.database.writing(hide)
