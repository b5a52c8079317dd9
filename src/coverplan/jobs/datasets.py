"""Checking datasets: a worker copies the tables, a child reads them, and what it made of them is kept."""

from __future__ import annotations

import asyncio
import contextlib
import json
import tempfile
import time
from collections.abc import Coroutine
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import structlog
from sqlalchemy import RowMapping

from coverplan.jobs.following import following
from coverplan.jobs.patience import at_last, may_pass
from coverplan.metrics import INGESTED_ROWS
from coverplan.payload.datasets import SUFFIXES, CheckBook, CheckedBook, CheckFailure, CheckReport
from coverplan.process.job import InvalidError, Job, JobFailedError
from coverplan.process.pool import SolverPool
from coverplan.store import datasets, paths
from coverplan.store.blobs import NoBlobError
from coverplan.store.database import DatabaseLostError
from coverplan.store.store import Store

if TYPE_CHECKING:
    from coverplan.jobs.place import Place

LEASE_S = 10.0
"""After so long without a sign of life another worker checks the dataset."""
MAX_ATTEMPTS = 3
_PAUSE_S = 10.0
"""How long one that found no room waits: others may need less."""
_AT_ONCE = 200
_CHILD = "coverplan.process.book_checks"

Result = TypeVar("Result")
log = structlog.get_logger(__name__)


async def validate_due(place: Place) -> None:
    """Check the datasets that wait, one after the other.

    Raises:
        DatabaseLostError: the database does not answer.
        BlobLostError: the blobs do not; what was begun waits again.
        NoRoomError: the work folder is full, likewise.
    """
    while (dataset_id := await place.store.database.reading(datasets.next_due)) is not None:
        if await place.large.room.lack() is not None:
            return
        await validate_dataset(place, dataset_id)


async def validate_dataset(place: Place, dataset_id: str) -> bool:
    """Check one dataset; False where there is nothing to do. Raises as `validate_due` does."""
    row = await place.claiming(lambda c: datasets.claim(c, dataset_id, LEASE_S))
    if row is None:
        return False
    store = place.store
    if await place.write(lambda c: datasets.share(c, row)):
        await store.blobs.discard(paths.dataset(dataset_id))
        return True
    one_child = place.settings.model_copy(update={"slots": 1, "warm_children": 0})
    with following(row, "dataset", dataset_id=dataset_id):
        try:
            # A pool of its own: a check need not wait for the runs at hand.
            async with SolverPool(one_child, _CHILD) as pool:
                await _while_leased(store, row, _check(store, pool, row))
        except asyncio.CancelledError:
            await asyncio.shield(_hand_back(store, row, 0.0))
            raise
        except Exception as error:
            if may_pass(error):
                await _hand_back(store, row, _PAUSE_S)
            raise
    return True


async def materialise(store: Store, dataset: RowMapping, folder: Path) -> None:
    """Put a checked dataset into a folder as `BookRequest` wants it: `problem.json` and Parquet tables.

    Raises:
        BlobLostError: the store does not answer.
        NoBlobError: the dataset was deleted meanwhile.
    """
    head = json.dumps(dataset["head"])
    await asyncio.to_thread((folder / "problem.json").write_text, head, encoding="utf-8")
    for name, table in dataset["tables"].items():
        await store.blobs.get_file(table["path"], folder / f"{name}.parquet")


async def expire_datasets(store: Store) -> None:
    """Erase datasets that were never committed. Raises as `validate_due` does."""
    while gone := await store.database.writing(lambda c: datasets.expire(c, time.time(), _AT_ONCE)):
        for dataset_id in gone:
            await store.blobs.remove(paths.dataset(dataset_id))


async def _check(store: Store, pool: SolverPool, row: RowMapping) -> None:
    folder = Path(await asyncio.to_thread(tempfile.mkdtemp, prefix="dataset-", dir=pool.folder))
    try:
        if row["attempt"] > MAX_ATTEMPTS:
            await _end(store, row, _failed("worker_lost", "Workers were lost while they checked it."))
            return
        try:
            request = await _prepared(store, row, folder, pool.settings.max_table_rows)
        except NoBlobError:
            await _end(store, row, _failed("not_found", "The dataset that it was patched from is gone."))
            return
        try:
            checked = CheckedBook.model_validate_json(await pool.run(Job.check_book(request)))
        except (JobFailedError, InvalidError) as error:
            code = error.code if isinstance(error, JobFailedError) else "internal_error"
            await _end(store, row, _failed(code, str(error)))
            return
        await _keep(store, row, checked, Path(request.book))
    finally:
        pool.discard(folder)


