"""Experiments: a worker adds the cells that are wanted, and once all of them have ended, has them compared.

Which cells are wanted is a function of the request and of what became of the cells so far. So whatever is killed when,
the next worker asks again and adds what is missing; each cell is inserted under its key, and gets its run in the
same transaction, which only the worker that holds the experiment passes.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Mapping, Sequence
from functools import partial
from typing import Any, cast

import structlog
from sqlalchemy import Connection, RowMapping

from coverplan.jobs import comparison
from coverplan.jobs.following import following
from coverplan.jobs.patience import may_pass
from coverplan.jobs.place import Place
from coverplan.jobs.submit import Accepted, Submission, cell_run
from coverplan.payload.experiments.cells import Cell, CellFacts
from coverplan.payload.experiments.stored import StoredExperiment
from coverplan.payload.experiments.wanted import wanted
from coverplan.payload.runs import JobStatus
from coverplan.process.job import InvalidError, JobFailedError
from coverplan.process.pool import SolverPool
from coverplan.store import cells, experiments, paths
from coverplan.store.blobs import NoBlobError

_AT_ONCE = 200
"""Cells that are added in one transaction."""
_STORED_AT_ONCE = 16
_ENDED = ("completed", "failed", "cancelled")
_PAUSE_S = 5.0
"""How long an experiment waits that found no room, or that storage failed."""

log = structlog.get_logger(__name__)


class TakenOverError(Exception):
    """The experiment was stopped, or another worker has it."""


class Experiments:
    """The experiments that this worker takes further, each in a task of its own."""

    def __init__(self, place: Place) -> None:
        self._place = place
        self._submission = Submission(place.store, place.settings)
        self._tasks: set[asyncio.Task[None]] = set()
        self._not_before: dict[str, float] = {}

    async def look(self) -> None:
        """Take further what waits for it, a little at a time, so that every worker gets some.

        Raises:
            DatabaseLostError: the database does not answer.
        """
        database = self._place.store.database
        for _ in range(1 + self._place.settings.slots):
            later = self._later()
            if (experiment_id := await database.reading(partial(experiments.next_due, but=later))) is None:
                return
            row = await self._place.claiming(
                partial(experiments.claim, experiment_id=experiment_id, worker=self._place.worker)
            )
            if row is not None:
                task = asyncio.create_task(self._take_further(row))
                self._tasks.add(task)
                task.add_done_callback(self._tasks.discard)

    def _later(self) -> Sequence[str]:
        """Those that found no room, or that storage failed, a moment ago."""
        now = time.monotonic()
        self._not_before = {one: at for one, at in self._not_before.items() if at > now}
        return tuple(self._not_before)

    async def close(self) -> None:
        """Leave them to other workers."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    async def _take_further(self, row: RowMapping) -> None:
        with following(row, "experiment", experiment_id=row["id"], stage=row["stage"]):
            try:
                await self._step(row)
            except TakenOverError:
                log.info("experiment taken over")
            except asyncio.CancelledError:
                await asyncio.shield(self._leave(row))
                raise
            except Exception as error:
                if not may_pass(error):
                    log.exception("the experiment failed")
                    await self._fail(row, error)
                    return
                log.warning("waiting for storage", reason=str(error))
                self._not_before[row["id"]] = time.monotonic() + _PAUSE_S
                await self._leave(row)

    async def _step(self, row: RowMapping) -> None:
        store = self._place.store
        stored = StoredExperiment.model_validate_json(await store.blobs.get(row["request_path"]))
        known = {one["key"]: one for one in await store.database.reading(lambda c: cells.every(c, row["id"]))}
        facts = facts_of(known)
        found = await asyncio.to_thread(wanted, stored.request, stored.named, facts)
        needed = [cell for cell in found if cell.key not in known or known[cell.key]["run_id"] is None]
        if needed or row["pending"]:
            await self._add(row, stored, found, {cell.key for cell in needed})
        if not needed and len(facts) == len(known):
            await self._compare(row, stored, [known[cell.key] for cell in found])
        else:
            await self._keep(row, pending=False, worker=None)

    async def _add(self, row: RowMapping, stored: StoredExperiment, found: Sequence[Cell], needed: set[str]) -> None:
        """Add cells, those that belong together one after the other."""
        ordered = sorted(found, key=lambda cell: (cell.problem, cell.near))
        for start in range(0, len(ordered), _AT_ONCE):
            some = ordered[start : start + _AT_ONCE]
            await self._add_some(row, stored, some, [cell for cell in some if cell.key in needed])
        log.info("cells added", cells=len(needed))

    async def _add_some(
        self, row: RowMapping, stored: StoredExperiment, some: Sequence[Cell], needed: Sequence[Cell]
    ) -> None:
        """The same for some of them, in one transaction."""
        made = {cell.key: cell_run(row, cell, stored, self._place.settings) for cell in needed}
        await self._store(made)
        rows = [_row_of(cell, stored) for cell in some]

        def add(connection: Connection) -> None:
            if not experiments.keep(connection, row, started_at=row["started_at"] or time.time()):
                raise TakenOverError
            cells.add(connection, row["id"], rows)
            fresh = [run for key, run in made.items() if cells.give_run(connection, row["id"], key, run.id)]
            self._submission.add_cells(connection, row["id"], fresh)

        await self._place.store.database.writing(add)

    async def _store(self, made: Mapping[str, Accepted]) -> None:
        """Store what the runs have to do, before they are added."""
        blobs, runs = self._place.store.blobs, list(made.values())
        for start in range(0, len(runs), _STORED_AT_ONCE):
            some = runs[start : start + _STORED_AT_ONCE]
            await asyncio.gather(*(blobs.put(run.facts["request_path"], run.request) for run in some))

    async def _compare(self, row: RowMapping, stored: StoredExperiment, ended: Sequence[RowMapping]) -> None:
        """Sum up what was found; the answer goes to the store before the experiment is over."""
        await self._keep(row, phase=experiments.COMPARING, pending=False)
        one_child = self._place.settings.model_copy(
            update={"slots": 1, "warm_children": 0, "load_timeout_s": comparison.PATIENCE_S}
        )
        # A pool of its own, for its patience; but it has its turn as any work has.
        async with self._slots(stored).turn(), SolverPool(one_child) as pool:
            desk = comparison.Desk(self._place.store, self._place.shelf, pool)
            results = await comparison.compared(desk, row, stored, ended)
        path = paths.results(row["id"], row["stage"])
        await self._place.store.blobs.put(path, results)
        facts: dict[str, Any] = {"job_status": experiments.COMPLETED, "phase": experiments.DONE, "error": None}
        facts |= {"results_path": path, "results_bytes": len(results)}
        if await self._place.write_at_last(lambda c: experiments.end(c, row, facts)):
            log.info("experiment completed", cells=len(ended))

    def _slots(self, stored: StoredExperiment) -> SolverPool:
        """Those of small runs, or those of large ones: a comparison loads the problems as the runs did."""
        most = self._place.settings.small_account_reps
        is_small = all(problem.size <= most for problem in stored.problems)
        return self._place.small if is_small else self._place.large

    async def _keep(self, row: RowMapping, **facts: Any) -> None:
        if not await self._place.store.database.writing(lambda c: experiments.keep(c, row, **facts)):
            raise TakenOverError

    async def _leave(self, row: RowMapping) -> None:
        await self._place.write_at_last(lambda c: experiments.leave(c, row))

    async def _fail(self, row: RowMapping, error: Exception) -> None:
        code, message = _reason(error)
        told = {"code": code, "message": message, "errors": [], "total_errors": 0}
        facts = {"job_status": experiments.FAILED, "error": told}
        await self._place.write_at_last(lambda c: experiments.end(c, row, facts))


