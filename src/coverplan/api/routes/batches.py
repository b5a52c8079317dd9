"""Batches: many runs in one call, a line each, and one download of what they came to."""

from __future__ import annotations

import time
from collections.abc import AsyncIterator
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Path, Query, Request
from sqlalchemy import Connection
from starlette.responses import Response, StreamingResponse
from starlette.types import Receive, Scope, Send

from coverplan.api.batches.intake import Intake, Means, tickets_between
from coverplan.api.batches.lines import Lines
from coverplan.api.batches.results import as_csv, as_ndjson, as_parquet
from coverplan.api.batches.states import DAY_S, has_ended, shown, states_of, told
from coverplan.api.errors import ApiError, error_responses
from coverplan.api.filters import Named
from coverplan.api.guard.auth import Caller, Reader, Writer, until_refused, while_admitted
from coverplan.api.guard.quotas import Admitting
from coverplan.api.idempotency import REPLAYED, Key
from coverplan.api.links import located
from coverplan.api.media import CSV, EVENTS, JSON, NDJSON, PARQUET, accepts, chosen
from coverplan.api.paging import BatchCursor, Limit, Page
from coverplan.api.provenance import Asked
from coverplan.api.reference.media import file_of, lines_of, text_of
from coverplan.api.state import Configured, Pool, Stored, Submitted, Watched
from coverplan.api.streaming.events import EventStream, LastState, described
from coverplan.jobs.cancelling import cancel_all
from coverplan.jobs.queue import PACK
from coverplan.payload.audit import Action
from coverplan.payload.base import PLAIN
from coverplan.payload.batches import BatchResult, BatchState, BatchTicket
from coverplan.payload.runs import RunRequest
from coverplan.settings import Settings
from coverplan.store import audit, batches
from coverplan.store.store import Store

router = APIRouter(prefix="/v1/batches", tags=["batches"])

_FORMATS = {"ndjson": NDJSON, "csv": CSV, "parquet": PARQUET}
BatchId = Annotated[str, Path(pattern="^[A-Za-z0-9-]{1,40}$", description="Id of the batch.")]
After = Annotated[int, Query(ge=0, le=2**31 - 1, description="Leave out the lines up to this one.")]
_EVENTS = described(
    "`progress`... and one `ended`, each with a state of the batch",
    'id: 5f2b5f2b5f2b5f2b\nevent: progress\ndata: {"batch_id": "batch-01", "runs": {"queued": 7}}\n\n',
    progress=BatchState,
    ended=BatchState,
)
_TICKETS_AT_ONCE = 256
_LINE = '{"problem": {"accounts": [{"id": "a", "potential": 1}], "reps": [{"id": "r"}]}}\n'
_LOCATED = located(batch_id="$response.header.Coverplan-Batch-Id")
_LOCATED["headers"]["Coverplan-Batch-Id"] = {
    "description": "Id of the batch.",
    "required": True,
    "schema": {"type": "string"},
}
_BODY: dict[str, Any] = {
    "requestBody": {
        "required": True,
        "description": "One `RunRequest` a line; `reuse` is not for batches. May be compressed with gzip.",
        "content": lines_of(RunRequest),
    }
}
_BODY["requestBody"]["content"][NDJSON]["example"] = _LINE


@router.post(
    "",
    status_code=202,
    summary="Submit a batch",
    response_class=Response,
    responses={
        202: {
            "description": "A run or an error for each line, in order, as they are read.",
            "content": lines_of(BatchTicket),
            **_LOCATED,
        },
        **error_responses(408, 409, 413, 415, 422, 429, 503),
    },
    openapi_extra=_BODY,
    dependencies=[accepts(NDJSON)],
)
async def submit_batch(
    request: Request,
    caller: Writer,
    asked: Asked,
    admission: Admitting,
    store: Stored,
    settings: Configured,
    submission: Submitted,
    name: Annotated[str | None, Query(max_length=500, pattern=PLAIN, description="For people.")] = None,
    key: Key = None,
) -> Response:
    """Queue a run per line; a wrong line has its own error, and the others run.

    A line whose ticket was answered is not lost. When the connection was cut off, send the same lines with the same
    Idempotency-Key again: those that were taken are answered with how far their runs are, and the rest is taken in;
    `Idempotency-Replayed` says that all had been. Without a key the batch is what was taken until then. The headers
    Location and Coverplan-Batch-Id say where it is.
    """
    lines = Lines(request, settings, PACK)
    means = Means(caller, asked, admission, store, settings, submission, request.app.state.parsers)
    intake = await Intake.begin(means, lines, name, key)
    try:
        await intake.started()
    except BaseException:
        await intake.stop()
        raise
    return _Tickets(intake)


