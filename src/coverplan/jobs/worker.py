"""A worker: takes runs from the queue as it has slots, until it is told to stop."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import time
import uuid
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager
from functools import partial
from typing import TypeVar

import structlog
from dbos import DBOS
from sqlalchemy import Connection

from coverplan import tracing
from coverplan.jobs import queue, sweep
from coverplan.jobs.attempt import Attempt
from coverplan.jobs.datasets import expire_datasets, validate_due
from coverplan.jobs.deliveries import deliver_forever, prune_deliveries
from coverplan.jobs.experiments import Experiments
from coverplan.jobs.fetching import fetch_due
from coverplan.jobs.leftovers import remove_leftovers
from coverplan.jobs.patience import may_pass
from coverplan.jobs.place import Place
from coverplan.jobs.reaper import Reaper
from coverplan.jobs.shelf import Shelf
from coverplan.process.pool import SolverPool
from coverplan.settings import Settings
from coverplan.store import runs
from coverplan.store.store import Store
from coverplan.store.workers import Membership

_LOOK_S = 0.2
"""How often a worker asks what its runs' callers want, and tells how far they are."""
_NEAR = 6
"""Runs of packs that are claimed per slot: some are loaded and some are written down while one is solved."""
_RENEW_S = 1.0
_LET_GO_S = 5.0
"""How long a worker that was struck from the list waits for its runs to stop, before it takes others."""
_REAP_S = 1.0
_SWEEP_S = 60.0
_PRUNE_S = 3600.0
_CHECK_S = 0.5
"""How often a worker looks for a dataset that waits for its check."""
_ADVANCE_S = 0.25
"""How often a worker looks for an experiment that has cells to add, or to compare."""
_FOR_EVER_S = 1e7
_MANY = 1_000_000

Result = TypeVar("Result")
log = structlog.get_logger(__name__)


