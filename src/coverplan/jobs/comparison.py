"""Comparing the plans of an experiment, in a child process."""

from __future__ import annotations

import contextlib
import tempfile
from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sqlalchemy import RowMapping

from coverplan.jobs.datasets import materialise
from coverplan.jobs.shelf import Shelf
from coverplan.payload.experiments.stored import ResultsRequest, StoredExperiment, StoredOutcome, StoredProblem
from coverplan.payload.runs import RunError
from coverplan.process.job import Job
from coverplan.process.pool import SolverPool
from coverplan.store import datasets
from coverplan.store.blobs import NoBlobError
from coverplan.store.store import Store

PATIENCE_S = 3600.0


@dataclass(frozen=True)
class Desk:
    """Where plans are compared."""

    store: Store
    shelf: Shelf
    pool: SolverPool


async def compared(desk: Desk, experiment: RowMapping, stored: StoredExperiment, ended: Sequence[RowMapping]) -> bytes:
    """The results document.

    Raises:
        BlobLostError: the store does not answer.
        DatabaseLostError: the database does not.
        NoBlobError: a dataset is gone.
        ProcessError: there are no results.
    """
    async with _problems(desk, experiment, stored) as problems, _outcomes(desk, ended) as outcomes:
        request = ResultsRequest(experiment_id=experiment["id"], stored=stored, problems=problems, outcomes=outcomes)
        return await desk.pool.run(Job.compare(request))


@asynccontextmanager
async def _problems(desk: Desk, experiment: RowMapping, stored: StoredExperiment) -> AsyncIterator[list[str]]:
    """The problems as files, those of datasets as folders."""
    async with AsyncExitStack() as stack:
        found = []
        for problem in stored.problems:
            if problem.path is not None:
                found += await stack.enter_async_context(desk.shelf.holding(problem.path))
            else:
                found.append(await _book(desk, stack, experiment["tenant"], problem))
        yield [str(one) for one in found]


async def _book(desk: Desk, stack: AsyncExitStack, tenant: str, problem: StoredProblem) -> Path:
    dataset_id = str(problem.dataset_id)
    dataset = await desk.store.database.reading(lambda c: datasets.get(c, tenant, dataset_id))
    if dataset is None:
        raise NoBlobError(dataset_id)
    folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="book-", dir=desk.pool.folder)))
    await materialise(desk.store, dataset, folder)
    return folder


@asynccontextmanager
async def _outcomes(desk: Desk, ended: Sequence[RowMapping]) -> AsyncIterator[list[StoredOutcome]]:
    """The cells with their plans as files; a plan whose run was deleted meanwhile is none."""
    async with AsyncExitStack() as stack:
        found = []
        for row in ended:
            plan = table = None
            with contextlib.suppress(NoBlobError):
                plan = await _file(desk, stack, row["plan_path"])
                table = await _file(desk, stack, row["table_path"])
            own: dict[str, Any] = {name: row[name] for name in ("key", "problem", "run_id")}
            error = None if row["error"] is None else RunError.model_validate(row["error"])
            found.append(StoredOutcome(**own, plan=plan, table=table, seconds=seconds_of(row), error=error))
        yield found


def seconds_of(row: RowMapping) -> float | None:
    """From the start of a cell's run to its end."""
    began, ended = row["started_at"], row["ended_at"]
    return None if began is None or ended is None else float(ended - began)


async def _file(desk: Desk, stack: AsyncExitStack, path: str | None) -> str | None:
    return None if path is None else str((await stack.enter_async_context(desk.shelf.holding(path)))[0])
