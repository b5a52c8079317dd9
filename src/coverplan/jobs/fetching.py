"""Fetching the tables of datasets from where their callers say; then they are checked as those that were sent."""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import AsyncIterator
from typing import TYPE_CHECKING, Any, cast

import structlog
from sqlalchemy import RowMapping

from coverplan.jobs.following import following
from coverplan.jobs.patience import may_pass
from coverplan.payload.datasets import SUFFIXES, CheckFailure, CheckReport, TableFormat, format_of
from coverplan.settings import Settings
from coverplan.store import datasets, fetches, outside, paths, quotas
from coverplan.store.database import DatabaseLostError
from coverplan.store.outside import OutsideError
from coverplan.store.store import Store
from coverplan.tables.arrival import Arrival, TooManyBytesError, TooManyRowsError, UnreadableTableError

if TYPE_CHECKING:
    from coverplan.jobs.place import Place

LEASE_S = 10.0
"""After so long without a sign of life another worker fetches them."""
PATIENCE_S = 3600.0
"""For all tables of a dataset: a store that trickles is not waited for."""
_MOST_ATTEMPTS = 3
_PAUSE_S = 10.0
"""How long tables wait that the blob store has not taken."""

log = structlog.get_logger(__name__)


class _LostError(Exception):
    """The fetch no longer counts."""


async def fetch_due(place: Place) -> None:
    """Fetch what waits, one dataset after the other.

    Raises:
        DatabaseLostError: the database does not answer.
        BlobLostError: the blobs do not; what was begun waits again.
    """
    while (dataset_id := await place.store.database.reading(fetches.next_due)) is not None:
        await fetch(place, dataset_id)


async def fetch(place: Place, dataset_id: str) -> bool:
    """Fetch the tables of one dataset; False where there is nothing to do. Raises as `fetch_due` does."""
    row = await place.claiming(lambda c: fetches.claim(c, dataset_id, LEASE_S))
    if row is None:
        return False
    with following(row, "fetch", dataset_id=dataset_id):
        try:
            await _while_leased(place.store, row, asyncio.create_task(_fetch(place.store, place.settings, row)))
        except asyncio.CancelledError:
            await asyncio.shield(_let_go(place.store, row, 0.0))
            raise
        except Exception as error:
            if may_pass(error):
                await _let_go(place.store, row, _PAUSE_S)
            raise
    return True


async def _let_go(store: Store, row: RowMapping, pause_s: float) -> None:
    with contextlib.suppress(DatabaseLostError):
        await store.database.writing(lambda c: fetches.let_go(c, row, pause_s))


async def _while_leased(store: Store, row: RowMapping, task: asyncio.Task[None]) -> None:
    """Wait for the fetch, and say again and again that it goes on; it stops where another one counts by now."""
    try:
        while not (await asyncio.wait([task], timeout=LEASE_S / 5))[0]:
            with contextlib.suppress(DatabaseLostError):
                if not await store.database.writing(lambda c: fetches.renew(c, row, LEASE_S)):
                    task.cancel()
    finally:
        task.cancel()
        await asyncio.wait([task])
    if not task.cancelled():
        task.result()


async def _fetch(store: Store, settings: Settings, row: RowMapping) -> None:
    """Fetch all tables, and have them checked; or say why not. What no longer counts is removed."""
    try:
        if row["attempt"] > _MOST_ATTEMPTS:
            raise OutsideError("worker_lost", "Workers were lost while they fetched it.")
        async with asyncio.timeout(PATIENCE_S):
            tables = {name: await _fetch_table(store, settings, row, name) for name in row["sources"]["uris"]}
        digest = datasets.content_hash(row["head"], tables)
        kept = await store.database.writing(lambda c: fetches.done(c, row, tables, digest))
        log.info("dataset fetched", tables=len(tables), bytes=sum(table["bytes"] for table in tables.values()))
    except (OutsideError, TimeoutError) as error:
        kept = await _give_up(store, row, error)
    if not kept and await store.database.reading(lambda c: datasets.get(c, row["tenant"], row["id"])) is None:
        await store.blobs.remove(paths.dataset(row["id"]))


async def _give_up(store: Store, row: RowMapping, error: Exception) -> bool:
    code, message = "uri_unreachable", f"The tables did not arrive within {PATIENCE_S:,g} s."
    if isinstance(error, OutsideError):
        code, message = error.code, str(error)
    log.warning("dataset not fetched", code=code, reason=str(error.__cause__ or error))
    report = CheckReport(error=CheckFailure(code=code, message=message)).model_dump(mode="json")
    await store.blobs.remove(paths.dataset(row["id"]))
    return await store.database.writing(lambda c: fetches.fail(c, row, report, time.time()))


async def _fetch_table(store: Store, settings: Settings, row: RowMapping, name: str) -> dict[str, Any]:
    """One table into the blobs: what a dataset says of it.

    Raises:
        OutsideError: it cannot be had, or is none.
    """
    uri = row["sources"]["uris"][name]
    place = outside.admitted(uri, settings.source_uris, row["tenant"])
    form = cast(TableFormat, format_of(uri))
    arrival = Arrival(form, settings.max_table_bytes, settings.max_table_rows)
    path = paths.table(row["id"], name, SUFFIXES[form])
    most = min(settings.max_table_bytes, await _room(store, row))
    try:
        await store.blobs.put_stream(path, _looked_at(outside.read(place, most), arrival))
    except TooManyBytesError:
        raise OutsideError("uri_too_large", f"{uri} has more than {settings.max_table_bytes:,} bytes.") from None
    except TooManyRowsError:
        raise OutsideError("uri_too_large", f"{uri} has more than {settings.max_table_rows:,} rows.") from None
    except UnreadableTableError as error:
        raise OutsideError("invalid", f"{uri}: {error}") from None
    return {"format": form, "path": path, "bytes": arrival.bytes, "digest": arrival.digest}


async def _room(store: Store, row: RowMapping) -> int:
    """Bytes that the tenant may still store by the key that asked.

    Raises:
        OutsideError: there are none.
    """
    most = row["sources"]["stored_bytes"]
    if most is None:
        return 1 << 62
    used = await store.database.reading(lambda c: quotas.stored_bytes(c, row["tenant"]))
    if used >= most:
        raise OutsideError("quota_bytes", f"The key may bring its tenant to {most:,} stored bytes.")
    return int(most - used)


async def _looked_at(pieces: AsyncIterator[bytes], arrival: Arrival) -> AsyncIterator[bytes]:
    async for piece in pieces:
        await asyncio.to_thread(arrival.take, piece)
        yield piece
    arrival.end()