@router.get("", summary="List batches", responses=error_responses(422, 503), dependencies=[accepts(JSON)])
async def list_batches(
    caller: Reader,
    store: Stored,
    which: Named,
    limit: Limit = 50,
    cursor: BatchCursor = None,
    status: Annotated[
        Literal["queued", "running", "completed", "cancelled"] | None,
        Query(description="Batches that are that far only."),
    ] = None,
) -> Page[BatchState]:
    """Batches of the caller, newest first."""

    def look(connection: Connection) -> Page[BatchState]:
        rows = batches.page(connection, caller.tenant, limit + 1, cursor, which, status)
        more = rows[limit - 1]["id"] if len(rows) > limit else None
        return Page[BatchState](items=states_of(connection, rows[:limit]), next_cursor=more)

    return await store.database.reading(look)


@router.get(
    "/{batch_id}", summary="Show a batch", responses=error_responses(404, 422, 503), dependencies=[accepts(JSON)]
)
async def show_batch(batch_id: BatchId, caller: Reader, store: Stored) -> BatchState:
    """How far it is."""
    return await shown(store, caller.tenant, batch_id)


@router.get(
    "/{batch_id}/events",
    summary="Follow a batch",
    response_class=Response,
    responses={200: _EVENTS, **error_responses(404, 422, 503)},
    dependencies=[accepts(EVENTS)],
)
async def follow_batch(
    batch_id: BatchId, request: Request, caller: Reader, store: Stored, watch: Watched, last_event_id: LastState = None
) -> Response:
    """Server-sent events with the state of the batch, as `GET /v1/batches/{batch_id}` shows it, whenever it changes.

    The last one is `ended`, also for a batch long over, or `deleted`. A stream whose key is revoked ends within
    seconds, without it. When the service is asked to stop, the last event is `closing`: connect again.
    """
    await shown(store, caller.tenant, batch_id)
    events = watch.events(batch_id, lambda: told(store, caller.tenant, batch_id), last_event_id)
    return EventStream(events, {"batch_id": batch_id}, until_refused(request), request.app.state.closing)


@router.get(
    "/{batch_id}/tickets",
    summary="Show the tickets of a batch",
    response_class=Response,
    responses={
        200: {"description": "The tickets.", "content": lines_of(BatchTicket)},
        **error_responses(404, 422, 503),
    },
    dependencies=[accepts(NDJSON)],
)
async def show_tickets(
    batch_id: BatchId,
    request: Request,
    caller: Reader,
    store: Stored,
    after: After = 0,
) -> Response:
    """The run or the error of each line that was taken, as their runs are now."""
    state = await shown(store, caller.tenant, batch_id)

    async def tickets() -> AsyncIterator[bytes]:
        for start in range(after, state.lines, _TICKETS_AT_ONCE):
            yield await tickets_between(store, batch_id, start, min(start + _TICKETS_AT_ONCE, state.lines))

    return StreamingResponse(while_admitted(request, tickets()), media_type=NDJSON)