async def _prepared(store: Store, row: RowMapping, folder: Path, max_rows: int) -> CheckBook:
    """The job, its files in a folder."""
    uploads, book = folder / "uploads", folder / "book"
    uploads.mkdir()
    book.mkdir()
    (book / "problem.json").write_text(json.dumps(row["head"]), encoding="utf-8")
    patch = None
    if row["patch_path"] is not None:
        parent = await store.database.reading(lambda c: datasets.get(c, row["tenant"], row["parent_id"]))
        if parent is None:
            raise NoBlobError(row["parent_id"])
        await materialise(store, parent, uploads)
        patch = folder / "patch.json"
        await store.blobs.get_file(row["patch_path"], patch)
    for name, table in row["tables"].items():
        await store.blobs.get_file(table["path"], uploads / f"{name}.{SUFFIXES[table['format']]}")
    return CheckBook(
        uploads=str(uploads),
        formats={name: table["format"] for name, table in row["tables"].items()},
        book=str(book),
        patch=None if patch is None else str(patch),
        max_rows=max_rows,
    )


async def _keep(store: Store, row: RowMapping, checked: CheckedBook, book: Path) -> None:
    """Keep what the check found, and the tables where they are not kept as they are."""
    valid = checked.problem_hash is not None and not checked.report.total_errors
    tables = {name: {**table, "rows": checked.rows.get(name)} for name, table in row["tables"].items()}
    replaced = []
    for file in sorted(book.glob("*.parquet")) if valid else []:
        known = tables.get(file.stem, {"format": "parquet", "rows": checked.rows.get(file.stem)})
        if known.get("format") == "parquet" and "path" in known:
            continue
        path = paths.table(row["id"], file.stem, "parquet")
        await store.blobs.put_file(path, file)
        replaced += [known["path"]] if "path" in known else []
        tables[file.stem] = {**known, "path": path, "bytes": file.stat().st_size}
    facts = {
        "job_status": datasets.COMPLETED,
        "valid": valid,
        "tables": tables,
        "bytes": sum(table["bytes"] for table in tables.values()),
        "report": checked.report.model_dump(mode="json"),
        "total_errors": checked.report.total_errors,
        "problem_hash": checked.problem_hash if valid else None,
    }
    for name, rows in checked.rows.items():
        INGESTED_ROWS.labels(name).inc(rows)
    await _end(store, row, facts)
    for path in replaced:
        await store.blobs.drop(path)


async def _end(store: Store, row: RowMapping, facts: dict[str, Any]) -> None:
    """End the check; what a deleted dataset would leave behind goes with it."""
    if await at_last(lambda: store.database.writing(lambda c: datasets.end(c, row["id"], row["attempt"], facts))):
        log.info("dataset checked", job_status=facts["job_status"], valid=facts["valid"])
        return
    await _forget_deleted(store, row)


async def _forget_deleted(store: Store, row: RowMapping) -> None:
    if await store.database.reading(lambda c: datasets.get(c, row["tenant"], row["id"])) is None:
        await store.blobs.remove(paths.dataset(row["id"]))


def _failed(code: str, message: str) -> dict[str, Any]:
    report = CheckReport(error=CheckFailure(code=code, message=message))
    return {"job_status": datasets.FAILED, "valid": None, "report": report.model_dump(mode="json")}


async def _while_leased(store: Store, row: RowMapping, check: Coroutine[Any, Any, None]) -> None:
    """Make the check, and say again and again that it goes on; it stops where another one counts by now."""
    task = asyncio.create_task(check)
    try:
        while not (await asyncio.wait([task], timeout=LEASE_S / 5))[0]:
            with contextlib.suppress(DatabaseLostError):
                if not await store.database.writing(lambda c: datasets.renew(c, row["id"], row["attempt"], LEASE_S)):
                    break
    finally:
        is_over = task.done()
        task.cancel()
        await asyncio.wait([task])
    if is_over:
        await task
    else:
        log.info("the check stops: another worker makes it, or the dataset was deleted")
        await _forget_deleted(store, row)


async def _hand_back(store: Store, row: RowMapping, pause_s: float) -> None:
    with contextlib.suppress(DatabaseLostError):
        await store.database.writing(lambda c: datasets.hand_back(c, row["id"], row["attempt"], pause_s))
