"""What a service needs, each looked at by one check."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass

from coverplan.api.storage import Storage
from coverplan.process.pool import SolverPool
from coverplan.store.database import Database, DatabaseLostError
from coverplan.store.migrate import is_usable

_PATIENCE_S = 3.0


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


def work_folder(storage: Storage) -> Check:
    """Whether running solves can write their files."""
    return Check(storage.work_folder)


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


def writable_database(storage: Storage) -> Check:
    """Whether the database takes what is written; one that does not answer is told of by another check."""
    return Check(storage.database)


def writable_blobs(storage: Storage) -> Check:
    """Whether the blob store takes a few bytes, and more."""
    return Check(storage.blobs)


def living_worker(count: Callable[[Database], int], database: Database) -> Check:
    """Whether a worker lives; without one runs are accepted all the same, and wait."""

    async def look() -> str | None:
        try:
            alive = await database.apart(lambda: count(database))
        except DatabaseLostError:
            return None  # another check says so
        return None if alive else "a worker (runs wait until one starts: coverplan worker)"

    return Check(look, needed=False)


async def _patiently(check: Check) -> str | None:
    try:
        async with asyncio.timeout(_PATIENCE_S):
            return await check.look()
    except TimeoutError:
        return f"an answer of {check.look.__qualname__.split('.')[0].replace('_', ' ')} within {_PATIENCE_S:g} s"