@router.get(
    "/{batch_id}/results",
    summary="Download what a batch came to",
    response_class=Response,
    responses={
        200: {
            "description": "Lines in order; as CSV or Parquet a row for each seat of their plans, or one without a "
            "seat for those without a plan: `job_status`, `solution_status`, `error_code` and `error` say why.",
            "content": lines_of(BatchResult) | text_of(CSV, "seats.csv") | file_of(PARQUET),
        },
        **error_responses(404, 409, 422, 503),
    },
)
async def show_results(
    batch_id: BatchId,
    request: Request,
    caller: Reader,
    store: Stored,
    pool: Pool,
    form: Annotated[
        Literal["ndjson", "csv", "parquet"] | None, Query(alias="format", description="Instead of the Accept header.")
    ] = None,
    only: Annotated[
        Literal["completed", "failed", "cancelled"] | None,
        Query(
            description="Lines with a completed run, those that were refused or failed, or those that were cancelled."
        ),
    ] = None,
    partial: Annotated[bool, Query(description="What there is, before all runs have ended.")] = False,
    after: After = 0,
) -> Response:
    """The plan or the error of each line, as one stream; runs that were deleted are left out."""
    media_type = chosen(request, NDJSON, CSV, PARQUET) if form is None else _FORMATS[form]
    state = await shown(store, caller.tenant, batch_id)
    if not partial and not has_ended(state):
        raise ApiError(
            "batch_not_ended",
            f"{state.runs.queued + state.runs.running:,} runs have not ended."
            if state.closed
            else "It takes in lines.",
            suggestion="Wait for it, or ask for what there is with ?partial=true.",
        )
    suffix = next(name for name, media in _FORMATS.items() if media == media_type)
    if media_type == CSV:
        content = as_csv(store, batch_id, after, state.lines, only)
    elif media_type == PARQUET:
        content = as_parquet(store, batch_id, after, state.lines, only, pool.folder)
    else:
        content = as_ndjson(store, batch_id, after, state.lines, only)
    headers = {"Content-Disposition": f'attachment; filename="{batch_id}.{suffix}"'}
    return StreamingResponse(while_admitted(request, content), media_type=media_type, headers=headers)


@router.post(
    "/{batch_id}/cancel",
    summary="Cancel a batch",
    responses=error_responses(404, 422, 503),
    dependencies=[accepts(JSON)],
)
async def cancel_batch(batch_id: BatchId, caller: Writer, store: Stored, settings: Configured) -> BatchState:
    """It takes no more lines; queued runs are cancelled at once, running ones within a second, ended ones stay."""
    if not has_ended(await shown(store, caller.tenant, batch_id)):
        await _cancel(store, caller, batch_id, settings, "batch.cancel")
    return await shown(store, caller.tenant, batch_id)


@router.delete(
    "/{batch_id}", status_code=204, summary="Cancel and erase a batch", responses=error_responses(404, 422, 503)
)
async def delete_batch(batch_id: BatchId, caller: Writer, store: Stored, settings: Configured) -> None:
    """It is gone with all its runs from now on; their files follow within minutes."""
    await shown(store, caller.tenant, batch_id)
    await _cancel(store, caller, batch_id, settings, "batch.delete")
    await store.database.writing(lambda c: batches.hide(c, caller.tenant, batch_id))


class _Tickets(Response):
    """Streams tickets while lines are read from the same connection."""

    media_type = NDJSON

    def __init__(self, intake: Intake) -> None:
        place = {"Location": f"/v1/batches/{intake.batch_id}", "Coverplan-Batch-Id": intake.batch_id}
        again = REPLAYED if intake.replayed else {}
        super().__init__(status_code=202, headers={**place, **again, "X-Accel-Buffering": "no"})
        del self.headers["content-length"]
        self._intake = intake

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        try:
            await send({"type": "http.response.start", "status": self.status_code, "headers": self.raw_headers})
            async for lines in self._intake.tickets():
                await send({"type": "http.response.body", "body": lines, "more_body": True})
            await send({"type": "http.response.body", "body": b""})
        finally:
            await self._intake.stop()


async def _cancel(store: Store, caller: Caller, batch_id: str, settings: Settings, why: Action) -> None:
    """Close it first, so that no line comes in any more."""
    expires_at = time.time() + DAY_S * settings.retention_days

    def close(connection: Connection) -> None:
        batches.close(connection, caller.tenant, batch_id, expires_at)
        audit.add(connection, caller.by, why, batch_id)

    await store.database.writing(close)
    await cancel_all(store, caller.tenant, batch_id)
