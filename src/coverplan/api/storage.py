"""What is written to: the work folder, the blobs and the database, looked at often enough to be believed."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from coverplan.process.pool import SolverPool
from coverplan.process.watch import WELL_S, Watch
from coverplan.store.blobs import BlobLostError
from coverplan.store.database import DatabaseLostError
from coverplan.store.store import Store
from coverplan.store.writing import check_room, check_writable

_PATIENCE_S = 3.0
_BLOBS_S = 10.0
"""Between writes to an object store, which cost money where it is rented."""
_SERVER_S = 2.0
"""Between looks at the disk of a database server."""
_WRITABLE_S = 5.0
"""Between writes to the database that change nothing."""


class Storage:
    """What calls need to be taken in. Each part says what is missing, in words for everybody, or None."""

    def __init__(self, pool: SolverPool, store: Store) -> None:
        database = store.database
        self._pool = pool
        self._blobs = Watch(
            lambda: _lost(
                store.blobs.probe, "a blob store that takes what is written (COVERPLAN_BLOB_URL, or its disk)"
            ),
            WELL_S if store.blobs.is_local else _BLOBS_S,
        )
        words = "a database that takes what is written (COVERPLAN_DATABASE_URL, or its disk is full)"
        self._room = Watch(
            lambda: _lost(lambda: check_room(database), words), WELL_S if database.is_sqlite else _SERVER_S
        )
        self._writable = Watch(lambda: _lost(lambda: check_writable(database), words), _WRITABLE_S)

    async def work_folder(self) -> str | None:
        """Room for the files of solves."""
        short = await self._pool.room.lack()
        return None if short is None else f"room in the folder for temporary files (COVERPLAN_WORK_DIR: {short})"

    async def blobs(self) -> str | None:
        """Blobs that are taken, and room for more."""
        return await self._blobs.lack()

    async def database(self) -> str | None:
        """A database that can be written, and room for more."""
        return await self._room.lack() or await self._writable.lack()

    async def missing(self) -> str | None:
        """What is missing of all that a call needs to be taken in; waits for no lock while all is well."""
        try:
            async with asyncio.timeout(_PATIENCE_S):
                missing = await self.work_folder() or await self.blobs() or await self._room.lack()
                return missing or (await self._writable.lack() if self._writable.is_ill else None)
        except TimeoutError:
            return f"an answer of the storage within {_PATIENCE_S:g} s"


def _lost(check: Callable[[], None], words: str) -> str | None:
    try:
        check()
    except (BlobLostError, DatabaseLostError):
        return words
    return None
