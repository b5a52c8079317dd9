"""A worker: takes runs from the queue as it has slots, until it is told to stop."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import uuid
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from functools import partial

import structlog
from dbos import DBOS
from sqlalchemy import Connection

from coverplan.jobs import queue, sweep
from coverplan.jobs.attempt import Attempt, Place
from coverplan.jobs.datasets import expire_datasets, validate_due
from coverplan.jobs.deliveries import deliver_forever, prune_deliveries
from coverplan.jobs.experiments import Experiments
from coverplan.jobs.reaper import Reaper
from coverplan.jobs.shelf import Shelf
from coverplan.process.pool import SolverPool
from coverplan.settings import Settings
from coverplan.store import runs, workers
from coverplan.store.blobs import BlobLostError
from coverplan.store.database import DatabaseLostError
from coverplan.store.store import Store

_LOOK_S = 0.2
"""How often a worker asks what its runs' callers want, and tells how far they are."""
_NEAR = 6
"""Runs of packs that are claimed per slot: some are loaded and some are written down while one is solved."""
_REAP_S = 1.0
_SWEEP_S = 60.0
_PRUNE_S = 3600.0
_CHECK_S = 0.5
"""How often a worker looks for a dataset that waits for its check."""
_ADVANCE_S = 0.25
"""How often a worker looks for an experiment that has cells to add, or to compare."""
_FOR_EVER_S = 1e7
_MANY = 1_000_000

log = structlog.get_logger(__name__)


class Worker:
    """Works on the runs that the queue hands it."""

    def __init__(self, place: Place, life: workers.Life) -> None:
        self.place = place
        self.closing = asyncio.Event()
        self._life = life
        self._attempts: dict[str, Attempt] = {}
        self._reaper = Reaper(place.store, place.worker)
        self._experiments = Experiments(place)
        self._near = asyncio.Semaphore(_NEAR * place.settings.slots)
        self._suspects = asyncio.Semaphore(1)

    async def work_on(self, run_ids: Sequence[str]) -> None:
        """Work on the runs of one job; while closing, no job ends: it stays pending, for another worker."""
        errors: list[Exception] = []
        if not self.closing.is_set():
            errors = await (self._try(run_ids, self._work_on) if len(run_ids) == 1 else self._work_on_pack(run_ids))
        if self.closing.is_set():
            await asyncio.Event().wait()
        if errors:
            raise ExceptionGroup("attempts failed", errors)

    async def serve(self) -> None:
        """Look after the runs at hand until told to close."""
        duties: tuple[tuple[float, Callable[[], Awaitable[object]]], ...] = (
            (_LOOK_S, self._look_after),
            (_REAP_S, self._reap),
            (_SWEEP_S, lambda: sweep.sweep(self.place.store, self.place.settings)),
            (_PRUNE_S, lambda: prune_deliveries(self.place.store, self.place.settings)),
            (_SWEEP_S, lambda: expire_datasets(self.place.store)),
            (_ADVANCE_S, self._experiments.look),
            (_CHECK_S, lambda: validate_due(self.place.store, self.place.settings)),
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
        found = await self.place.read_at_last(lambda connection: runs.suspects(connection, run_ids))
        suspects = [run_id for run_id in run_ids if run_id in found]
        others = [run_id for run_id in run_ids if run_id not in found]
        errors = await self._try(suspects, partial(self._work_on_next, self._suspects))
        return errors + await self._try(others, partial(self._work_on_next, self._near))

    async def _try(self, run_ids: Sequence[str], work: Callable[[str], Awaitable[None]]) -> list[Exception]:
        ended = await asyncio.gather(*(work(run_id) for run_id in run_ids), return_exceptions=True)
        return [error for error in ended if isinstance(error, Exception)]

    async def _work_on_next(self, turns: asyncio.Semaphore, run_id: str) -> None:
        """Work on a run of a pack, which is claimed no sooner than it is its turn."""
        async with turns:
            if not self.closing.is_set():
                await self._work_on(run_id)

    async def _work_on(self, run_id: str) -> None:
        attempt = self._attempts[run_id] = Attempt(self.place, run_id)
        try:
            await attempt.make()
        except Exception:
            log.exception("the attempt failed", run_id=run_id)
            raise
        finally:
            del self._attempts[run_id]

    async def _look_after(self) -> None:
        """Tell the runs at hand what is asked of them, and the database how far they are."""
        claimed = [attempt for attempt in self._attempts.values() if attempt.number]
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

    async def _reap(self) -> None:
        await asyncio.to_thread(self._life.renew)
        await self._reaper.look()

    async def _regularly(self, pause: float, duty: Callable[[], Awaitable[object]]) -> None:
        while True:
            await asyncio.sleep(pause)
            try:
                await duty()
            except (DatabaseLostError, BlobLostError) as error:
                log.warning("waiting for the store", reason=str(error))
            except Exception:
                log.exception("a duty of the worker failed")

    async def _close(self) -> None:
        """Let runs end that do so in time; give the others back to the queue."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(self.place.settings.shutdown_s):
                while self._attempts:
                    await asyncio.sleep(_LOOK_S)
        await asyncio.gather(*(attempt.hand_back() for attempt in self._attempts.values() if attempt.number))


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
    asyncio.run(_run(settings, store))
    # The queue's own threads would wait for jobs that stay pending on purpose.
    os._exit(0)


async def _run(settings: Settings, store: Store) -> None:
    global _worker  # noqa: PLW0603 - the queue calls functions by name
    name = f"worker-{uuid.uuid4().hex[:24]}"
    life = await asyncio.to_thread(workers.enrol, store.database, name)
    async with _pools(settings) as (small, large):
        shelf = Shelf(store.blobs, small.folder / "shelf")
        _worker = Worker(Place(name, settings, store, small, large, shelf), life)
        loop = asyncio.get_running_loop()
        for signum in (signal.SIGINT, signal.SIGTERM):
            loop.add_signal_handler(signum, _worker.closing.set)
        DBOS(config=queue.configuration(settings.database, name))
        DBOS.launch()
        await queue.listen(settings.slots)
        log.info("worker started", worker=name, slots=settings.slots)
        await _worker.serve()
    life.release()
    log.info("worker stopped", worker=name)


@asynccontextmanager
async def _pools(settings: Settings) -> AsyncIterator[tuple[SolverPool, SolverPool]]:
    """Children for small runs, kept warm, and for large ones, each of which gets its own."""
    patient = settings.model_copy(update={"queue_wait_s": _FOR_EVER_S, "queue_length": _MANY})
    async with (
        SolverPool(patient) as small,
        SolverPool(patient.model_copy(update={"warm_children": 0})) as large,
    ):
        yield small, large
