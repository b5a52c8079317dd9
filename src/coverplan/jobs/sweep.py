"""Erasing what nobody may see any more, or asks for again."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Sequence

from dbos import DBOS

from coverplan.store import idempotency, paths, runs
from coverplan.store.store import Store

_AT_ONCE = 200


async def sweep(store: Store) -> None:
    """Erase ended runs that were deleted or are past their time, and what idempotency keys were answered a day ago.

    Of a run its blobs go first, so that none is orphaned.

    Raises:
        DatabaseLostError: the database does not answer.
        BlobLostError: the blobs do not.
    """
    while run_ids := await asyncio.to_thread(_expired, store):
        await erase(store, run_ids)
        await DBOS.delete_workflows_async(list(run_ids))
    await asyncio.to_thread(_forget_answers, store)


async def erase(store: Store, run_ids: Sequence[str]) -> None:
    """Erase ended runs."""
    for run_id in run_ids:
        await store.blobs.remove(paths.run(run_id))

    def forget() -> None:
        with store.database.begin() as connection:
            runs.erase(connection, run_ids)

    await asyncio.to_thread(forget)


def _forget_answers(store: Store) -> None:
    with store.database.begin() as connection:
        idempotency.forget(connection)


def _expired(store: Store) -> Sequence[str]:
    with store.database.read() as connection:
        return runs.to_erase(connection, time.time(), _AT_ONCE)
