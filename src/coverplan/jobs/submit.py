"""Taking in runs: what was asked goes to the blobs, then the run and its place in the queue are one transaction."""

from __future__ import annotations

import asyncio
import hashlib
import sys
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any, TypeVar

from sqlalchemy import Connection, RowMapping

from coverplan.jobs.packs import packs
from coverplan.jobs.queue import LARGE, PACKED, SMALL, TOGETHER, Queue
from coverplan.jobs.together import Together
from coverplan.payload.experiments.cells import Cell
from coverplan.payload.experiments.stored import CellRequest, StoredExperiment
from coverplan.payload.plan import Plan
from coverplan.payload.policy import Policy
from coverplan.payload.requests import BookRequest, SolveRequest
from coverplan.payload.runs import RunRequest
from coverplan.settings import Settings
from coverplan.store import paths, runs
from coverplan.store.ids import new_id
from coverplan.store.provenance import Provenance, inherited
from coverplan.store.sizes import size_of
from coverplan.store.store import Store

TINY = 500
"""Accounts x reps up to which runs that are submitted at the same moment make one job: each takes a moment."""
_DAY_S = 86400.0

Result = TypeVar("Result")


@dataclass(frozen=True)
class Known:
    """What a request only names, looked up."""

    policy: Policy | None = None
    policy_version: int | None = None
    start_plan: Plan | None = None
    dataset: RowMapping | None = None


@dataclass(frozen=True)
class Accepted:
    """A run that is ready to be queued: its columns, its tags and its request."""

    facts: dict[str, Any]
    tags: list[str]
    size: int
    """Accounts x reps."""
    request: bytes = field(repr=False)

    @property
    def id(self) -> str:
        """Id of the run."""
        run_id: str = self.facts["id"]
        return run_id

    @property
    def bytes(self) -> int:
        """Of what was asked."""
        size: int = self.facts["request_bytes"]
        return size


@dataclass(frozen=True, eq=False)
class Addition:
    """A run to add, and what else its transaction does."""

    run: Accepted
    then: Callable[[Connection], Any]


