"""Waiting for what passes: a database that does not answer, blobs that are not taken, a work folder that is full."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import TypeVar

import structlog

from coverplan.process.job import NoRoomError
from coverplan.process.pool import SolverPool
from coverplan.room import passes, pauses
from coverplan.store.blobs import BlobLostError
from coverplan.store.database import DatabaseLostError

_LONGEST_PAUSE_S = 4.0
"""Between attempts at a small change: most of what it costs to be late once the database is back."""

Result = TypeVar("Result")
log = structlog.get_logger(__name__)


def may_pass(error: BaseException) -> bool:
    """Whether the same can be done later as it is."""
    return isinstance(error, DatabaseLostError | BlobLostError | NoRoomError) or passes(error)


async def at_last(work: Callable[[], Awaitable[Result]]) -> Result:
    """The result of work that must not be lost: what passes is waited for."""
    for pause in pauses(_LONGEST_PAUSE_S):
        try:
            return await work()
        except Exception as error:
            if not may_pass(error):
                raise
            log.warning("waiting for storage", reason=str(error))
        await asyncio.sleep(pause)
    raise AssertionError("pauses do not end")


async def at_last_with_room(
    work: Callable[[], Awaitable[Result]], pool: SolverPool, again: Callable[[], None]
) -> Result:
    """The same for work that takes long: it begins again no sooner than its folder has room, and says so `again`."""
    waits = pauses()
    while True:
        try:
            return await work()
        except Exception as error:
            if not may_pass(error):
                raise
            log.warning("waiting for storage", reason=str(error))
        again()
        await asyncio.sleep(next(waits))
        while await pool.room.lack() is not None:
            await asyncio.sleep(next(waits))
