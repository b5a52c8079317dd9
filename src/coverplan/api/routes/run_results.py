"""What a run leaves: its plan, its events, its program."""

from __future__ import annotations

import asyncio
import io
import json
import os
import tempfile
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Annotated, Any, BinaryIO, Literal

from fastapi import APIRouter, Header, Query, Request
from sqlalchemy import RowMapping
from starlette.responses import PlainTextResponse, Response, StreamingResponse

from coverplan.api.disconnect import unless_gone
from coverplan.api.edge.caching import UNCHANGED, Keeping
from coverplan.api.edge.head import wants_head
from coverplan.api.errors import ApiError, error_responses
from coverplan.api.guard.auth import Reader, until_refused, while_admitted
from coverplan.api.media import CSV, EVENTS, JSON, PARQUET, TEXT, accepts, chosen
from coverplan.api.reference.media import file_of, text_of
from coverplan.api.runs.known import plan_of
from coverplan.api.runs.states import RunId, run_row
from coverplan.api.state import Fed, Pool, Stored
from coverplan.api.streaming.events import EventStream, described
from coverplan.api.streaming.runs import run_events
from coverplan.jobs.requests import is_perturbed, problem_of, solve_request
from coverplan.payload.plan import Plan
from coverplan.payload.runs import RunNews
from coverplan.process.job import Job
from coverplan.store import paths
from coverplan.store.blobs import NoBlobError
from coverplan.store.store import Store

router = APIRouter(prefix="/v1/runs/{run_id}", tags=["runs"])

_PIECE = 1 << 18
_FORMATS = {"json": JSON, "csv": CSV, "parquet": PARQUET}
_TABLES: dict[str, Any] = {
    "description": "The plan; as CSV or Parquet one row per seat.",
    "content": text_of(CSV, "plan.csv") | file_of(PARQUET),
}
_STREAM = described(
    "`queued`, `started`, `progress`... and one `ended`",
    'id: 3\nevent: progress\ndata: {"run_id": "run-0198b2c4d5e6a1b2c3d4e5f60718", "at": "2027-01-05T08:30:04Z", '
    '"job_status": "running", "objective_value": 1240000.0}\n\n',
    queued=RunNews,
    started=RunNews,
    progress=RunNews,
    ended=RunNews,
)
_MPS, _LP = (
    {"description": f"The program as {form.upper()}.", "content": text_of(TEXT, f"program.{form}")}
    for form in ("mps", "lp")
)


@router.get(
    "/plan",
    summary="Download the plan",
    response_model=Plan,
    responses={200: _TABLES, **UNCHANGED, **error_responses(404, 409, 422, 503)},
)
async def show_plan(
    run_id: RunId,
    request: Request,
    caller: Reader,
    store: Stored,
    pool: Pool,
    kept: Keeping,
    form: Annotated[
        Literal["json", "csv", "parquet"] | None, Query(alias="format", description="Instead of the Accept header.")
    ] = None,
    incumbent: Annotated[bool, Query(description="The best plan so far, if the run has not ended.")] = False,
) -> Response:
    """The plan of a run that has ended, which never changes, as JSON, CSV or Parquet.

    The JSON of a dataset's plan has its seats up to 20,000 of them; a longer one has them as CSV or Parquet only.
    """
    media_type = _FORMATS[form] if form is not None else chosen(request, JSON, CSV, PARQUET)
    row = await run_row(store, caller.tenant, run_id)
    ended = row["plan_path"] is not None
    headers = kept.headers(run_id, row["plan_path"], media_type) if ended else {}
    headers |= {} if media_type == JSON else _named(run_id, media_type)
    if row["table_path"] is not None and media_type != JSON:
        return await _seats(row["table_path"], media_type, request, store, headers)
    if incumbent and row["job_status"] == "running":
        _inline_only(row)
        plan = await _incumbent(row, request, store, pool)
    else:
        plan = await plan_of(run_id, caller.tenant, store)
    if media_type == JSON:
        return Response(plan, media_type=JSON, headers=headers)
    problem = await problem_of(store, row)
    table = await asyncio.to_thread(_table, plan, problem, media_type)
    return Response(table, media_type=media_type, headers=headers)


@router.get(
    "/events",
    summary="Follow a run",
    response_class=Response,
    responses={200: _STREAM, **error_responses(404, 422, 503)},
    dependencies=[accepts(EVENTS)],
)
async def follow_run(
    run_id: RunId,
    request: Request,
    caller: Reader,
    store: Stored,
    feed: Fed,
    last_event_id: Annotated[
        str, Header(pattern="^[0-9]{1,9}$", description="Go on after this event; absent: from the first.")
    ] = "0",
) -> Response:
    """Server-sent events with objective, bound, gap and phase; the last one is `ended`, also for a run long over.

    A stream whose key is revoked ends within seconds, without it. When the service is asked to stop, the last event is
    `closing`: connect again with the number of the last event as `Last-Event-ID`, and another service goes on.
    """
    await run_row(store, caller.tenant, run_id)
    events = run_events(feed, run_id, int(last_event_id))
    return EventStream(events, {"run_id": run_id}, until_refused(request), request.app.state.closing)


