"""From a run in the database to a job for a solver child."""

from __future__ import annotations

import asyncio
import tempfile
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

from sqlalchemy import RowMapping

from coverplan.jobs.datasets import materialise
from coverplan.payload.requests import BookRequest, SolveRequest
from coverplan.process.job import Job
from coverplan.process.pool import SolverPool
from coverplan.store import datasets, paths, runs
from coverplan.store.blobs import NoBlobError
from coverplan.store.store import Store

_LEAST_TIME_S = 0.5
"""What a recovered solve gets at least: its start plan has to be read, checked and written again."""

Request = TypeVar("Request", SolveRequest, BookRequest)


@dataclass(frozen=True)
class Work:
    """A job, and the table that its seats go to, where the problem is a dataset."""

    job: Job
    table: Path | None = None


@asynccontextmanager
async def prepared(store: Store, pool: SolverPool, row: RowMapping, spent_s: float) -> AsyncIterator[Work]:
    """The job of a run, with what earlier attempts found and the time that they left.

    Raises:
        NoBlobError: the request or its dataset is gone.
        BlobLostError: the store does not answer.
    """
    document = await store.blobs.get(row["request_path"])
    checkpoint = await _checkpoint(store, row)
    if row["dataset_id"] is None:
        if spent_s > 0:
            document = await asyncio.to_thread(_shortened_solve, document, spent_s)
        limit = _time_left(row["time_limit_s"], spent_s)
        yield Work(Job("solve", document, limit, large=not row["small"], checkpoint=checkpoint))
        return
    folder = Path(await asyncio.to_thread(tempfile.mkdtemp, prefix="book-", dir=pool.folder))
    try:
        book = await _book(store, row, BookRequest.model_validate_json(document), folder)
        yield Work(Job.solve_book(_shortened(book, spent_s), checkpoint=checkpoint), Path(book.table))
    finally:
        pool.discard(folder)


async def _checkpoint(store: Store, row: RowMapping) -> bytes | None:
    if row["attempt"] == 1:
        return None
    try:
        return await store.blobs.get(paths.checkpoint(row["id"]))
    except NoBlobError:
        return None


async def _book(store: Store, row: RowMapping, request: BookRequest, folder: Path) -> BookRequest:
    """The request with its files in the folder."""

    def look() -> tuple[RowMapping | None, RowMapping | None]:
        with store.database.read() as connection:
            start = row["start_run_id"]
            return (
                datasets.get(connection, row["tenant"], row["dataset_id"]),
                None if start is None else runs.get(connection, row["tenant"], start),
            )

    dataset, start = await asyncio.to_thread(look)
    if dataset is None:
        raise NoBlobError(row["dataset_id"])
    book = folder / "book"
    book.mkdir()
    await materialise(store, dataset, book)
    plan = None
    if start is not None and start["plan_path"] is not None:
        plan = folder / ("start.parquet" if start["table_path"] else "start.json")
        await store.blobs.get_file(start["table_path"] or start["plan_path"], plan)
    files = {"folder": str(book), "table": str(folder / "seats.parquet")}
    return request.model_copy(update={**files, "start_plan": None if plan is None else str(plan)})


def _shortened_solve(document: bytes, spent_s: float) -> bytes:
    return _shortened(SolveRequest.model_validate_json(document), spent_s).model_dump_json().encode()


def _shortened(request: Request, spent_s: float) -> Request:
    """The request with the time that is left."""
    limit = _time_left(request.options.time_limit_s, spent_s)
    return request.model_copy(update={"options": request.options.model_copy(update={"time_limit_s": limit})})


def _time_left(limit: float, spent_s: float) -> float:
    return min(limit, max(_LEAST_TIME_S, limit - spent_s))