def facts_of(known: Mapping[str, RowMapping]) -> dict[str, CellFacts]:
    """What is known of the cells that have ended; a run that its caller deleted is as good as cancelled."""
    facts: dict[str, CellFacts] = {}
    for key, row in known.items():
        status = "cancelled" if row["run_id"] is not None and row["job_status"] is None else row["job_status"]
        if status in _ENDED:
            facts[key] = CellFacts(
                cast(JobStatus, status), row["solution_status"], row["objective_value"], row["dual_bound"]
            )
    return facts


def _row_of(cell: Cell, stored: StoredExperiment) -> dict[str, Any]:
    details = {
        "kinds": list(cell.kinds),
        "labels": list(cell.labels),
        "seed": cell.options.seed,
        "problem_id": stored.request.problem_ids[cell.problem],
    }
    return {"key": cell.key, "place": cell.near, "problem": cell.problem, "details": details}


def _reason(error: Exception) -> tuple[str, str]:
    if isinstance(error, JobFailedError):
        return error.code, str(error)
    if isinstance(error, NoBlobError):
        return "not_found", "A dataset or a plan of it was deleted meanwhile."
    if isinstance(error, InvalidError):
        return "invalid", error.errors[0]["message"] if error.errors else "The request has errors."
    return "internal_error", "Something went wrong inside; the log of the worker says what."
