"""One attempt of one worker at one run."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, TypeVar

import structlog
from sqlalchemy import Connection, RowMapping

from coverplan.jobs import ending
from coverplan.jobs.ending import Ending, kept
from coverplan.jobs.following import following
from coverplan.jobs.preparation import prepared
from coverplan.jobs.shelf import Shelf
from coverplan.jobs.together import Together
from coverplan.metrics import RUN_WAIT
from coverplan.process.job import InvalidError, JobFailedError
from coverplan.process.pool import SolverPool
from coverplan.process.run import Run
from coverplan.settings import Settings
from coverplan.store import paths, runs
from coverplan.store.blobs import BlobLostError, NoBlobError
from coverplan.store.database import DatabaseLostError
from coverplan.store.store import Store
from coverplan.store.workers import Membership

_PROGRESS_EVERY_S = 0.5
_KEEP_EVERY_S = 2.0
_PAUSE_S = 0.5
_LINGER_S = 0.05
"""How long the end of a run may wait to be written down with others, while more runs wait for a slot."""

Result = TypeVar("Result")
log = structlog.get_logger(__name__)


@dataclass(frozen=True)
class Place:
    """Where attempts are made."""

    membership: Membership
    settings: Settings
    store: Store
    small: SolverPool
    large: SolverPool
    shelf: Shelf

    async def write(self, change: Callable[[Connection], Result]) -> Result:
        """A transaction.

        Raises:
            DatabaseLostError: the database does not answer.
        """
        return await self.store.database.writing(change)

    @property
    def worker(self) -> str:
        """Name of the worker whose place it is."""
        return self.membership.worker

    async def claiming(self, change: Callable[[Connection], Result]) -> Result:
        """A transaction that claims something for this worker, as one that lives.

        Raises:
            UnlistedError: it has to renew or to enrol anew before.
            DatabaseLostError: the database does not answer.
        """

        def claim(connection: Connection) -> Result:
            self.membership.hold(connection)
            return change(connection)

        return await self.write(claim)

    async def write_at_last(self, change: Callable[[Connection], Result]) -> Result:
        """A transaction that must not be lost: it waits until the database is back."""
        return await _at_last(lambda: self.write(change))

    async def read_at_last(self, look: Callable[[Connection], Result]) -> Result:
        """What a transaction that only reads returns, once the database answers."""
        return await _at_last(lambda: self.store.database.reading(look))

    async def claim(self, run_id: str) -> RowMapping | None:
        """The run, where an attempt at it begins; None where there is nothing to do."""
        return await _at_last(lambda: self._claims.write(run_id))

    async def end(self, end: runs.End) -> RowMapping | None:
        """The run, where it is this attempt that ends it."""
        return await _at_last(lambda: self._ends.write(end))

    @cached_property
    def turns(self) -> asyncio.Semaphore:
        """Cells of experiments that are solved at the same time."""
        return asyncio.Semaphore(self.settings.slots)

    @cached_property
    def _claims(self) -> Together[str, RowMapping | None]:
        def claim(connection: Connection, run_ids: Sequence[str]) -> list[RowMapping | None]:
            self.membership.hold(connection)
            rows = runs.claim_all(connection, run_ids, self.worker)
            return [rows.get(run_id) for run_id in run_ids]

        return Together(self.store.database, claim)

    @cached_property
    def _ends(self) -> Together[runs.End, RowMapping | None]:
        return Together(self.store.database, runs.end_all, lambda: _LINGER_S if self.small.crowded else 0.0)


async def _at_last(write: Callable[[], Awaitable[Result]]) -> Result:
    while True:
        try:
            return await write()
        except DatabaseLostError as error:
            log.warning("waiting for the database", reason=str(error))
            await asyncio.sleep(_PAUSE_S)


class Attempt:
    """Claims a run, has it solved, and ends it: once, whatever other attempts there are."""

    def __init__(self, place: Place, run_id: str) -> None:
        self.run_id = run_id
        self.number = 0
        """0 before the run is claimed."""
        self._place = place
        self._job: Run | None = None
        self._waiting: asyncio.Task[Any] | None = None
        """For its claim, or for a slot."""
        self._wish: str | None = None
        self._news: Mapping[str, Any] | None = None
        self._told_at = self._kept_at = self._solving_since = 0.0
        self._spent_s = 0.0
        self._ends_at: float | None = None
        self._kept: int | None = None

    async def make(self) -> None:
        """Work on the run until it has ended, or another attempt counts."""
        self._waiting = asyncio.create_task(self._place.claim(self.run_id))
        try:
            row = await self._waiting
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
            self._spent_s = row["spent_s"]
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
        if self._job is not None:
            self._obey(self._job)
        elif self._waiting is not None and wish in ("cancel", "abandon"):
            self._waiting.cancel()

    async def hand_back(self) -> None:
        """Stop, as the worker does or counts as dead; another one goes on from what was found."""
        self._wish = "abandon"
        if self._job is not None:
            await self._keep()
            await self._job.cancel()
        elif self._waiting is not None:
            self._waiting.cancel()
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
        try:
            return await self._solved(row)
        except asyncio.CancelledError:
            if self._wish not in ("cancel", "abandon"):
                raise
            return Ending.cancelled() if self._wish == "cancel" else None
        except (InvalidError, JobFailedError, BlobLostError, NoBlobError) as error:
            return _failure(error)

    async def _solved(self, row: RowMapping) -> Ending:
        if row["experiment_id"] is None:
            return await self._solved_now(row)
        # A cell begins with what those before it found: so it is prepared no sooner than its turn to be solved.
        self._waiting = asyncio.create_task(self._place.turns.acquire())
        await self._waiting
        try:
            return await self._solved_now(row)
        finally:
            self._place.turns.release()

    async def _solved_now(self, row: RowMapping) -> Ending:
        pool = self._place.small if row["small"] else self._place.large
        async with prepared(self._place.store, pool, self._place.shelf, row, self._spent_s) as work:
            self._waiting = asyncio.create_task(pool.submit(work.job, self._hear))
            try:
                self._job = await self._waiting
                self._obey(self._job)
                plan = await self._job.result()
            finally:
                self._job = None
            return await kept(self._place.store, row, plan, work.table)

    def _hear(self, progress: dict[str, Any]) -> None:
        if not self._solving_since:
            self._solving_since = time.monotonic()
        self._news = progress

    def _obey(self, job: Run) -> None:
        if self._wish == "finish":
            job.finish()
        elif self._wish in ("cancel", "abandon"):
            job.task.cancel()

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
                self._kept = stamp
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