@router.get(
    "/model.mps",
    summary="The program in MPS format",
    response_class=PlainTextResponse,
    responses={200: _MPS, **UNCHANGED, **error_responses(404, 409, 422, 503)},
)
async def show_mps(
    run_id: RunId, request: Request, caller: Reader, store: Stored, pool: Pool, kept: Keeping
) -> Response:
    """The mixed-integer program; columns and rows carry the caller's ids."""
    return await _model(await run_row(store, caller.tenant, run_id), "mps", request, store, pool, kept)


@router.get(
    "/model.lp",
    summary="The program in LP format",
    response_class=PlainTextResponse,
    responses={200: _LP, **UNCHANGED, **error_responses(404, 409, 422, 503)},
)
async def show_lp(
    run_id: RunId, request: Request, caller: Reader, store: Stored, pool: Pool, kept: Keeping
) -> Response:
    """The mixed-integer program; columns and rows carry the caller's ids."""
    return await _model(await run_row(store, caller.tenant, run_id), "lp", request, store, pool, kept)


async def _seats(path: str, media_type: str, request: Request, store: Store, headers: dict[str, str]) -> Response:
    """The table of a dataset's plan, as it is or piece by piece as CSV."""
    if media_type == PARQUET:
        content = while_admitted(request, store.blobs.chunks(path))
        return StreamingResponse(content, media_type=media_type, headers=headers)
    text = await asyncio.to_thread(_as_csv, await store.blobs.get(path))
    return Response(text, media_type=media_type, headers=headers)


def _as_csv(table: bytes) -> bytes:
    import polars as pl  # noqa: PLC0415

    from coverplan.tables import plans  # noqa: PLC0415

    return plans.table_csv(pl.read_parquet(io.BytesIO(table))).encode()


def _named(run_id: str, media_type: str) -> dict[str, str]:
    name = f"{run_id}.{'csv' if media_type == CSV else 'parquet'}"
    return {"Content-Disposition": f'attachment; filename="{name}"'}


def _inline_only(row: RowMapping) -> None:
    if row["dataset_id"] is not None:
        raise ApiError(
            "inline_only",
            "The problem of this run is a dataset.",
            suggestion="Finish the run for its best plan; `coverplan export` writes programs of any size.",
        )


async def _model(
    row: RowMapping, form: Literal["mps", "lp"], request: Request, store: Store, pool: Pool, kept: Keeping
) -> Response:
    _inline_only(row)
    if await is_perturbed(store, row):
        raise ApiError("inline_only", "The facts of this run are perturbed.", suggestion="See a cell that is not.")
    headers = kept.headers(row["id"], row["request_hash"], form)
    if wants_head(request):
        return StreamingResponse((), media_type=TEXT, headers=headers)
    asked = await solve_request(store, row)
    with tempfile.TemporaryDirectory(prefix="model-", dir=pool.folder) as folder:
        target = Path(folder) / f"model.{form}"
        await unless_gone(request, pool.run(Job.export(asked, form, target, large=not row["small"])))
        file = target.open("rb")  # it stays readable once the folder is gone, and goes with its last reader
    headers["Content-Length"] = str(os.fstat(file.fileno()).st_size)
    return StreamingResponse(_pieces(file), media_type=TEXT, headers=headers)


async def _pieces(file: BinaryIO) -> AsyncIterator[bytes]:
    with file:
        while piece := await asyncio.to_thread(file.read, _PIECE):
            yield piece


async def _incumbent(row: RowMapping, request: Request, store: Store, pool: Pool) -> bytes:
    if await is_perturbed(store, row):
        raise ApiError("inline_only", "The facts of this run are perturbed.", suggestion="Wait for its plan.")
    asked = await solve_request(store, row)
    try:
        checkpoint = await store.blobs.get(paths.checkpoint(row["id"]))
    except NoBlobError:
        raise ApiError("run_not_ended", "There is no plan yet.", suggestion="Ask again in a moment.") from None
    return await unless_gone(request, pool.run(Job.finish(asked, checkpoint)))


def _table(plan: bytes, problem: dict[str, Any], media_type: str) -> bytes:
    from coverplan.tables import plans  # noqa: PLC0415 - polars is for those who ask for tables

    table = plans.plan_table(json.loads(plan), problem)
    if media_type == CSV:
        return plans.table_csv(table).encode()
    packed = io.BytesIO()
    table.write_parquet(packed)
    return packed.getvalue()
