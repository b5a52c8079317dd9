"""One attempt of one worker at one run."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Mapping
from typing import Any

import structlog
from sqlalchemy import RowMapping

from coverplan.jobs import ending
from coverplan.jobs.ending import Ending, kept
from coverplan.jobs.following import following
from coverplan.jobs.patience import at_last_with_room
from coverplan.jobs.place import Place
from coverplan.jobs.preparation import prepared
from coverplan.metrics import RUN_WAIT
from coverplan.process.job import InvalidError, JobFailedError
from coverplan.process.pool import SolverPool
from coverplan.process.run import Run
from coverplan.store import paths, runs
from coverplan.store.blobs import BlobLostError, NoBlobError
from coverplan.store.database import DatabaseLostError

_PROGRESS_EVERY_S = 0.5
_KEEP_EVERY_S = 2.0

log = structlog.get_logger(__name__)


class Attempt:
    """Claims a run, has it solved, and ends it: once, whatever other attempts there are."""

    def __init__(self, place: Place, run_id: str) -> None:
        self.run_id = run_id
        self.number = 0
        """0 before the run is claimed."""
        self._place = place
        self._job: Run | None = None
        self._work: asyncio.Task[Any] | None = None
        """Its claim, then its solve, with all that either waits for."""
        self._wish: str | None = None
        self._news: Mapping[str, Any] | None = None
        self._told_at = self._kept_at = self._solving_since = 0.0
        self._spent_s = self._kept_spent_s = 0.0
        self._ends_at: float | None = None
        self._kept: int | None = None

    async def make(self) -> None:
        """Work on the run until it has ended, or another attempt counts."""
        self._work = asyncio.create_task(self._place.claim(self.run_id))
        try:
            row = await self._work
        except asyncio.CancelledError:
            if self._wish != "abandon":
                raise
            return
        if row is None:
            return
        with following(row, "run", run_id=self.run_id, attempt=row["attempt"]):
            waited_s = time.time() - row["created_at"]
            if row["attempt"] == 1:
                RUN_WAIT.observe(max(0.0, waited_s))
            log.info("run started", waited_s=round(waited_s, 3))
            self._spent_s = self._kept_spent_s = row["spent_s"]
            if row["timeout_s"] is not None:
                self._ends_at = row["started_at"] + row["timeout_s"]
            self.number = row["attempt"]
            ended = await self._surely(row)
            if ended is not None:
                await ending.write(self._place, row, ended)

    def told(self, attempt: int | None, wish: str | None) -> None:
        """Hear what the database says of the run: which attempt counts, and what its caller asks for."""
        if self._ends_at is not None and time.time() > self._ends_at:
            wish = wish or "finish"
        if attempt != self.number:
            wish = "abandon"
        if wish is None or wish == self._wish or self._wish in ("cancel", "abandon"):
            return
        self._wish = wish
        if wish != "finish":
            self._stop()
        elif self._job is not None:
            self._job.finish()

    async def hand_back(self) -> None:
        """Stop, as the worker does or counts as dead; another one goes on from what was found."""
        self._wish = "abandon"
        if self._job is not None:
            await self._keep()
        self._stop()
        if self._work is not None:
            await asyncio.wait([self._work])
        if not self.number:
            return
        spent = self._spent()
        await self._place.write_at_last(lambda c: runs.hand_back(c, self.run_id, self.number, spent))

    def progress(self) -> Mapping[str, Any] | None:
        """News that are due to be told."""
        news, now = self._news, time.monotonic()
        if news is None or now - self._told_at < _PROGRESS_EVERY_S:
            return None
        self._news, self._told_at = None, now
        return news

    async def keep(self) -> None:
        """Copy the best plan so far to the store, now and then."""
        now = time.monotonic()
        if self._solving_since and now - max(self._kept_at, self._solving_since) > _KEEP_EVERY_S:
            self._kept_at = now
            await self._keep()

    async def _surely(self, row: RowMapping) -> Ending | None:
        """How the run ends, whatever goes wrong: none is left as if it still ran."""
        try:
            return await self._outcome(row)
        except Exception:
            log.exception("the attempt failed")
            return Ending.failed("internal_error", "Something went wrong inside; the log of the worker says what.")

    async def _outcome(self, row: RowMapping) -> Ending | None:
        """How the run ends; None where another attempt will say."""
        if row["losses"] > self._place.settings.max_attempts:
            return Ending.failed("worker_lost", f"{row['losses']} workers were lost while they worked on it.")
        if row["wish"] == "cancel":
            return Ending.cancelled()
        pool = self._place.small if row["small"] else self._place.large
        solved = at_last_with_room(lambda: self._solved(row, pool), pool, self._begin_again)
        self._work = work = asyncio.create_task(solved)
        try:
            return await work
        except asyncio.CancelledError:
            if self._wish not in ("cancel", "abandon"):
                raise
            return Ending.cancelled() if self._wish == "cancel" else None
        except (InvalidError, JobFailedError, NoBlobError) as error:
            return _failure(error)

    async def _solved(self, row: RowMapping, pool: SolverPool) -> Ending:
        if row["experiment_id"] is None:
            return await self._solved_now(row, pool)
        # A cell begins with what those before it found: so it is prepared no sooner than its turn to be solved.
        async with self._place.turns:
            return await self._solved_now(row, pool)

    async def _solved_now(self, row: RowMapping, pool: SolverPool) -> Ending:
        resumes = row["attempt"] > 1 or self._kept is not None
        async with prepared(self._place.store, pool, self._place.shelf, row, self._spent_s, resumes) as work:
            try:
                self._job = await pool.submit(work.job, self._hear)
                if self._wish == "finish":
                    self._job.finish()
                plan = await self._job.result()
            finally:
                self._job = None
            return await kept(self._place.store, row, plan, work.table)

    def _begin_again(self) -> None:
        """Go on later from what was kept; what has not been kept was not spent."""
        self._spent_s, self._solving_since, self._news = self._kept_spent_s, 0.0, None

    def _stop(self) -> None:
        if self._work is not None:
            self._work.cancel()

    def _hear(self, progress: dict[str, Any]) -> None:
        if not self._solving_since:
            self._solving_since = time.monotonic()
        self._news = progress

    def _spent(self) -> float:
        """Solving time of this run so far."""
        return self._spent_s + (time.monotonic() - self._solving_since if self._solving_since else 0.0)

    async def _keep(self) -> None:
        file = None if self._job is None else self._job.checkpoint
        try:
            stamp = None if file is None else file.stat().st_mtime_ns
        except OSError:
            return
        spent = self._spent()
        try:
            if file is not None and stamp != self._kept:
                await self._place.store.blobs.put(
                    paths.checkpoint(self.run_id), await asyncio.to_thread(file.read_bytes)
                )
                self._kept, self._kept_spent_s = stamp, spent
            await self._place.write(lambda c: runs.spend(c, self.run_id, self.number, spent))
        except (BlobLostError, DatabaseLostError, OSError) as error:
            log.warning("the best plan so far could not be kept", reason=str(error))


def _failure(error: Exception) -> Ending:
    if isinstance(error, InvalidError):
        return Ending.invalid(error.errors, error.total)
    if isinstance(error, JobFailedError):
        return Ending.failed(error.code, str(error))
    log.error("the request cannot be read", reason=str(error))
    return Ending.failed("storage_lost", "The request could not be read from the store.")