class Worker:
    """Works on the runs that the queue hands it."""

    def __init__(self, place: Place) -> None:
        self.place = place
        self.closing = asyncio.Event()
        self._verdict = asyncio.Event()
        """That this worker was struck from the list; it has another one from when it has enrolled anew."""
        self._at_hand: set[queue.Begun] = set()
        """The jobs that it works on."""
        self._attempts: set[Attempt] = set()
        self._tidy_at = 0.0
        self._queue = queue.Queue(place.store.database)
        # A lease is renewed whatever else the threads of this process wait for.
        self._renewing = ThreadPoolExecutor(1, "lease")
        self._reaper = Reaper(place.store, place.worker)
        self._experiments = Experiments(place)
        self._near = asyncio.Semaphore(_NEAR * place.settings.slots)
        self._suspects = asyncio.Semaphore(1)

    async def work_on(self, run_ids: Sequence[str]) -> None:
        """Work on the runs of one job; while closing, no job ends: it stays pending, for another worker."""
        verdict = self._verdict
        job = queue.current_job()
        self._at_hand.add(job)
        try:
            errors: list[Exception] = []
            if not self._is_over(verdict):
                errors = await (self._try(run_ids, self._work_on) if len(run_ids) == 1 else self._work_on_pack(run_ids))
            if self.closing.is_set():
                await asyncio.Event().wait()
            if verdict.is_set():
                await self._give_back(job)
        finally:
            self._at_hand.discard(job)
        if errors:
            raise ExceptionGroup("attempts failed", errors)

    def _is_over(self, verdict: asyncio.Event) -> bool:
        return self.closing.is_set() or verdict.is_set()

    async def _give_back(self, job: queue.Begun) -> None:
        """Queue a job again that this worker let go of, unless another one has it by now: it must not end as done."""
        mine = self._queue.any_of([job])
        await self.place.write_at_last(lambda connection: self._queue.put_back(connection, mine))

    async def serve(self) -> None:
        """Look after the runs at hand until told to close."""
        duties: tuple[tuple[float, Callable[[], Awaitable[object]]], ...] = (
            (_RENEW_S, self._live),
            (_LOOK_S, self._look_after),
            (_REAP_S, self._reap),
            (_SWEEP_S, lambda: sweep.sweep(self.place.store, self.place.settings)),
            (_SWEEP_S, self._tidy),
            (_PRUNE_S, lambda: prune_deliveries(self.place.store, self.place.settings)),
            (_PRUNE_S, lambda: sweep.prune_audit(self.place.store, self.place.settings)),
            (_SWEEP_S, lambda: expire_datasets(self.place.store)),
            (_ADVANCE_S, self._experiments.look),
            (_CHECK_S, lambda: validate_due(self.place)),
            (_CHECK_S, lambda: fetch_due(self.place)),
        )
        tasks = [asyncio.create_task(self._regularly(pause, duty)) for pause, duty in duties]
        tasks.append(asyncio.create_task(deliver_forever(self.place.store, self.place.settings)))
        await self.closing.wait()
        await self._close()
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        await self._experiments.close()

    async def _work_on_pack(self, run_ids: Sequence[str]) -> list[Exception]:
        """Work on the runs of a pack, those first, one at a time, over which workers were lost again and again.

        One of them may be why: so no other is claimed that would count the next loss as well.
        """
        verdict = self._verdict
        found = await self.place.read_at_last(lambda connection: runs.suspects(connection, run_ids))
        suspects = [run_id for run_id in run_ids if run_id in found]
        others = [run_id for run_id in run_ids if run_id not in found]
        errors = await self._try(suspects, partial(self._work_on_next, verdict, self._suspects))
        return errors + await self._try(others, partial(self._work_on_next, verdict, self._near))

    async def _try(self, run_ids: Sequence[str], work: Callable[[str], Awaitable[None]]) -> list[Exception]:
        ended = await asyncio.gather(*(work(run_id) for run_id in run_ids), return_exceptions=True)
        return [error for error in ended if isinstance(error, Exception)]

    async def _work_on_next(self, verdict: asyncio.Event, turns: asyncio.Semaphore, run_id: str) -> None:
        """Work on a run of a pack, which is claimed no sooner than it is its turn."""
        async with turns:
            if not self._is_over(verdict):
                await self._work_on(run_id)

    async def _work_on(self, run_id: str) -> None:
        attempt = Attempt(self.place, run_id)
        self._attempts.add(attempt)
        try:
            await attempt.make()
        except Exception:
            log.exception("the attempt failed", run_id=run_id)
            raise
        finally:
            self._attempts.discard(attempt)

    async def _look_after(self) -> None:
        """Tell the runs at hand what is asked of them, and the database how far they are."""
        claimed = [attempt for attempt in self._attempts if attempt.number]
        if not claimed:
            return
        news = [(attempt, told) for attempt in claimed if (told := attempt.progress()) is not None]

        def look(connection: Connection) -> dict[str, tuple[int, str | None]]:
            for attempt, told in sorted(news, key=lambda one: one[0].run_id):
                runs.record(connection, attempt.run_id, attempt.number, told)
            return runs.wishes(connection, self.place.worker)

        wishes = await self.place.write(look)
        for attempt in claimed:
            attempt.told(*wishes.get(attempt.run_id, (None, None)))
            await attempt.keep()

    async def _live(self) -> None:
        """Renew the lease. Where it is lost, let go of everything, enrol anew, and only then take something again."""
        if await self._in_time(self.place.membership.renew):
            return
        log.warning("this worker was taken for dead: it lets go of its runs and enrols anew", runs=len(self._attempts))
        self._verdict.set()
        await self._let_go()
        await self._in_time(self.place.membership.enrol)
        self._verdict = asyncio.Event()

    async def _in_time(self, change: Callable[[], Result]) -> Result:
        return await asyncio.get_running_loop().run_in_executor(self._renewing, change)

    async def _let_go(self) -> None:
        """Hand back what is at hand: where no other worker has it yet, no loss is counted."""
        attempts = tuple(self._attempts)
        await asyncio.gather(self._experiments.close(), *(attempt.hand_back() for attempt in attempts))
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(_LET_GO_S):
                while not self._attempts.isdisjoint(attempts):
                    await asyncio.sleep(_LOOK_S)

    async def _reap(self) -> None:
        await self._reaper.look(lambda: frozenset(self._at_hand))

    async def _tidy(self) -> None:
        """Soon after the start, as whatever ended the one before may have left something, and then rarely."""
        if time.monotonic() >= self._tidy_at:
            await remove_leftovers(self.place.store, self.place.settings)
            self._tidy_at = time.monotonic() + _PRUNE_S

    async def _regularly(self, pause: float, duty: Callable[[], Awaitable[object]]) -> None:
        while True:
            await asyncio.sleep(pause)
            try:
                await duty()
            except Exception as error:
                if may_pass(error):
                    log.warning("waiting for storage", reason=str(error))
                else:
                    log.exception("a duty of the worker failed")

    async def _close(self) -> None:
        """Let runs end that do so in time; give the others back to the queue."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(self.place.settings.shutdown_s):
                while self._attempts:
                    await asyncio.sleep(_LOOK_S)
        await asyncio.gather(*(attempt.hand_back() for attempt in self._attempts))


_worker: Worker | None = None


@DBOS.workflow(name=queue.WORK_ON, max_recovery_attempts=_MANY)
async def work_on_runs(run_ids: list[str]) -> None:
    """The job of the queue; runs count for themselves which workers were lost over them."""
    assert _worker is not None
    await _worker.work_on(run_ids)


def run(settings: Settings) -> None:
    """Work until told to stop (SIGINT, SIGTERM).

    Raises:
        DatabaseLostError: the database does not answer.
        BlobLostError: the blobs cannot be opened.
    """
    store = Store.open(settings)
    queue.prepare(settings.database)
    tracing.export()
    asyncio.run(_run(settings, store))
    tracing.flush()
    # The queue's own threads would wait for jobs that stay pending on purpose.
    os._exit(0)


async def _run(settings: Settings, store: Store) -> None:
    global _worker  # noqa: PLW0603 - the queue calls functions by name
    name = f"worker-{uuid.uuid4().hex[:24]}"
    membership = Membership(store.database, name)
    async with _pools(settings) as (small, large):
        shelf = Shelf(store.blobs, small.folder / "shelf")
        _worker = Worker(Place(membership, settings, store, small, large, shelf))
        loop = asyncio.get_running_loop()
        for signum in (signal.SIGINT, signal.SIGTERM):
            loop.add_signal_handler(signum, _worker.closing.set)
        await asyncio.to_thread(membership.enrol)
        DBOS(config=queue.configuration(settings.database, name))
        DBOS.launch()
        await queue.listen(settings.slots)
        log.info("worker started", worker=name, slots=settings.slots)
        await _worker.serve()
    membership.release()
    log.info("worker stopped", worker=name)


@asynccontextmanager
async def _pools(settings: Settings) -> AsyncIterator[tuple[SolverPool, SolverPool]]:
    """Children for small runs, kept warm, and for large ones, each of which gets its own."""
    patient = settings.model_copy(update={"queue_wait_s": _FOR_EVER_S, "queue_length": _MANY})
    async with (
        SolverPool(patient, patient=True) as small,
        SolverPool(patient.model_copy(update={"warm_children": 0}), patient=True) as large,
    ):
        yield small, large
