"""From a run in the database to a job for a solver child."""

from __future__ import annotations

import asyncio
import contextlib
import tempfile
from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

from sqlalchemy import RowMapping

from coverplan.jobs.datasets import materialise
from coverplan.jobs.shelf import Shelf
from coverplan.payload.experiments.stored import CellRequest
from coverplan.payload.requests import BookRequest, OtherPlan, SolveRequest
from coverplan.process.job import Job
from coverplan.process.pool import SolverPool
from coverplan.store import cells, datasets, paths, runs
from coverplan.store.blobs import NoBlobError
from coverplan.store.store import Store

MOST_STARTS = 3
"""Plans of other cells that a cell begins with."""
_LEAST_TIME_S = 0.5
"""What a recovered solve gets at least: its start plan has to be read, checked and written again."""

Request = TypeVar("Request", SolveRequest, BookRequest, CellRequest)


@dataclass(frozen=True)
class Work:
    """A job, and the table that its seats go to, where the problem is a dataset."""

    job: Job
    table: Path | None = None


@asynccontextmanager
async def prepared(
    store: Store, pool: SolverPool, shelf: Shelf, row: RowMapping, spent_s: float, resumes: bool
) -> AsyncIterator[Work]:
    """The job of a run, with what earlier attempts found, if it `resumes`, and the time that they left.

    Raises:
        NoBlobError: the request or its dataset is gone.
        BlobLostError: the store does not answer, or there is no room for copies.
    """
    document = await store.blobs.get(row["request_path"])
    checkpoint = await _checkpoint(store, row) if resumes else None
    cell = None if row["experiment_id"] is None else CellRequest.model_validate_json(document)
    if row["dataset_id"] is not None:
        request = BookRequest.model_validate_json(document) if cell is None else _book_of(cell)
        others = [] if cell is None else await starts_of(store, row, cell)
        async with _book(store, pool, row, request, others) as book:
            yield Work(Job.solve_book(_shortened(book, spent_s), checkpoint=checkpoint), Path(book.table))
    elif cell is not None:
        async with _with_files(store, shelf, row, cell) as ready:
            yield Work(Job.solve_cell(_shortened(ready, spent_s), large=not row["small"], checkpoint=checkpoint))
    else:
        if spent_s > 0:
            document = await asyncio.to_thread(_shortened_solve, document, spent_s)
        limit = _time_left(row["time_limit_s"], spent_s)
        yield Work(Job("solve", document, limit, large=not row["small"], checkpoint=checkpoint))


@asynccontextmanager
async def _with_files(store: Store, shelf: Shelf, row: RowMapping, cell: CellRequest) -> AsyncIterator[CellRequest]:
    """A cell with its problem, and the plans of the cells next to it, as files."""
    assert cell.problem is not None
    starts = await starts_of(store, row, cell)
    async with AsyncExitStack() as stack:
        (problem,) = await stack.enter_async_context(shelf.holding(cell.problem))
        files: list[str] = []
        for start in starts:
            with contextlib.suppress(NoBlobError):  # its run was deleted meanwhile
                files += map(str, await stack.enter_async_context(shelf.holding(start["plan_path"])))
        yield cell.model_copy(update={"problem": str(problem), "start_plans": files})


def _book_of(cell: CellRequest) -> BookRequest:
    return BookRequest(
        folder="", policy=cell.policy, options=cell.options, table="seats", perturbation=cell.perturbation
    )


async def starts_of(store: Store, row: RowMapping, cell: CellRequest) -> list[RowMapping]:
    """The runs that a cell begins with: that of the cell it names, else those next to it which have ended by now.

    Of a large book one, as its plans take seconds to read. Which have ended is chance: in deterministic mode none.
    """
    if not cell.share:
        return []
    if cell.start_from is not None:
        named = cell.start_from
        return await store.database.reading(lambda c: cells.at(c, row["experiment_id"], named))
    if cell.options.deterministic:
        return []
    most = MOST_STARTS if row["small"] else 1
    return await store.database.reading(lambda c: cells.nearest(c, row["id"], most))


async def _checkpoint(store: Store, row: RowMapping) -> bytes | None:
    try:
        return await store.blobs.get(paths.checkpoint(row["id"]))
    except NoBlobError:
        return None


@asynccontextmanager
async def _book(
    store: Store, pool: SolverPool, row: RowMapping, request: BookRequest, others: Sequence[RowMapping]
) -> AsyncIterator[BookRequest]:
    """The request with its files, and those of other runs' plans, in a folder that lasts as long as the block."""
    start_run = row["start_run_id"]

    def look() -> tuple[RowMapping | None, RowMapping | None]:
        with store.database.read() as connection:
            return (
                datasets.get(connection, row["tenant"], row["dataset_id"]),
                None if start_run is None else runs.get(connection, row["tenant"], start_run),
            )

    dataset, start = await asyncio.to_thread(look)
    if dataset is None:
        raise NoBlobError(row["dataset_id"])
    folder = Path(await asyncio.to_thread(tempfile.mkdtemp, prefix="book-", dir=pool.folder))
    try:
        book = folder / "book"
        book.mkdir()
        await materialise(store, dataset, book)
        plan = None
        if start is not None and start["plan_path"] is not None:
            plan = folder / ("start.parquet" if start["table_path"] else "start.json")
            await store.blobs.get_file(start["table_path"] or start["plan_path"], plan)
        found = [await _other(store, other, folder / f"other-{place}") for place, other in enumerate(others)]
        files = {"folder": str(book), "table": str(folder / "seats.parquet")}
        plans = {"start_plan": None if plan is None else str(plan), "other_plans": [one for one in found if one]}
        yield request.model_copy(update=files | plans)
    finally:
        pool.discard(folder)


async def _other(store: Store, run: RowMapping, stem: Path) -> OtherPlan | None:
    """The files of a run's plan; None where it was deleted meanwhile."""
    plan = stem.with_suffix(".json")
    table = None if run["table_path"] is None else stem.with_suffix(".parquet")
    try:
        await store.blobs.get_file(run["plan_path"], plan)
        if table is not None:
            await store.blobs.get_file(run["table_path"], table)
    except NoBlobError:
        return None
    return OtherPlan(plan=str(plan), table=None if table is None else str(table))


def _shortened_solve(document: bytes, spent_s: float) -> bytes:
    return _shortened(SolveRequest.model_validate_json(document), spent_s).model_dump_json().encode()


def _shortened(request: Request, spent_s: float) -> Request:
    """The request with the time that is left."""
    limit = _time_left(request.options.time_limit_s, spent_s)
    return request.model_copy(update={"options": request.options.model_copy(update={"time_limit_s": limit})})


def _time_left(limit: float, spent_s: float) -> float:
    return min(limit, max(_LEAST_TIME_S, limit - spent_s))
