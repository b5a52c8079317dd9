"""Cancelling all runs of a batch or an experiment, some at a time."""

from __future__ import annotations

from coverplan.store import runs
from coverplan.store.store import Store

_AT_ONCE = 500


async def cancel_all(store: Store, tenant: str, owner: str) -> None:
    """Cancel those that wait, have workers cancel those that they work on, and none is left out that is handed back.

    Raises:
        DatabaseLostError: the database does not answer.
    """
    await _cancel_waiting(store, tenant, owner)
    await store.database.writing(lambda c: runs.wish_all(c, tenant, owner, "cancel"))
    await _cancel_waiting(store, tenant, owner)  # handed back between the two: from now on none is, but to end


async def _cancel_waiting(store: Store, tenant: str, owner: str) -> None:
    while await store.database.writing(lambda c: runs.cancel_some(c, tenant, owner, _AT_ONCE)):
        pass
