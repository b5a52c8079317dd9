"""Giving the jobs of dead workers to living ones.

A worker that dies leaves its jobs marked as its own, and the queue gives them back only to a worker of the same name.
So each worker looks every second who on the list is dead. One that has let go of its lock is, and on PostgreSQL, which
drops locks when it restarts, once it has not renewed its lease for three looks in a row. One that holds its lock, as
the database has not noticed that its machine is gone, or as it stands still, is dead once its lease has run out.

The verdict and the return of the jobs are one transaction, and nothing is struck from the list that has renewed since.
A verdict may hit the living all the same: it finds that out when it renews, lets go, and enrols anew. Its attempts are
no longer those that count.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass

import structlog
from sqlalchemy import ColumnElement, Connection, select

from coverplan.jobs.queue import Begun, Queue
from coverplan.store import workers
from coverplan.store.database import DatabaseLostError
from coverplan.store.schema import workers as listed_workers
from coverplan.store.store import Store
from coverplan.store.workers import Listed

_LOOKS = 3
_LEFT_EVERY = 5
"""Looks per look for jobs that nobody works on: a job is put back if it is found twice in a row, and this is rare."""

log = structlog.get_logger(__name__)


@dataclass(frozen=True)
class _Missing:
    seen: Listed
    looks: int


class Reaper:
    """Remembers for how many looks each worker has been missing."""

    def __init__(self, store: Store, worker: str) -> None:
        self._database = store.database
        self._queue = Queue(store.database)
        self._worker = worker
        self._missing: dict[str, _Missing] = {}
        self._left: set[Begun] = set()
        self._looked = 0
        self._looks = 1 if store.database.is_sqlite else _LOOKS

    async def look(self, at_hand: Callable[[], frozenset[Begun]]) -> None:
        """Queue again the jobs of dead workers, which are struck from the list, and those that nobody works on.

        `at_hand` returns the jobs that this worker works on.

        Raises:
            DatabaseLostError: the database does not answer.
        """
        try:
            for one in await asyncio.to_thread(self._dead):
                await self._bury(one)
            self._looked += 1
            if self._looked % _LEFT_EVERY == 0:
                await self._put_back_left(at_hand())
        except DatabaseLostError:
            # Nobody could renew meanwhile: nobody is missing.
            self._missing, self._left = {}, set()
            raise

    async def _bury(self, one: Listed) -> None:
        def verdict(connection: Connection) -> bool:
            if not workers.strike(connection, one):
                return False
            self._queue.put_back(connection, self._queue.jobs.c.executor_id == one.id)
            return True

        if await self._database.writing(verdict):
            await asyncio.to_thread(workers.clear, self._database, one)
            log.warning("a worker is gone: its runs are queued again", lost_worker=one.id)

    async def _put_back_left(self, at_hand: frozenset[Begun]) -> None:
        """Queue jobs again that were left: by this worker, or by those that are on no list.

        A worker whose connection broke at the wrong moment does not know that it has begun a job. And one that is on
        no list was struck from it by a hand, or by a worker that then died: it gives its jobs back if it lives.
        """
        left = await self._database.reading(self._all_left) - at_hand
        again, self._left = left & self._left, left
        if again:
            which = self._queue.any_of(again) & self._may_be_left()
            put_back = await self._database.writing(lambda connection: self._queue.put_back(connection, which))
            log.warning("jobs that nobody worked on are queued again", jobs=put_back)

    def _all_left(self, connection: Connection) -> set[Begun]:
        return self._queue.begun(connection, self._may_be_left())

    def _may_be_left(self) -> ColumnElement[bool]:
        worker = self._queue.jobs.c.executor_id
        return (worker == self._worker) | worker.not_in(select(listed_workers.c.id))

    def _dead(self) -> list[Listed]:
        with self._database.read() as connection:
            found = workers.listed(connection)
        missing = {one.id: self._still_missing(one) for one in found if one.id != self._worker}
        self._missing = {worker: one for worker, one in missing.items() if one is not None}
        return [one.seen for one in self._missing.values() if one.looks >= self._looks]

    def _still_missing(self, one: Listed) -> _Missing | None:
        """A worker that does not renew, and has let go of its lock or has had all the time of its lease."""
        before = self._missing.get(one.id)
        if not one.lapsed and workers.is_locked(self._database, one):
            return None
        again = before is not None and before.seen.leased_until == one.leased_until
        return _Missing(one, before.looks + 1 if before is not None and again else 1)
