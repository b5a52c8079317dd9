"""What a service needs, each looked at by one check."""

from __future__ import annotations

import asyncio
import os
import time
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass

from coverplan.process.pool import SolverPool
from coverplan.store.blobs import BlobLostError, Blobs
from coverplan.store.database import Database, DatabaseLostError
from coverplan.store.migrate import is_usable

_PATIENCE_S = 3.0
_PROBE_EVERY_S = 10.0
"""Between writes to the blob store, which costs money where it is rented."""


@dataclass(frozen=True)
class Check:
    """`look` answers with what is missing, or None; `needed` where no call can be answered without it."""

    look: Callable[[], Awaitable[str | None]]
    needed: bool = True


async def missing(checks: Sequence[Check]) -> tuple[list[str], list[str]]:
    """What is missing of what is needed, and of the rest; all checks at once."""
    found = await asyncio.gather(*(_patiently(check) for check in checks))
    seen = [(check.needed, words) for check, words in zip(checks, found, strict=True) if words is not None]
    return [words for needed, words in seen if needed], [words for needed, words in seen if not needed]


def solver_children(pool: SolverPool) -> Check:
    """Whether a small solve would start at once."""

    async def look() -> str | None:
        return None if pool.ready else "a solver child (they are starting)"

    return Check(look)


def work_folder(pool: SolverPool) -> Check:
    """Whether running solves can write their files."""

    async def look() -> str | None:
        return None if os.access(pool.folder, os.W_OK) else "a folder for temporary files (COVERPLAN_WORK_DIR)"

    return Check(look)


def current_database(database: Database) -> Check:
    """Whether the database answers, with tables that this version can work with: a later one may have added some."""

    async def look() -> str | None:
        try:
            if await database.apart(lambda: is_usable(database)):
                return None
        except DatabaseLostError:
            return "the database, which does not answer (COVERPLAN_DATABASE_URL)"
        return "the tables of this version in the database (another version has changed them: see `coverplan doctor`)"

    return Check(look)


def writable_blobs(blobs: Blobs) -> Check:
    """Whether the blob store takes a few bytes; asked every ten seconds at most."""
    last: tuple[float, str | None] = (-_PROBE_EVERY_S, None)

    async def look() -> str | None:
        nonlocal last
        if last[1] is not None or time.monotonic() - last[0] >= _PROBE_EVERY_S:
            last = time.monotonic(), await _probed(blobs)
        return last[1]

    return Check(look)


def living_worker(count: Callable[[Database], int], database: Database) -> Check:
    """Whether a worker lives; without one runs are accepted all the same, and wait."""

    async def look() -> str | None:
        try:
            alive = await database.apart(lambda: count(database))
        except DatabaseLostError:
            return None  # another check says so
        return None if alive else "a worker (runs wait until one starts: coverplan worker)"

    return Check(look, needed=False)


async def _probed(blobs: Blobs) -> str | None:
    try:
        await asyncio.to_thread(blobs.probe)
    except BlobLostError:
        return "a blob store that takes what is written (COVERPLAN_BLOB_URL, or its disk is full)"
    return None


async def _patiently(check: Check) -> str | None:
    try:
        async with asyncio.timeout(_PATIENCE_S):
            return await check.look()
    except TimeoutError:
        return f"an answer of {check.look.__qualname__.split('.')[0].replace('_', ' ')} within {_PATIENCE_S:g} s"
