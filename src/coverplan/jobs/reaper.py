"""Giving the jobs of dead workers to living ones.

A worker that dies leaves its jobs marked as its own, and DBOS gives them back only to a worker of the same name. So
each worker looks every second whose jobs are pending, and whether their owners still hold their locks. PostgreSQL
drops every lock when it restarts: there an owner counts as dead only after three looks in a row. An owner that was
given up too early does no harm: its attempts are no longer those that count.
"""

from __future__ import annotations

import asyncio
from collections import Counter

import structlog
from dbos import DBOS

from coverplan.store import workers
from coverplan.store.store import Store

_LOOKS = 3
_STRANGERS_EVERY = 5
"""Looks per look for owners of jobs who are on no list: rare, and dear to find."""

log = structlog.get_logger(__name__)


class Reaper:
    """Remembers for how many looks each worker has been missing."""

    def __init__(self, store: Store, worker: str) -> None:
        self._database = store.database
        self._worker = worker
        self._missing: Counter[str] = Counter()
        self._looked = 0
        self._looks = 1 if store.database.is_sqlite else _LOOKS

    async def look(self) -> None:
        """Queue the jobs of workers that are dead, and strike these from the list.

        Raises:
            DatabaseLostError: the database does not answer.
        """
        dead = await asyncio.to_thread(self._dead)
        self._looked += 1
        if self._looked % _STRANGERS_EVERY == 0:
            dead |= await self._strangers()
        for worker in dead:
            await asyncio.to_thread(DBOS._recover_pending_workflows, [worker])
            await asyncio.to_thread(workers.forget, self._database, worker)
            log.warning("a worker is gone: its runs are queued again", lost_worker=worker)

    async def _strangers(self) -> set[str]:
        """Owners of pending jobs whom the list does not have: struck from it by one who then died."""
        pending = {job.executor_id for job in await DBOS.list_workflows_async(status="PENDING", load_input=False)}
        known = await asyncio.to_thread(self._known)
        return {name for name in pending if name is not None} - known - {self._worker}

    def _known(self) -> set[str]:
        with self._database.read() as connection:
            return set(workers.known(connection))

    def _dead(self) -> set[str]:
        with self._database.read() as connection:
            registered = workers.known(connection)
        for worker, key in registered.items():
            if worker == self._worker or workers.is_alive(self._database, worker, key):
                self._missing.pop(worker, None)
            else:
                self._missing[worker] += 1
        return {worker for worker, looks in self._missing.items() if looks >= self._looks and worker in registered}
