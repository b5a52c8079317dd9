"""Where attempts are made: a worker's settings, storage and pools, and how it writes down what it does."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TypeVar

from sqlalchemy import Connection, RowMapping

from coverplan.jobs.patience import at_last
from coverplan.jobs.shelf import Shelf
from coverplan.jobs.together import Together
from coverplan.process.pool import SolverPool
from coverplan.settings import Settings
from coverplan.store import runs
from coverplan.store.store import Store
from coverplan.store.workers import Membership

_LINGER_S = 0.05
"""How long the end of a run may wait to be written down with others, while more runs wait for a slot."""

Result = TypeVar("Result")


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
        return await at_last(lambda: self.write(change))

    async def read_at_last(self, look: Callable[[Connection], Result]) -> Result:
        """What a transaction that only reads returns, once the database answers."""
        return await at_last(lambda: self.store.database.reading(look))

    async def claim(self, run_id: str) -> RowMapping | None:
        """The run, where an attempt at it begins; None where there is nothing to do."""
        return await at_last(lambda: self._claims.write(run_id))

    async def end(self, end: runs.End) -> RowMapping | None:
        """The run, where it is this attempt that ends it."""
        return await at_last(lambda: self._ends.write(end))

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
