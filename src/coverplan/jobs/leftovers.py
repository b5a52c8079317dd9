"""From storage back to rows: what a killed process was about to store, and no row knows of, is removed.

Blobs are stored before the row that names them, so what is young may get its row yet.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Collection

import structlog
from sqlalchemy import Column, Connection, select

from coverplan.process.scratch import remove_dead
from coverplan.settings import Settings
from coverplan.store import datasets, paths
from coverplan.store.schema import experiments, runs
from coverplan.store.store import Store

YOUNG_S = 3600.0
"""For so long after it was last written to, a blob or an upload may be somebody's."""

Known = Callable[[Connection, Collection[str]], Collection[str]]
log = structlog.get_logger(__name__)


async def remove_leftovers(store: Store, settings: Settings, young_s: float = YOUNG_S) -> int:
    """Remove blobs without a row, uploads that broke off, and work folders of dead processes; returns how many.

    An object store ends uploads that broke off by a rule of its own, and lists none.

    Raises:
        DatabaseLostError: the database does not answer.
        BlobLostError: the blobs do not.
    """
    before = time.time() - young_s
    removed = len(await asyncio.to_thread(remove_dead, settings.work_dir))
    removed += await asyncio.to_thread(store.blobs.drop_broken_off, before)
    for prefix, known in _KNOWN.items():
        async for found in store.blobs.older(prefix, before):
            named = await store.database.reading(lambda c: known(c, found))  # noqa: B023 - awaited in its round
            for path in sorted(set(found) - set(named)):
                await store.blobs.drop(path)
                removed += 1
    if removed:
        log.info("leftovers of killed processes removed", removed=removed)
    return removed


def _in_folders_of(ids: Column[str]) -> Known:
    """Blobs whose folder is that of a row."""

    def known(connection: Connection, found: Collection[str]) -> Collection[str]:
        owners = {path: path.split("/")[1] for path in found}
        there = set(connection.execute(select(ids).where(ids.in_(set(owners.values())))).scalars())
        return [path for path, owner in owners.items() if owner in there]

    return known


def _of_datasets(connection: Connection, found: Collection[str]) -> Collection[str]:
    """Tables and patches that a dataset names, whichever folder they lie in."""
    return datasets.named_paths(connection).intersection(found)


def _of_nobody(_connection: Connection, _found: Collection[str]) -> Collection[str]:
    return ()


_KNOWN: dict[str, Known] = {
    paths.RUNS: _in_folders_of(runs.c.id),
    paths.EXPERIMENTS: _in_folders_of(experiments.c.id),
    paths.DATASETS: _of_datasets,
    paths.PROBES: _of_nobody,
}
