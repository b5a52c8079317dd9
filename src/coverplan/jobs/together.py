"""Writing together: changes that several runs ask for at about the same time share one transaction."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Generic, TypeVar

from sqlalchemy import Connection

from coverplan.store.database import Database, DatabaseLostError

MOST = 32
"""Changes of one transaction."""

Item = TypeVar("Item")
Result = TypeVar("Result")


@dataclass(frozen=True, eq=False)
class _Asked(Generic[Item, Result]):
    item: Item
    answer: asyncio.Future[Result] = field(default_factory=lambda: asyncio.get_running_loop().create_future())


class Together(Generic[Item, Result]):
    """Makes one kind of change, `change` for several items at a time, each with a result of its own.

    What is asked for while a transaction is under way goes into the next. `linger` says for how many seconds the
    first change may wait for others. A change that fails takes none of the others with it.
    """

    def __init__(
        self,
        database: Database,
        change: Callable[[Connection, Sequence[Item]], Sequence[Result]],
        linger: Callable[[], float] = lambda: 0.0,
    ) -> None:
        self._database = database
        self._change = change
        self._linger = linger
        self._asked: list[_Asked[Item, Result]] = []
        self._task: asyncio.Task[None] | None = None

    async def write(self, item: Item) -> Result:
        """The result of the change for one item, once it is committed.

        Raises:
            DatabaseLostError: the database does not answer.
        """
        asked: _Asked[Item, Result] = _Asked(item)
        self._asked.append(asked)
        if self._task is None:
            self._task = asyncio.create_task(self._work())
        return await asked.answer

    async def _work(self) -> None:
        try:
            while self._asked:
                await asyncio.sleep(self._linger())
                several, self._asked = self._asked[:MOST], self._asked[MOST:]
                await self._commit(several)
        finally:
            self._task = None

    async def _commit(self, several: Sequence[_Asked[Item, Result]]) -> None:
        items = [asked.item for asked in several]
        try:
            results = await self._database.writing(lambda connection: self._change(connection, items))
        except Exception as error:  # noqa: BLE001 - whatever it is, whoever asked gets it
            if len(several) > 1 and not isinstance(error, DatabaseLostError):
                for asked in several:
                    await self._commit([asked])
                return
            for asked in several:
                if not asked.answer.done():
                    asked.answer.set_exception(error)
            return
        for asked, result in zip(several, results, strict=True):
            if not asked.answer.done():
                asked.answer.set_result(result)
