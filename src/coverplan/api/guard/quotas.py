"""What a key may add to what its tenant has; asked before anything is stored."""

from __future__ import annotations

from coverplan.api.errors import RETRY_AFTER_S, ApiError
from coverplan.api.guard.auth import Caller
from coverplan.payload.error_document import Limit
from coverplan.store import quotas
from coverplan.store.database import Database


async def admit(database: Database, caller: Caller, *, runs: int = 0, size: int = 0) -> None:
    """Make sure that the caller may add runs, and store so many bytes.

    Calls that are in flight at the same moment do not see each other: together they may exceed a quota.

    Raises:
        ApiError: its tenant would have too many runs queued and running, or too many bytes stored.
    """
    if (caller.running_runs is not None and runs) or (caller.stored_bytes is not None and size):
        await database.apart(lambda: _admit(database, caller, runs, size))


def _admit(database: Database, caller: Caller, runs: int, size: int) -> None:
    most_runs, most_bytes = caller.running_runs, caller.stored_bytes
    with database.read() as connection:
        if most_runs is not None and runs and quotas.open_runs(connection, caller.tenant, most_runs) + runs > most_runs:
            raise ApiError(
                "quota_runs",
                f"The key may bring its tenant to {most_runs:,} queued and running runs.",
                suggestion="Wait until some have ended.",
                limit=Limit(name="running_runs", value=most_runs),
                headers={"Retry-After": str(RETRY_AFTER_S)},
            )
        if most_bytes is not None and size and quotas.stored_bytes(connection, caller.tenant) + size > most_bytes:
            raise ApiError(
                "quota_bytes",
                f"The key may bring its tenant to {most_bytes:,} stored bytes.",
                suggestion="Delete runs and datasets that nobody needs: their bytes count until they are erased.",
                limit=Limit(name="stored_bytes", value=most_bytes),
            )