class Submission:
    """The way into the queue."""

    def __init__(self, store: Store, settings: Settings) -> None:
        self._store = store
        self._settings = settings
        self._queue = Queue(store.database)
        self._additions: Together[Addition, Any] = Together(store.database, self._add_all)

    def accepted(self, request: RunRequest, tenant: str, known: Known, asked: Provenance | None = None) -> Accepted:
        """The run that a sound request asks for."""
        policy = request.policy or known.policy or Policy()
        data = self._document(request, policy, known).model_dump_json().encode()
        run_id = new_id("run")
        problem = request.problem
        size = sys.maxsize if problem is None else len(problem.accounts) * len(problem.reps)
        facts = {
            "id": run_id,
            "tenant": tenant,
            "name": request.name,
            "priority": request.priority,
            "timeout_s": request.timeout_s,
            "retention_s": _DAY_S * (request.retention_days or self._settings.retention_days),
            "small": size <= self._settings.small_account_reps,
            "dataset_id": request.dataset_id,
            "request_path": paths.request(run_id),
            "request_hash": hashlib.sha256(data).hexdigest(),
            "request_bytes": len(data) + size_of(request.name, request.tags),
            "policy_name": None if request.policy_ref is None else request.policy_ref.name,
            "policy_version": known.policy_version,
            "start_run_id": request.start_run_id,
            "time_limit_s": request.options.time_limit_s,
            **(asked or Provenance()).columns,
        }
        return Accepted(facts, request.tags, size, data)

    def _document(self, request: RunRequest, policy: Policy, known: Known) -> SolveRequest | BookRequest:
        """What a worker gets to read; of a dataset, the folder is its content's name until the worker makes one."""
        if request.problem is None:
            assert known.dataset is not None
            content = known.dataset["content_hash"]
            return BookRequest(
                folder=content, policy=policy, options=request.options, start_plan=request.start_run_id, table="seats"
            )
        start = request.start_plan or known.start_plan
        return SolveRequest(problem=request.problem, policy=policy, options=request.options, start_plan=start)

    async def reused(self, accepted: Accepted) -> str | None:
        """A completed run of the same content."""

        def find() -> str | None:
            with self._store.database.read() as connection:
                facts = accepted.facts
                return runs.same_request(connection, facts["tenant"], facts["request_hash"])

        return await asyncio.to_thread(find)

    @asynccontextmanager
    async def stored(self, *accepted: Accepted) -> AsyncIterator[None]:
        """Store the requests, all or none, for a block that adds their runs; they go again where it does not.

        Raises:
            BlobLostError: the store does not take them.
        """
        requests = {run.facts["request_path"]: run.request for run in accepted}
        await self._store.blobs.put_all(requests)
        async with self._store.naming(*requests):
            yield

    async def add(self, accepted: Accepted, then: Callable[[Connection], Result]) -> Result:
        """Add the run, queue it and do what comes `then`, in one transaction: once it is committed, nothing is lost.

        Runs that are submitted at about the same time share the transaction, and tiny ones among them a job.

        Raises:
            DatabaseLostError: the database does not answer.
        """
        result: Result = await self._additions.write(Addition(accepted, then))
        return result

    def _add_all(self, connection: Connection, additions: Sequence[Addition]) -> list[Any]:
        accepted = [addition.run for addition in additions]
        runs.add_all(connection, [run.facts for run in accepted], {run.id: run.tags for run in accepted})
        self._put_packed(connection, TOGETHER, accepted, most=TINY, packed=SMALL)
        return [addition.then(connection) for addition in additions]

    def add_lines(self, connection: Connection, batch_id: str, lines: Sequence[tuple[int, Accepted]]) -> None:
        """Add the runs of some lines of a batch and queue them, tiny ones many to a job, in one transaction."""
        if not lines:
            return
        facts = [{**run.facts, "batch_id": batch_id, "batch_line": line} for line, run in lines]
        runs.add_all(connection, facts, {run.id: run.tags for _, run in lines})
        self._put_packed(connection, batch_id, [run for _, run in lines])

    def add_cells(self, connection: Connection, experiment_id: str, cells: Sequence[Accepted]) -> None:
        """Add the runs of some cells of an experiment and queue them likewise."""
        if cells:
            runs.add_all(connection, [run.facts for run in cells], {})
            self._put_packed(connection, experiment_id, cells)

    def _put_packed(
        self,
        connection: Connection,
        owner: str,
        accepted: Sequence[Accepted],
        *,
        most: int = sys.maxsize,
        packed: str = PACKED,
    ) -> None:
        """Queue runs, the small ones of at most so many accounts x reps in packs."""
        small = {run.id: run.facts["small"] for run in accepted}
        packable = ((run.id, run.size, small[run.id] and run.size <= most, run.facts["priority"]) for run in accepted)
        for pack in packs(list(packable)):
            first, *others = pack.run_ids
            queue = packed if others else SMALL if small[first] else LARGE
            self._queue.put(connection, pack.run_ids, queue, pack.priority, f"{owner}-{first}" if others else None)


def cell_run(row: RowMapping, cell: Cell, stored: StoredExperiment, settings: Settings) -> Accepted:
    """The run of a cell of the experiment in this row."""
    problem = stored.problems[cell.problem]
    data = CellRequest.of(cell, problem, share=stored.request.share).model_dump_json().encode()
    facts = {
        "id": new_id("run"),
        "tenant": row["tenant"],
        "name": row["name"],
        "priority": row["priority"],
        "retention_s": row["retention_s"],
        "small": problem.path is not None and problem.size <= settings.small_account_reps,
        "dataset_id": problem.dataset_id,
        "experiment_id": row["id"],
        "request_path": paths.cell(row["id"], cell.key),
        "request_hash": hashlib.sha256(data).hexdigest(),
        "request_bytes": len(data),
        "time_limit_s": cell.options.time_limit_s,
        **inherited(row),
    }
    return Accepted(facts, [], problem.size, data)
