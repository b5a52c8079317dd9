"""Erasing what nobody may see any more, or asks for again."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Sequence
from functools import partial

from dbos import DBOS

from coverplan.jobs.queue import TOGETHER
from coverplan.settings import Settings
from coverplan.store import audit, batches, experiments, idempotency, paths, runs
from coverplan.store.store import Store

_AT_ONCE = 200
_DAY_S = 86400.0


async def sweep(store: Store, settings: Settings) -> None:
    """Erase runs, batches and experiments that were deleted or are past their time, and old idempotency keys.

    Of a run its blobs go first, so that none is orphaned.

    Raises:
        DatabaseLostError: the database does not answer.
        BlobLostError: the blobs do not.
    """
    await store.database.writing(lambda c: experiments.expire(c, _AT_ONCE))
    while run_ids := await asyncio.to_thread(_expired, store):
        await erase(store, run_ids)
        await DBOS.delete_workflows_async(list(run_ids))
    for batch_id in await asyncio.to_thread(_ended_batches, store, settings):
        await _forget_jobs(batch_id)
    for experiment_id in await store.database.reading(lambda c: experiments.gone(c, _AT_ONCE)):
        await store.blobs.remove(paths.experiment(experiment_id))
        await store.database.writing(partial(experiments.erase, experiment_id=experiment_id))
        await _forget_jobs(experiment_id)
    await _forget_jobs(TOGETHER, status=["SUCCESS", "ERROR"])
    await asyncio.to_thread(_forget_answers, store)


async def prune_audit(store: Store, settings: Settings) -> None:
    """Remove lines of the audit log that are past their time. Raises as `sweep` does."""
    while await store.database.writing(lambda c: audit.prune(c, settings.audit_days)):
        pass


async def erase(store: Store, run_ids: Sequence[str]) -> None:
    """Erase ended runs."""
    for run_id in run_ids:
        await store.blobs.remove(paths.run(run_id))

    def forget() -> None:
        with store.database.begin() as connection:
            runs.erase(connection, run_ids)

    await asyncio.to_thread(forget)


async def _forget_jobs(prefix: str, status: list[str] | None = None) -> None:
    """Forget jobs by how their names begin: those of a batch or an experiment that is gone, or ended ones."""
    jobs = await DBOS.list_workflows_async(
        workflow_id_prefix=prefix, status=status, load_input=False, load_output=False
    )
    await DBOS.delete_workflows_async([job.workflow_id for job in jobs])


def _forget_answers(store: Store) -> None:
    with store.database.begin() as connection:
        idempotency.forget(connection)


def _expired(store: Store) -> Sequence[str]:
    with store.database.read() as connection:
        return runs.to_erase(connection, time.time(), _AT_ONCE)


def _ended_batches(store: Store, settings: Settings) -> Sequence[str]:
    with store.database.begin() as connection:
        batches.close_left(connection, time.time() + _DAY_S * settings.retention_days)
        batches.end_left(connection, _AT_ONCE)
        return batches.erase(connection, _AT_ONCE)
