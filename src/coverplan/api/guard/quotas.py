"""What a key may add to what its tenant has; asked before anything is stored."""

from __future__ import annotations

import threading
import time
from dataclasses import dataclass
from typing import Annotated

from fastapi import Depends, Request

from coverplan.api.errors import RETRY_AFTER_S, ApiError, storage_lost
from coverplan.api.guard.auth import Caller
from coverplan.api.storage import Storage
from coverplan.payload.error_document import Limit
from coverplan.store import quotas
from coverplan.store.database import Database

_REMEMBERED_S = 2.0
"""How long a tenant's bytes are taken for what they were: to add them up means to look at all that it has."""


@dataclass
class _Stored:
    """Bytes of a tenant, with those that were admitted since they were counted."""

    bytes: int
    until: float


class Admission:
    """Decides whether callers may add what they want to.

    Calls that are in flight at the same moment, and other processes, see each other late: together they may exceed a
    quota. Nobody is refused for what has been erased.
    """

    def __init__(self, database: Database, storage: Storage) -> None:
        self._database = database
        self._storage = storage
        self._stored: dict[str, _Stored] = {}
        self._lock = threading.Lock()

    async def admit(self, caller: Caller, *, runs: int = 0, size: int = 0) -> None:
        """Make sure that the caller may add runs, and store so many bytes, and that there is room for them.

        Raises:
            ApiError: its tenant would have too many runs queued and running or bytes stored; or a disk is full.
        """
        missing = await self._storage.missing()
        if missing is not None:
            raise storage_lost(f"Nothing is taken in: missing is {missing}.")
        if caller.running_runs is not None and runs:
            await self._database.apart(lambda: self._admit_runs(caller.tenant, runs, caller.running_runs or 0))
        if caller.stored_bytes is not None and size:
            await self._database.apart(lambda: self._admit_bytes(caller.tenant, size, caller.stored_bytes or 0))

    def _admit_runs(self, tenant: str, runs: int, most: int) -> None:
        with self._database.read() as connection:
            open_runs = quotas.open_runs(connection, tenant, most)
        if open_runs + runs > most:
            raise ApiError(
                "quota_runs",
                f"The key may bring its tenant to {most:,} queued and running runs.",
                suggestion="Wait until some have ended.",
                limit=Limit(name="running_runs", value=most),
                headers={"Retry-After": str(RETRY_AFTER_S)},
            )

    def _admit_bytes(self, tenant: str, size: int, most: int) -> None:
        if self._fits(tenant, size, most):
            return
        with self._database.read() as connection:
            stored = quotas.stored_bytes(connection, tenant)
        self._stored[tenant] = _Stored(stored, time.monotonic() + _REMEMBERED_S)
        if not self._fits(tenant, size, most):
            raise ApiError(
                "quota_bytes",
                f"The key may bring its tenant to {most:,} stored bytes; it has {stored:,}, this adds {size:,}.",
                suggestion="Delete runs, batches, datasets and policies that nobody needs; their bytes count until "
                "they are erased.",
                limit=Limit(name="stored_bytes", value=most),
            )

    def _fits(self, tenant: str, size: int, most: int) -> bool:
        """Add bytes to those that are remembered; False where they do not fit, or none are."""
        with self._lock:
            stored = self._stored.get(tenant)
            if stored is None or stored.until < time.monotonic() or stored.bytes + size > most:
                return False
            stored.bytes += size
            return True


async def _admission(request: Request) -> Admission:
    admission: Admission = request.app.state.admission
    return admission


Admitting = Annotated[Admission, Depends(_admission)]
"""For routes that store what their callers send."""
